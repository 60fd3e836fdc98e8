"""Other sets with which the records of a run are compared: never part of its result."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate.account import SourceCount
from curate.errors import UsageError, clip
from curate.indexing import INDEX, StoredIndex, is_index, open_index
from curate.records import Quarantined, Record, Reference
from curate.sources import Reader, Source, resolve, split_name, stem
from curate.sources.remote import is_hub
from curate.steps import Normalise

__all__ = ["ReferenceSet", "References", "open_set"]


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """What one argument names: a set with a name, in one file or more.

    Attributes:
        name: of the set.
        sources: its files; of an index its `index.json`.
        index: the folder of the index, if it is one.

    """

    name: str
    sources: Sequence[Source]
    index: Path | None = None


def open_set(
    argument: str, *, leave_out: Path | None = None, unanswered: bool = False
) -> ReferenceSet:
    """Return the set that `[NAME=]SOURCE|INDEX` names, without NAME called as its file or folder.

    Args:
        argument: as the user gave it.
        leave_out: a folder that is no source, see `resolve`.
        unanswered: rows may be questions without an answer.

    Raises:
        UsageError: the argument cannot be meant so.
        SourceError: there is no such file.
    """
    name, path = split_name(argument)
    if is_index(path):
        file = Source("index", os.path.join(path, INDEX), layout="index", argument=argument)
        return ReferenceSet(name or stem(os.path.abspath(path)), [file], Path(path))
    sources = resolve([argument], leave_out=leave_out, unanswered=unanswered)
    if any(source.path == "-" for source in sources):
        raise UsageError("a set to compare with is read twice, standard input only once: save it "
                         "to a file")  # fmt: skip
    if not name:
        name = sources[0].name if is_hub(path) else stem(os.path.abspath(path))
    return ReferenceSet(name or "set", sources)


@dataclass(slots=True)
class References:
    """The records of sets, read anew by each pass.

    Args:
        sets: names are unique.
        normalise: the step that each record passes before it is compared.
        warn: is told, once, of rows that cannot be read, and of an index that helps no more.

    """

    sets: Sequence[ReferenceSet]
    normalise: Normalise | None = None
    warn: Callable[[str], None] = lambda message: None
    _counts: dict[str, list[SourceCount]] = field(default_factory=dict)
    _indexes: dict[str, StoredIndex] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [each.name for each in self.sets]
        if repeated := [name for name in names if names.count(name) > 1]:
            raise UsageError(
                f"two sets to compare with are called {clip(repeated[0])}: give each a name of its "
                "own, NAME=PATH"
            )

    def __iter__(self) -> Iterator[Reference]:
        """Yield every record of every set, in order.

        Raises:
            SourceError: a source cannot be read.
            DatasetError: an index is damaged.
        """
        for each in self.sets:
            counts: list[SourceCount] = []
            if each.index is not None:
                yield from self._stored(each.name, each.index, each.sources[0], counts)
            else:
                for source in each.sources:
                    for record in self._records(each.name, source, counts):
                        yield Reference(each.name, self._prepared(record))
            self._counts[each.name] = counts

    def _prepared(self, record: Record) -> Record:
        return record if self.normalise is None else self.normalise.apply(record)

    def _stored(
        self, name: str, path: Path, source: Source, counts: list[SourceCount]
    ) -> Iterator[Reference]:
        """Yield the records of an index, with what it holds of them if that is of use here."""
        index = self._indexes.setdefault(name, open_index(path))  # it may grow meanwhile
        settings = self.normalise and self.normalise.model_dump(mode="json")
        why = index.outdated()
        if not why and settings != index.state["normalise"]:
            why = f"the step {Normalise.name} has its own settings here, or does not run"
        if why and name not in self._counts:
            self.warn(f"{name}: the records of the index are looked at anew: {why}")
        for part in index.parts:
            if name not in self._counts:
                part.check()
            stored = None if why else part.profiles()
            for record, normalised in part.rows():
                prepared = self._prepared(record) if why else normalised
                yield Reference(name, prepared, stored)
        count = SourceCount.of(source)
        count.sha256, count.layout, count.rows = index.sha256, "index", index.state["records"]
        counts.append(count)

    def _records(self, name: str, source: Source, counts: list[SourceCount]) -> Iterator[Record]:
        reader, unread = Reader(source), list[Quarantined]()
        for item in reader:
            if isinstance(item, Quarantined):
                unread.append(item)
            else:
                yield item
        if unread and name not in self._counts:
            self.warn(_unread(name, unread))
        count = SourceCount.of(source)
        count.sha256, count.layout, count.rows = reader.sha256, reader.layout, reader.rows
        count.quarantined = len(unread)
        counts.append(count)

    def entries(self) -> list[dict[str, Any]]:
        """Return what the manifest says of the sets: an entry for each file, as of a source."""
        if any(each.name not in self._counts for each in self.sets):
            for _ in self:
                pass
        return [
            {"set": each.name, **count.to_dict()}
            for each in self.sets
            for count in self._counts[each.name]
        ]


def _unread(name: str, rows: Sequence[Quarantined]) -> str:
    first = rows[0]
    place = f"{first.path}:{first.line}" if first.line else first.path
    return (
        f"{name}: {len(rows):,} rows cannot be read and are compared with nothing; the first is "
        f"{place}: {clip(first.error)}"
    )
