"""Chain the steps and keep the account."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from curate.engines import Edit, Passage, run_record_steps
from curate.errors import AccountError, SourceError, clip
from curate.records import Dropped, Quarantined, Record
from curate.sources import Reader, Source
from curate.steps import RecordStep, SetStep, Step

__all__ = ["Account", "Sink", "SourceCount", "StepCount", "run_pipeline"]


class Sink(Protocol):
    """Where a run puts what comes out of it."""

    def keep(self, record: Record) -> None:
        """Take a record that passed every step."""

    def drop(self, dropped: Dropped) -> None:
        """Take a record that a step took out."""

    def quarantine(self, row: Quarantined) -> None:
        """Take a row that could not be read."""

    def edit(self, edit: Edit) -> None:
        """Take one change that a step made."""


@dataclass(slots=True)
class SourceCount:
    """What was read from one file."""

    name: str
    path: str
    sha256: str = ""
    layout: str = ""
    rows: int = 0
    quarantined: int = 0
    license: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the manifest."""
        names = ("name", "path", "sha256", "layout", "rows", "quarantined", "license")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class StepCount:
    """What one step did."""

    name: str
    settings: dict[str, Any]
    seen: int = 0
    edited: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        """Records that went on."""
        return self.seen - self.dropped.total()

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the manifest."""
        return {
            "name": self.name,
            "settings": self.settings,
            "in": self.seen,
            "kept": self.kept,
            "edited": self.edited,
            "dropped": dict(sorted(self.dropped.items())),
        }


@dataclass(slots=True)
class Account:
    """The balance of a run: `read = kept + dropped + quarantined`."""

    sources: list[SourceCount] = field(default_factory=list)
    steps: list[StepCount] = field(default_factory=list)
    read: int = 0
    kept: int = 0
    dropped: int = 0
    quarantined: int = 0

    def counts(self) -> dict[str, int]:
        """Return the four numbers of the balance."""
        names = ("read", "kept", "dropped", "quarantined")
        return {name: getattr(self, name) for name in names}

    def check(self) -> None:
        """Raise AccountError unless every row that was read is kept, dropped or quarantined."""
        if self.read != self.kept + self.dropped + self.quarantined:
            raise AccountError(f"the account does not add up: {self.counts()}")
        flow = self.read - self.quarantined
        for step in self.steps:
            if step.seen != flow:
                raise AccountError(f"step {step.name} saw {step.seen} of {flow} records")
            flow = step.kept
        if flow != self.kept:
            raise AccountError(f"{flow} records left the last step, {self.kept} arrived")


def run_pipeline(
    sources: Sequence[Source],
    steps: Sequence[Step],
    sink: Sink,
    *,
    workers: int = 1,
    observe: Callable[[Record], None] = lambda record: None,
    progress: Callable[[int], None] = lambda read: None,
) -> Account:
    """Return the account of reading `sources` through `steps` into `sink`.

    Records come out in the order in which they were read. `observe` sees each as it was read;
    `progress` is told the number of rows read so far, now and then.

    Raises:
        SourceError: a source cannot be read.
        AccountError: a row was lost on the way.
    """
    account = Account(steps=[StepCount(s.name, s.model_dump(mode="json")) for s in steps])
    records = _observed(_read(sources, account, sink, progress), observe)
    for start, group in _groups(steps):
        counts = account.steps[start : start + len(group)]
        if isinstance(group[0], RecordStep):
            record_steps = [step for step in group if isinstance(step, RecordStep)]
            passages = run_record_steps(record_steps, records, workers=workers)
            records = _settle(passages, counts, account, sink)
        elif isinstance(group[0], SetStep):
            records = _route(group[0], records, counts[0], account, sink)
    for record in records:
        account.kept += 1
        sink.keep(record)
    progress(account.read)
    account.check()
    return account


def _read(
    sources: Sequence[Source], account: Account, sink: Sink, progress: Callable[[int], None]
) -> Iterator[Record]:
    seen: set[str] | None = set() if any(source.recorded for source in sources) else None
    for source in sources:
        reader = Reader(source)
        count = SourceCount(source.name, source.path, license=source.license)
        account.sources.append(count)
        for item in reader:
            account.read += 1
            if account.read % 1000 == 0:
                progress(account.read)
            if isinstance(item, Quarantined):
                count.quarantined += 1
                account.quarantined += 1
                sink.quarantine(item)
            else:
                if seen is not None:
                    _check_new(item, seen)
                yield item
        count.rows, count.layout, count.sha256 = reader.rows, reader.layout, reader.sha256


def _check_new(record: Record, seen: set[str]) -> None:
    """Raise if the id was there before: dataset directories bring ids of their own."""
    if record.id in seen:
        raise SourceError(
            f"id {clip(record.id)} comes twice, the second time from {clip(record.origin)}: a "
            "dataset directory keeps its ids, and another source has one of them. Clean the "
            "original files together, or give a file another name (NAME=PATH)"
        )
    seen.add(record.id)


def _observed(records: Iterator[Record], observe: Callable[[Record], None]) -> Iterator[Record]:
    for record in records:
        observe(record)
        yield record


def _groups(steps: Sequence[Step]) -> Iterator[tuple[int, list[Step]]]:
    """Yield runs of record steps together, every other step alone, with their first index."""
    start = 0
    while start < len(steps):
        end = start + 1
        while end < len(steps) and all(isinstance(s, RecordStep) for s in steps[start : end + 1]):
            end += 1
        yield start, list(steps[start:end])
        start = end


def _settle(
    passages: Iterable[Passage], counts: list[StepCount], account: Account, sink: Sink
) -> Iterator[Record]:
    """Yield the records that passed a run of record steps; book the others and every edit."""
    for passage in passages:
        for edit in passage.edits:
            sink.edit(edit)
        edited = {edit.step for edit in passage.edits}
        result = passage.result
        for count in counts:
            count.seen += 1
            if count.name in edited:
                count.edited += 1
            if isinstance(result, Dropped) and result.step == count.name:
                count.dropped[result.reason] += 1
                break
        if isinstance(result, Dropped):
            account.dropped += 1
            sink.drop(result)
        else:
            yield result


def _route(
    step: SetStep, records: Iterator[Record], count: StepCount, account: Account, sink: Sink
) -> Iterator[Record]:
    """Yield the records that a set step keeps; book those that it drops."""

    def counted() -> Iterator[Record]:
        for record in records:
            count.seen += 1
            yield record

    for result in step.run(counted()):
        if isinstance(result, Dropped):
            count.dropped[result.reason] += 1
            account.dropped += 1
            sink.drop(result)
        else:
            yield result
