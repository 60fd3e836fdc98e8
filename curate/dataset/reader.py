"""Read the records and the ledgers of a dataset directory."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from curate.dataset.manifest import read_manifest
from curate.dataset.names import CLUSTERS, OPTIONAL, REFERENCES, SPLITS
from curate.errors import DatasetError
from curate.records import Record, Reference, stored_fault

__all__ = ["KeptReferences", "read_ledger", "read_lines", "read_records"]


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
    """Yield split and record, in order, of the splits that the manifest lists."""
    listed = {output["path"] for output in read_manifest(directory)["outputs"]}
    for split in splits:
        path = directory / f"{split}.jsonl"
        if path.name in listed:
            for number, row in enumerate(read_lines(path), 1):
                if fault := stored_fault(row):
                    raise DatasetError(f"{path}:{number}: {fault}")
                yield split, Record.from_dict(row)


def read_ledger(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a ledger, none of one that need not be there and is not."""
    return iter(()) if path.name in OPTIONAL and not path.is_file() else read_lines(path)


class KeptReferences:
    """The records of other sets that a step named, as a dataset directory keeps them."""

    def __init__(self, directory: Path, step: str) -> None:
        self._directory = directory
        self._step = step

    def __iter__(self) -> Iterator[Reference]:
        """Yield every reference, in the order in which the step was given them."""
        for row in read_ledger(self._directory / REFERENCES):
            if row["step"] == self._step:
                yield Reference(row["set"], Record.from_dict(row["record"]))

    def noted(self) -> Iterator[dict[str, Any]]:
        """Yield what the step noted: its lines of clusters.jsonl, as it wrote them."""
        for row in read_ledger(self._directory / CLUSTERS):
            if row.pop("step") == self._step:
                yield row
