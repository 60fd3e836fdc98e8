"""Findings for code hosts: SARIF 2.1.0.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0 (2020).
"""

import inspect
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from curate import __version__
from curate.reporting.findings import Fate, Finding
from curate.sources.remote import is_hub, is_url
from curate.steps import Step

__all__ = ["LIMIT", "SARIF_MARK", "sarif_log"]

LIMIT = 25_000
"""Results of a run that GitHub takes; it refuses a file with more.

Source: https://docs.github.com/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit
"""

SARIF_MARK = b'"name": "curate"'
"""What is near the start of every SARIF file of ours."""

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: dict[Fate, str] = {"quarantined": "error", "dropped": "error", "edited": "note"}
_SEVERITY: tuple[Fate, ...] = ("quarantined", "dropped", "edited")

Lines = Callable[[str, Collection[int]], dict[int, int]]
"""Gives, for a path and indices, the lines on which these elements stand, where it knows them."""


def sarif_log(findings: Sequence[Finding], steps: Iterable[type[Step]], lines: Lines) -> bytes:
    """Return a SARIF log with one run: the most severe findings first, at most LIMIT of them.

    What is over the limit is counted in a notification of the run.
    """
    import orjson

    ordered = sorted(findings, key=lambda finding: _SEVERITY.index(finding.fate))
    told, left = ordered[:LIMIT], len(ordered[LIMIT:])
    rules = _rules(findings, steps)
    places = _places(told, lines)
    ids = [rule["id"] for rule in rules]
    index = {id_: number for number, id_ in enumerate(ids)}
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if left:
        text = f"{left:,} more findings, the least severe, are left out: a run holds {LIMIT:,}."
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    driver = {"name": "curate", "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(finding, index[_rule(finding)], places) for finding in told],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _rule(finding: Finding) -> str:
    return f"{finding.step}/{finding.reason}"


def _rules(findings: Iterable[Finding], steps: Iterable[type[Step]]) -> list[dict[str, Any]]:
    """Return a rule for each step and reason that was met, sorted by its id."""
    about = {step.name: inspect.getdoc(step) or "" for step in steps}
    about["read"] = "Rows that cannot be read as a record: broken JSON, no known layout, bad bytes."
    met = sorted({(_rule(f), f.step, f.reason, f.fate) for f in findings})
    return [_describe(*each, about[each[1]]) for each in met]


def _describe(id_: str, step: str, reason: str, fate: Fate, about: str) -> dict[str, Any]:
    what = reason.replace("_", " ")
    text = about.partition("\n>>>")[0].strip()
    then = {"quarantined": "puts such a row into quarantine.jsonl, with the reason",
            "dropped": "drops such a record, with the evidence in dropped.jsonl",
            "edited": "mends such a record; edits.jsonl holds each change"}[fate]  # fmt: skip
    return {
        "id": id_,
        "name": "".join(word.title() for word in f"{step}_{reason}".split("_")),
        "shortDescription": {"text": f"{step}: {what}"},
        "fullDescription": {"text": " ".join(text.partition("\n\n")[0].split())},
        "help": {"text": f"{text}\n\n`curate clean` {then}. `curate inspect` shows examples."},
        "defaultConfiguration": {"level": _LEVELS[fate]},
        "properties": {"tags": ["data"], "precision": "high"},
    }


def _places(findings: Iterable[Finding], lines: Lines) -> dict[tuple[str, int], int]:
    """Return the line of each row that is known by its index."""
    by_index = sorted({(f.path, f.position) for f in findings if not f.by_line and f.position >= 0})
    places: dict[tuple[str, int], int] = {}
    for path, group in groupby(by_index, key=lambda place: place[0]):
        known = lines(path, [index for _, index in group])
        places |= {(path, index): line for index, line in known.items()}
    return places


def _result(finding: Finding, rule: int, places: dict[tuple[str, int], int]) -> dict[str, Any]:
    line = finding.position if finding.by_line else places.get((finding.path, finding.position), 1)
    physical = {
        "artifactLocation": {"uri": _uri(finding.path)},
        "region": {"startLine": max(1, line)},
    }
    location: dict[str, Any] = {"physicalLocation": physical}
    what = finding.reason.replace("_", " ")
    text = finding.message if finding.message.startswith(what) else f"{what}: {finding.message}"
    if not finding.by_line and finding.position >= 0:
        text = f"row {finding.position}: {text}"
        location["logicalLocations"] = [{"fullyQualifiedName": finding.place, "kind": "element"}]
    return {
        "ruleId": _rule(finding),
        "ruleIndex": rule,
        "level": _LEVELS[finding.fate],
        "message": {"text": text},
        "locations": [location],
        # Not primaryLocationLineHash: the uploader of GitHub makes that one itself, and complains
        # of every other value.
        "partialFingerprints": {"curateContent/v1": f"{finding.fingerprint:016x}"},
    }


def _uri(path: str) -> str:
    """Return a file as a URI reference, relative to the working directory where it lies below.

    >>> _uri("data/my facts.json"), _uri("./a#1.jsonl"), _uri("hf:owner/name:main")
    ('data/my%20facts.json', 'a%231.jsonl', 'hf:owner/name:main')
    """
    if is_hub(path) or is_url(path):
        return quote(path, safe="/:")
    if path == "-":
        return "stdin"
    if Path(path).is_absolute():
        if not Path(path).is_relative_to(Path.cwd()):
            return Path(path).as_uri()
        path = str(Path(path).relative_to(Path.cwd()))
    return quote(os.path.normpath(path).replace(os.sep, "/"), safe="/")
