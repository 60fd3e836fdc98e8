"""Run the steps of a dataset directory over its own records again, without the original files."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import orjson
from pydantic import ValidationError

from curate.account import StepCount
from curate.dataset import KeptReferences
from curate.dataset.edits import EditIndex, undo
from curate.engines import Edit, run_record_steps
from curate.errors import DatasetError, clip
from curate.records import Dropped, Record
from curate.steps import STEPS, RecordStep, SetStep, Step

__all__ = ["Exemptions", "Item", "Rerun", "rebuild"]


@dataclass(frozen=True, slots=True)
class Exemptions:
    """Verdicts that do not count: those of a step, those of a step on one record."""

    steps: frozenset[str] = frozenset()
    records: frozenset[tuple[str, str]] = frozenset()

    def cover(self, verdict: Dropped) -> bool:
        """Return whether the record stays although the step would drop it."""
        return verdict.step in self.steps or (verdict.step, verdict.record.id) in self.records


@dataclass(frozen=True, slots=True)
class Item:
    """A record on its way through the steps once more.

    Attributes:
        record: as it is now.
        at: index of the step that it takes next; it passed those before.
        fate: index of the step that dropped it; the number of steps if it was kept.
        was: what the directory says of it.
        trusted: the verdict in `was` is taken as it stands, the step is not asked again.
        split: the split that it was in; empty if it was dropped.
        edits: changes that were made on this way.

    """

    record: Record
    at: int
    fate: int
    was: Record | Dropped
    trusted: bool = True
    split: str = ""
    edits: list[Edit] = field(default_factory=list)


class Listener(Protocol):
    """Who is told of the verdicts."""

    def drop(self, item: Item, verdict: Dropped) -> None:
        """Take a record that is out."""

    def set_aside(self, item: Item, verdict: Dropped) -> None:
        """Take note of a verdict that does not count: the record goes on."""

    def cluster(self, step: str, row: dict[str, Any]) -> None:
        """Take what a step found of several records together."""


class Rerun:
    """The steps of a directory as one way that its records take again.

    A step that is None is not asked: what it decided stands. A record step sees the records that
    have not passed it yet, a set step every record that reaches it, as it was when it did, and
    `references` returns what it compares with, and what it noted.
    """

    def __init__(
        self,
        steps: Sequence[Step | None],
        names: Sequence[str],
        edits: EditIndex,
        exempt: Exemptions,
        listener: Listener,
        references: Callable[[str], KeptReferences],
    ) -> None:
        self._steps = steps
        self._references = references
        self._index = {name: index for index, name in enumerate(names)}
        self._edits = edits
        self._exempt = exempt
        self._listener = listener
        self.counts = [StepCount(name, {}) for name in names]

    def run(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items that pass every step, in the order in which they came."""
        way = iter(items)
        for index, step in enumerate(self._steps):
            take = self._together if isinstance(step, SetStep) else self._one_by_one
            way = take(index, way)
        return way

    def _one_by_one(self, index: int, items: Iterator[Item]) -> Iterator[Item]:
        step, count = self._steps[index], self.counts[index]
        for item in items:
            count.seen += 1
            if item.at > index:
                yield item
                continue
            result: Record | Dropped = item.record
            if item.fate == index and item.trusted and isinstance(item.was, Dropped):
                result = item.was
            elif isinstance(step, RecordStep):
                passage = next(iter(run_record_steps([step], [item.record])))
                result = passage.result
                if passage.edits:
                    count.edited += 1
                    item = replace(item, edits=[*item.edits, *passage.edits])
            if self._stays(index, item, result):
                yield _past(item, index, result)

    def _together(self, index: int, items: Iterator[Item]) -> Iterator[Item]:
        step, count = self._steps[index], self.counts[index]
        if not isinstance(step, SetStep):
            raise TypeError(f"{step!r} sees one record at a time")
        spool = _Spool(items)
        reached = _Reached(spool, lambda item: self._as_it_reached(item, index))
        note = partial(self._listener.cluster, step.name)
        references = self._references(step.name)
        results = step.run(reached, note, references, references.noted())
        for item, result in zip(spool, results, strict=True):
            count.seen += 1
            if self._stays(index, item, result):
                yield item if item.at > index else _past(item, index, result)

    def _as_it_reached(self, item: Item, index: int) -> Record:
        """Return the record as it was before the edits of later steps."""
        if item.at <= index + 1 or item.record.id not in self._edits.ids:
            return item.record
        later = [e for e in self._edits.of(item.record.id) if self._index[e.step] > index]
        return undo(item.record, later)

    def _stays(self, index: int, item: Item, result: Record | Dropped) -> bool:
        if not isinstance(result, Dropped):
            return True
        if self._exempt.cover(result):
            self._listener.set_aside(item, result)
            return True
        self.counts[index].dropped[result.reason] += 1
        self._listener.drop(item, result)
        return False


def _past(item: Item, index: int, result: Record | Dropped) -> Item:
    record = result.record if isinstance(result, Dropped) else result
    return replace(item, record=record, at=index + 1)


class _Spool:
    """Items before a step, written to a file as they pass, so that each pass finds them again."""

    def __init__(self, coming: Iterator[Item]) -> None:
        self._coming = coming
        self._file = tempfile.TemporaryFile()
        self._end = 0

    def __iter__(self) -> Iterator[Item]:
        place = 0
        while True:
            if place < self._end:
                self._file.seek(place)
                item = _read(self._file.readline())
                place = self._file.tell()
            elif (found := next(self._coming, None)) is not None:
                item = found
                self._file.seek(self._end)
                self._file.write(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE))
                place = self._end = self._file.tell()
            else:
                return
            yield item


def _read(line: bytes) -> Item:
    """Return the item that a line of the file holds."""
    row = orjson.loads(line)
    was = row["was"]
    was = Dropped(**{**was, "record": Record(**was["record"])}) if "step" in was else Record(**was)
    edits = [Edit(**edit) for edit in row["edits"]]
    return Item(**{**row, "record": Record(**row["record"]), "was": was, "edits": edits})


@dataclass(frozen=True, slots=True)
class _Reached:
    """The records of a spool as they reach a step; can be gone through several times."""

    spool: _Spool
    record: Callable[[Item], Record]

    def __iter__(self) -> Iterator[Record]:
        return map(self.record, self.spool)


def rebuild(
    entries: Sequence[Mapping[str, Any]], wanted: Callable[[int], bool], where: str
) -> list[Step | None]:
    """Return the steps of a manifest with their settings, None where one is not wanted.

    Raises:
        DatasetError: this version has no such step, or it has other options.
    """
    known = {step.name: step for step in STEPS}
    steps: list[Step | None] = []
    for index, entry in enumerate(entries):
        if not wanted(index):
            steps.append(None)
            continue
        name = entry["name"]
        if name not in known:
            raise DatasetError(
                f"{where}: this version has no step {clip(name)!r} (it has {', '.join(known)}); "
                "use the version that made the directory, which the manifest names"
            )
        try:
            steps.append(known[name](**entry["settings"]))
        except ValidationError as error:
            fault = error.errors()[0]
            raise DatasetError(
                f"{where}: settings of step {name} do not fit this version: "
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            ) from error
    return steps
