"""The manifest of a dataset directory, and what it has to hold."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from curate.dataset.names import MANIFEST, SCHEMA_VERSION
from curate.errors import DatasetError, clip

__all__ = ["read_manifest"]

_KEYS = {"command": str, "sources": list, "steps": list, "counts": dict, "outputs": list,
         "licenses": dict, "languages": dict, "seed": int | None, "digest": str,
         "versions": dict}  # fmt: skip
_COUNTS = {name: int for name in ("read", "kept", "dropped", "quarantined")}
_LANGUAGES = {"sample": int, "languages": dict, "unclear": int}
_ENTRIES = {
    "sources": {"name": str, "path": str, "sha256": str, "layout": str, "rows": int,
                "quarantined": int, "license": str},
    "steps": {"name": str, "settings": dict, "in": int, "kept": int, "edited": int,
              "dropped": dict},
    "outputs": {"path": str, "sha256": str, "rows": int},
}  # fmt: skip


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of a dataset directory.

    Raises:
        DatasetError: there is none, it cannot be read by this version, or something is missing.
    """
    path = directory / MANIFEST
    if not directory.is_dir():
        raise DatasetError(f"{directory}: no such dataset directory")
    if not path.is_file():
        raise DatasetError(
            f"{directory}: has no {MANIFEST}, so it is no dataset directory or an unfinished one; "
            "`curate clean SOURCE -o DIR` makes one"
        )
    try:
        manifest = orjson.loads(path.read_bytes())
    except ValueError as error:
        raise DatasetError(f"{path}: is not valid JSON: {error}") from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    found = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if found != SCHEMA_VERSION:
        raise DatasetError(f"{path}: schema_version is {clip(found)}, expected {SCHEMA_VERSION}")
    if fault := next(_faults(manifest), ""):
        raise DatasetError(f"{path}: is incomplete: {fault}")
    return dict(manifest)


def _faults(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is not there or is not what belongs there."""
    yield from _misfits(manifest, _KEYS, "")
    yield from _misfits(manifest["counts"], _COUNTS, "counts.")
    optional = {name: int for name in ("repeated",) if name in manifest["counts"]}
    yield from _misfits(manifest["counts"], optional, "counts.")
    yield from _misfits(manifest["languages"], _LANGUAGES, "languages.")
    if "preferences" in manifest:
        yield from _misfits(manifest, {"preferences": dict}, "")
    tallies = ("licenses", manifest["licenses"]), ("languages", manifest["languages"]["languages"])
    for place, tally in tallies:
        yield from _misfits(tally, dict.fromkeys(tally, int), f"{place}.")
    for name, kinds in _ENTRIES.items():
        for index, entry in enumerate(manifest[name]):
            if isinstance(entry, dict):
                yield from _misfits(entry, kinds, f"{name}[{index}].")
            else:
                yield f"{name}[{index}] is {clip(entry)}"


def _misfits(part: Mapping[str, Any], kinds: Mapping[str, Any], place: str) -> Iterator[str]:
    for key, kind in kinds.items():
        if key not in part:
            yield f"it has no {place}{key}"
        elif not isinstance(part[key], kind):
            yield f"{place}{key} is {clip(part[key])}"
