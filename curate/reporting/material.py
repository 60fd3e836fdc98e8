"""What the sections of a report look at: the files of a dataset directory, read as they need."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from curate.dataset import CLUSTERS, RESTORED, SPLITS, KeptReferences, read_ledger
from curate.records import Record
from curate.steps.dedup import Dedup

if TYPE_CHECKING:
    from curate.reporting.census import Census
    from curate.similarity.deciding import Decision
    from curate.similarity.ledger import Name

__all__ = ["Found", "Material"]

Found = tuple[Record, dict[str, Any] | None]
"""A record and its line of dropped.jsonl, None if it has none."""

_DROPPED = "dropped.jsonl"
_STARTS = {_DROPPED: b'{"record":{"id":"'}
_START = b'{"id":"'


@dataclass(frozen=True)
class Material:
    """A dataset directory, finished or staged.

    Attributes:
        folder: holds its files.
        manifest: the one that it has or will have.
        counted: the census, where it was taken already.

    """

    folder: Path
    manifest: Mapping[str, Any]
    counted: "Census | None" = None

    @cached_property
    def step(self) -> Dedup | None:
        """The step `dedup` as it ran; None if it did not, or not as this version has it."""
        for entry in self.manifest["steps"]:
            if entry["name"] == Dedup.name:
                with suppress(ValidationError):
                    return Dedup(**entry["settings"])
        return None

    @cached_property
    def decision(self) -> "Decision | None":
        """What `dedup` decided on the records that match others; None where that is not all here.

        It has to be what the manifest says: a directory of another version may hold other things.
        """
        from curate.similarity.clustering import recall_clusters
        from curate.similarity.ledger import ids_of

        if self.step is None:
            return None
        try:
            named = {name for line in self.clusters for name in ids_of(line)}
            records = (record for record, _ in self._records(named))
            references = KeptReferences(self.folder, Dedup.name)
            found = recall_clusters(records, self.clusters, self.step.policy(), references)
        except (LookupError, TypeError, ValueError):
            return None
        entry = next(step for step in self.manifest["steps"] if step["name"] == Dedup.name)
        return found if self.number_gone(found) == sum(entry["dropped"].values()) else None

    def number_gone(self, decision: "Decision") -> int:
        """Return how many records go, without those that were restored."""
        gone, ids = decision.gone, decision.merits.ids
        if not self.restored:
            return int(gone.sum())
        return sum(ids[number] not in self.restored for number in gone.nonzero()[0].tolist())

    @cached_property
    def census(self) -> "Census":
        """What is counted of each record."""
        from curate.reporting.census import census_parts, take_census  # it shows texts as sections

        if self.counted is not None:
            return self.counted
        return take_census(part() for part in census_parts(self.folder, self.manifest, 1))

    @cached_property
    def clusters(self) -> list[dict[str, Any]]:
        """The lines of clusters.jsonl that the step `dedup` wrote."""
        return [row for row in read_ledger(self.folder / CLUSTERS) if row["step"] == Dedup.name]

    @cached_property
    def restored(self) -> frozenset[str]:
        """The records whose verdict by `dedup` was set aside."""
        rows = read_ledger(self.folder / RESTORED)
        return frozenset(row["id"] for row in rows if row["step"] == Dedup.name)

    def find(self, names: Collection["Name"]) -> dict["Name", Found]:
        """Return what is found of each name; one of another set is a pair of set and id."""
        found: dict[Name, Found]
        own = [name for name in names if isinstance(name, str)]
        if all(name in self._places for name in own):
            found = {name: self._at(name) for name in own}
        else:
            found = {record.id: (record, line) for record, line in self._records(names)}
        for set_, record, _ in KeptReferences(self.folder, Dedup.name):
            if (set_, record.id) in names:
                found[set_, record.id] = record, None
        return found

    @cached_property
    def _places(self) -> dict[str, tuple[str, int]]:
        """File and offset of each record that was looked up."""
        return {}

    def _at(self, id: str) -> Found:
        name, offset = self._places[id]
        with (self.folder / name).open("rb") as file:
            file.seek(offset)
            return _found(name, orjson.loads(file.readline()))

    def _records(self, ids: Collection["Name"]) -> Iterator[Found]:
        """Yield the records with these ids, each with its line of dropped.jsonl if it has one."""
        names = [f"{split}.jsonl" for split in SPLITS] + [_DROPPED]
        listed = {output["path"] for output in self.manifest["outputs"]}
        for name in names:
            if name in listed:
                for offset, row in _rows(self.folder / name, _STARTS.get(name, _START), ids):
                    record, line = _found(name, row)
                    if record.id in ids:
                        self._places[record.id] = name, offset
                        yield record, line


def _found(name: str, row: dict[str, Any]) -> Found:
    """Return the record of a row of a file, with the row if that is dropped.jsonl."""
    is_dropped = name == _DROPPED
    return Record.from_dict(row["record"] if is_dropped else row), row if is_dropped else None


def _rows(
    path: Path, start: bytes, ids: Collection["Name"]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield place and row where the id, right behind `start`, is one of these or cannot be told."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            id, quote, _ = line[len(start) : len(start) + 1000].partition(b'"')
            plain = quote and line.startswith(start) and b"\\" not in id
            if not plain or id.decode() in ids:
                yield offset, orjson.loads(line)
            offset += len(line)
