"""Read a dataset directory."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from curate.dataset.names import MANIFEST, RESTORED, SCHEMA_VERSION, SPLITS
from curate.errors import DatasetError, clip
from curate.records import Record, stored_fault

__all__ = ["read_ledger", "read_lines", "read_manifest", "read_records"]


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of a dataset directory.

    Raises:
        DatasetError: there is none, or it cannot be read by this version.
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
    return dict(manifest)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSON-lines file of a dataset directory.

    Raises:
        DatasetError: a line is not a JSON object, with its number.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield _object(path, number, line)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except ValueError as error:
        raise DatasetError(f"{path}:{number}: is not valid JSON: {error}") from error
    if not isinstance(row, dict):
        raise DatasetError(f"{path}:{number}: is no JSON object")
    return row


def read_records(directory: Path, splits: Iterable[str] = SPLITS) -> Iterator[tuple[str, Record]]:
    """Yield split and record, in order, of the splits that the directory holds."""
    for split in splits:
        path = directory / f"{split}.jsonl"
        if path.is_file():
            for number, row in enumerate(read_lines(path), 1):
                if fault := stored_fault(row):
                    raise DatasetError(f"{path}:{number}: {fault}")
                yield split, Record.from_dict(row)


def read_ledger(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a ledger, none of restored.jsonl where nothing was restored."""
    return iter(()) if path.name == RESTORED and not path.is_file() else read_lines(path)
