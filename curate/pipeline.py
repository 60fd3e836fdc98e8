"""Chain the steps and keep the account."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from curate.account import Account, SourceCount, StepCount
from curate.engines import Edit, Passage, run_record_steps
from curate.errors import SourceError, clip
from curate.journal import Forgetful, Journal, Spool
from curate.records import Dropped, Quarantined, Record, Reference
from curate.sources import Reader, Source
from curate.steps import RecordStep, SetStep, Spread, Step

__all__ = ["Sink", "run_pipeline"]


class Sink(Protocol):
    """Where a run puts what comes out of it."""

    def keep(self, record: Record) -> None:
        """Take a record that passed every step."""

    def drop(self, dropped: Dropped) -> None:
        """Take a record that a step took out."""

    def quarantine(self, row: Quarantined) -> None:
        """Take a row that could not be read."""

    def edit(self, edit: Edit, record: Record) -> None:
        """Take one change that a step made, and the record as it left the steps around it."""

    def cluster(self, step: str, row: dict[str, Any]) -> None:
        """Take what a step found of several records together."""

    def reference(self, step: str, reference: Reference) -> None:
        """Take a record of another set that a step named."""


def run_pipeline(
    sources: Sequence[Source],
    steps: Sequence[Step],
    sink: Sink,
    *,
    references: Mapping[str, Iterable[Reference]] | None = None,
    spread: Spread = map,
    observe: Callable[[Record], None] = lambda record: None,
    progress: Callable[[int], None] = lambda read: None,
    journal: Journal | None = None,
) -> Account:
    """Return the account of reading `sources` through `steps` into `sink`.

    Records come out in the order in which they were read. `references` are what steps, by name,
    compare with; `observe` sees each record as it was read; `progress` is told the number of rows
    read so far, now and then; `journal` notes how far the run came, and knows how far the one came
    with which this one goes on. `spread` does the work that can be done apart: it changes only the
    speed.

    Raises:
        SourceError: a source cannot be read.
        AccountError: a row was lost on the way.
        DatasetError: the sources are not those with which the journal began.
    """
    account = Account(steps=[StepCount(s.name, s.model_dump(mode="json")) for s in steps])
    stages = _stages(steps, account)
    journal = journal or Forgetful()
    journal.begin(account, [len(stage.counts) for stage in stages])
    records = journal.follow(_observed(_read(sources, account, sink, progress), observe))
    for number, stage in enumerate(stages):
        if number < journal.finished:
            continue
        counts = iter(stage.counts)
        if stage.set_step is not None:
            spool = journal.spool(number, records)
            others = (references or {}).get(stage.set_step.name, ())
            records = _route(stage.set_step, spool, others, next(counts), account, sink, spread)
        if stage.record_steps or number == 0:
            passages = run_record_steps(stage.record_steps, records, spread=spread)
            passages = journal.settle(passages) if number == 0 else passages
            records = _settle(passages, list(counts), account, sink)
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
        count = SourceCount.of(source)
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


class _Stage(NamedTuple):
    """Steps that records pass without being written down between them, and their counts."""

    set_step: SetStep | None
    record_steps: list[RecordStep]
    counts: list[StepCount]


def _stages(steps: Sequence[Step], account: Account) -> list[_Stage]:
    """Return stage 0, the record steps before any set step, and a stage for each set step."""
    stages = [_Stage(None, [], [])]
    for step, count in zip(steps, account.steps, strict=True):
        if isinstance(step, SetStep):
            stages.append(_Stage(step, [], []))
        elif isinstance(step, RecordStep):
            stages[-1].record_steps.append(step)
        stages[-1].counts.append(count)
    return stages


def _settle(
    passages: Iterable[Passage], counts: list[StepCount], account: Account, sink: Sink
) -> Iterator[Record]:
    """Yield the records that passed a run of record steps; book the others and every edit."""
    for passage in passages:
        result = passage.result
        left = result.record if isinstance(result, Dropped) else result
        for edit in passage.edits:
            sink.edit(edit, left)
        edited = {edit.step for edit in passage.edits}
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
    step: SetStep,
    spool: Spool,
    references: Iterable[Reference],
    count: StepCount,
    account: Account,
    sink: Sink,
    spread: Spread,
) -> Iterator[Record]:
    """Yield the records that a set step keeps; book those that it drops, and whom it names."""
    named: set[tuple[str, str]] = set()

    def note(row: dict[str, Any]) -> None:
        named.update((set_, id) for set_, id in row.get("others", ()))
        sink.cluster(step.name, row)

    for result in step.run(spool, note, references, spread=spread):
        if isinstance(result, Dropped):
            count.dropped[result.reason] += 1
            account.dropped += 1
            if "set" in result.evidence:
                named.add((result.evidence["set"], result.evidence["kept"]))
            sink.drop(result)
        else:
            yield result
    count.seen = spool.taken
    if named:
        for reference in references:
            if (reference.set, reference.record.id) in named:
                sink.reference(step.name, reference)
