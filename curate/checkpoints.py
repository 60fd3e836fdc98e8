"""Checkpoints: how far a run came, noted beside what it staged, so that another goes on there.

Stage 0, the record steps at the beginning, is noted record by record, every so many; a later
stage when it is finished.
"""

import hashlib
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from curate.account import Account
from curate.dataset import DatasetWriter
from curate.engines import Passage
from curate.errors import DatasetError
from curate.journal import Spool
from curate.records import Record

__all__ = ["Checkpoint", "Checkpoints"]

EVERY = 1000
"""Records after which a checkpoint may be due."""
SHARE = 0.02
"""Share of the time that checkpoints may take, whatever the disk."""
_LEDGERS = ("dropped.jsonl", "edits.jsonl", "clusters.jsonl", "references.jsonl")
"""The ledgers that a run goes on with; what is quarantined is found again by reading."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A place from which a run goes on.

    Attributes:
        stage: number of stages that are finished.
        records: records that stage 0 has settled.
        digest: of these records as they were read.
        steps: what the steps of the finished stages, and those of stage 0, counted.
        files: size and SHA-256 of the staged files.

    """

    stage: int = 0
    records: int = 0
    digest: str = hashlib.sha256().hexdigest()
    steps: Sequence[Mapping[str, Any]] = ()
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Checkpoints:
    """A journal beside the files that a run stages.

    Args:
        writer: stages the files.
        point: where the run goes on; None: at the beginning.
        every: a checkpoint after each so many records; None: as often as it costs little; 0: none.

    Attributes:
        finished: number of stages that are finished.
        records: records that are settled and will not be lost.

    """

    def __init__(
        self, writer: DatasetWriter, point: Checkpoint | None = None, every: int | None = None
    ) -> None:
        self._writer = writer
        self._point = point or Checkpoint()
        self._every = EVERY if every is None else every
        self._share = SHARE if every is None else 1.0
        self._digest = _Digest()
        self._digests: dict[int, str] = {}
        self._start, self._spent = time.monotonic(), 0.0
        self.finished, self.records = self._point.stage, self._point.records

    def begin(self, account: Account, stages: Sequence[int]) -> None:
        """Take over the counts of the run before."""
        self._account, self._stages = account, stages
        numbers = [number for number, steps in enumerate(stages) for _ in range(steps)]
        self._writer.stages = {s.name: n for s, n in zip(account.steps, numbers, strict=True)}
        for step, entry in zip(account.steps, self._point.steps, strict=False):
            step.restore(entry)
            account.dropped += step.dropped.total()
        account.kept = self._writer.staging.files["train.jsonl"].rows

    def follow(self, records: Iterator[Record]) -> Iterator[Record]:
        """Return the records that are not settled yet.

        Raises:
            DatasetError: those that are settled were read otherwise.
        """
        point = self._point
        for record in itertools.islice(records, point.records):
            self._digest.add(record)
        same = self._digest.hexdigest() == point.digest
        if not same or (self.finished and next(records, None) is not None):
            raise DatasetError(
                f"{self._writer.directory}: the sources do not give the {point.records:,} records "
                "that the run that stopped there read first: put them back as they were, or start "
                "over without --resume"
            )
        return self._watched(records)

    def _watched(self, records: Iterator[Record]) -> Iterator[Record]:
        for record in records:
            self._digest.add(record)
            if self._every and self._digest.records % self._every == 0:
                self._digests[self._digest.records] = self._digest.hexdigest()
            yield record

    def settle(self, passages: Iterator[Passage]) -> Iterator[Passage]:
        """Yield the passages; note now and then how many are settled."""
        settled = self.records
        for passage in passages:
            yield passage
            settled += 1
            if (digest := self._digests.pop(settled, "")) and self._is_due():
                self._note(0, settled, digest)

    def _is_due(self) -> bool:
        return self._spent <= self._share * (time.monotonic() - self._start)

    def spool(self, stage: int, records: Iterator[Record]) -> Spool:
        """Return what goes into a stage; when all of it is there the stage before is finished."""
        name = _spool(stage)
        return Spool(
            lambda record: self._writer.spool(name, record),
            lambda: self._writer.records(name),
            self._ending(stage, records),
        )

    def _ending(self, stage: int, records: Iterator[Record]) -> Iterator[Record]:
        yield from records
        if stage > self.finished and self._every:
            self._note(stage, self._digest.records, self._digest.hexdigest())
            self._writer.staging.drop(_spool(stage - 1))

    def _note(self, stage: int, records: int, digest: str) -> None:
        """Put a checkpoint on the disk, with `stage` stages finished."""
        start = time.monotonic()
        staging = self._writer.staging
        whole = range(max(stage, 1))  # stages of which something is kept
        ledgers = [f"{n}.{name}" if n else name for n in whole for name in _LEDGERS]
        passed = "train.jsonl" if len(self._stages) == 1 else _spool(len(whole))
        steps = [step.to_dict() for step in self._account.steps[: sum(self._stages[: len(whole)])]]
        state = {"stage": stage, "records": records, "digest": digest, "steps": steps}
        staging.note(state, [name for name in (passed, *ledgers) if name in staging.files])
        self.finished, self.records = stage, records
        self._spent += time.monotonic() - start


def _spool(stage: int) -> str:
    """Return the name of the file of what goes into a stage."""
    return f"{stage}.passed.jsonl"


class _Digest:
    """SHA-256 over records as they were read, in every field."""

    def __init__(self) -> None:
        self.records = 0
        self._hash = hashlib.sha256()
        self._held: list[Record] = []

    def add(self, record: Record) -> None:
        self.records += 1
        self._held.append(record)
        if len(self._held) == 100:  # several at once take half the time
            self._flush()

    def _flush(self) -> None:
        self._hash.update(orjson.dumps(self._held)[1:-1] + b"," * bool(self._held))
        self._held.clear()

    def hexdigest(self) -> str:
        self._flush()
        return self._hash.hexdigest()
