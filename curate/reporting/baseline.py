"""The findings of an earlier inspection: what is known is not told again."""

import sys
from collections.abc import Iterator
from pathlib import Path

from curate.errors import UsageError, clip
from curate.reporting.summary import SCHEMA_VERSION, Report

__all__ = ["inspection_json", "read_baseline"]

_MAKE = "Make one with: curate inspect SOURCE... --json > FILE"


def inspection_json(report: Report) -> Iterator[bytes]:
    """Yield what `curate inspect --json` prints: one JSON object, one finding a line."""
    import orjson

    head = orjson.dumps(report.summary, option=orjson.OPT_INDENT_2)
    yield head.removesuffix(b"\n}") + b',\n  "findings": ['
    for number, finding in enumerate(report.findings):
        yield (b",\n    " if number else b"\n    ") + orjson.dumps(finding.to_dict())
    yield b"\n  ]\n}\n" if report.findings else b"]\n}\n"


def read_baseline(path: Path) -> frozenset[int]:
    """Return the fingerprints in what `curate inspect --json` printed.

    Raises:
        UsageError: the file is missing, or something else.

    """
    import orjson

    where = f"--baseline {clip(str(path))}"
    try:
        found = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{where}: cannot be read: {error.strerror or error}. {_MAKE}") from error
    except orjson.JSONDecodeError as error:
        what = "is empty" if not path.stat().st_size else f"is not JSON: {clip(str(error))}"
        raise UsageError(f"{where}: {what}. {_MAKE}") from error
    if not isinstance(found, dict) or not {"schema_version", "findings", "baseline"} <= set(found):
        raise UsageError(f"{where}: is not what curate inspect --json prints. {_MAKE}")
    if found["schema_version"] != SCHEMA_VERSION:
        version = clip(found["schema_version"])
        raise UsageError(f"{where}: has version {version}, not {SCHEMA_VERSION}. {_MAKE}")
    if found["baseline"] is not None:
        raise UsageError(
            f"{where}: was printed with --baseline, so it holds only what was new then. {_MAKE}"
        )
    try:
        return frozenset(_fingerprint(finding) for finding in found["findings"])
    except (TypeError, KeyError, ValueError) as error:
        raise UsageError(
            f"{where}: holds a finding without a fingerprint ({clip(str(error))}). {_MAKE}"
        ) from error


def _fingerprint(finding: dict[str, str]) -> int:
    number = int(finding["fingerprint"], 16)
    if not 0 <= number <= 2 * sys.maxsize + 1:
        raise ValueError("not 64 bits")
    return number
