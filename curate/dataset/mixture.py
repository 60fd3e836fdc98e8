"""What a merge drew from each of its parts, and the records that are there several times."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from curate.dataset.manifest import read_manifest
from curate.dataset.names import CLUSTERS, SPLITS
from curate.dataset.reader import read_lines, read_records
from curate.errors import DatasetError, clip
from curate.mixing import MIX, PART, is_copy, times_drawn
from curate.records import Record

__all__ = ["Mixture", "check_mixture", "read_originals"]

_OPTIONS = ("seed", "total", "temperature", "repeat")
_NUMBERS = ("available", "weight", "cap", "planned", "realised")


class Mixture:
    """The parts of a mix, as the step `mix` notes them.

    Attributes:
        repeated: copies that were made of records.

    """

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self.repeated = 0
        self._rows: list[Mapping[str, Any]] = []
        self._row_of: dict[str, Mapping[str, Any]] = {}
        for row in rows:
            self.note(row)

    def note(self, row: Mapping[str, Any]) -> None:
        """Take a line of clusters.jsonl; those of another kind say nothing here."""
        if row["kind"] == PART:
            self._rows.append(row)
            self._row_of |= dict.fromkeys(row["sources"], row)

    def copies(self, record: Record) -> Iterator[Record]:
        """Yield the record once more for each time that it is there after the first."""
        row = self._row_of.get(record.source)
        if row is None or row["realised"] <= row["available"]:
            return
        for number in range(2, times_drawn(record.id, row) + 1):
            self.repeated += 1
            yield replace(record, id=f"{record.id}#{number}")

    def entry(
        self, steps: Iterable[Mapping[str, Any]], licenses: Mapping[tuple[str, str], int]
    ) -> dict[str, Any]:
        """Return what the manifest says of the mix; empty if there was none.

        Args:
            steps: the entries of the manifest.
            licenses: records that are there, by source and licence.

        """
        settings = next((step["settings"] for step in steps if step["name"] == MIX), None)
        if settings is None:
            return {}
        sources = []
        for row in self._rows:
            held: dict[str, int] = {}
            for (source, license), number in sorted(licenses.items()):
                if source in row["sources"]:
                    held[license] = held.get(license, 0) + number
            held = dict(sorted(held.items()))
            numbers = {name: row[name] for name in _NUMBERS}
            sources.append({"name": row["set"], "licenses": held, **numbers})
        return {**{name: settings[name] for name in _OPTIONS}, "sources": sources}


def read_originals(directory: Path, splits: Iterable[str] = SPLITS) -> Iterator[tuple[str, Record]]:
    """Yield split and record of every record, once where it is there several times."""
    repeated = read_manifest(directory)["counts"].get("repeated", 0)
    found = read_records(directory, splits)
    return (pair for pair in found if not is_copy(pair[1].id)) if repeated else found


def check_mixture(directory: Path, manifest: Mapping[str, Any]) -> str:
    """Return what was checked: what the manifest says of the mix, and each copy of a record.

    Raises:
        DatasetError: the first thing that does not hold.
    """
    mixture = Mixture(read_lines(directory / CLUSTERS))
    repeated = manifest["counts"].get("repeated", 0)
    licenses: dict[tuple[str, str], int] = {}
    due: Iterator[Record] = iter(())
    for _, record in read_records(directory):
        key = record.source, record.license
        licenses[key] = licenses.get(key, 0) + 1
        expected = next(due, None)
        if expected is not None and record != expected:
            raise DatasetError(f"{directory}: {clip(expected.id)} has to come before {record.id}")
        if expected is None and repeated:
            if is_copy(record.id):
                raise DatasetError(f"{directory}: {clip(record.id)} is a copy of no record")
            due = mixture.copies(record)
    if missing := next(due, None):
        raise DatasetError(f"{directory}: the copy {clip(missing.id)} is missing")
    if mixture.repeated != repeated:
        raise DatasetError(
            f"{directory}: counts.repeated is {repeated}, recounted {mixture.repeated}"
        )
    found, said = mixture.entry(manifest["steps"], licenses), manifest.get("mixing", {})
    if found != said:
        raise DatasetError(f"{directory}/manifest.json: mixing is {clip(said)}, not {clip(found)}")
    return f"{len(found['sources'])} parts gave what the manifest says" if found else "no mix"
