"""The way between the stages of a run, and what a journal is told of it.

A stage ends before a step that sees the records together: what comes out of it is written to a
spool, and the step reads from there.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import orjson

from curate.account import Account
from curate.engines import Passage
from curate.records import Record

__all__ = ["Forgetful", "Journal", "Spool"]


class Spool:
    """Records on their way from one stage into the next, written down as they pass.

    They can be gone through several times, one pass after the other: what a pass before has
    taken comes from the file, the rest from the stage before.

    Attributes:
        taken: records that were taken at least once.

    """

    def __init__(
        self,
        write: Callable[[Record], None],
        written: Callable[[], Iterator[Record]],
        coming: Iterator[Record],
    ) -> None:
        self._write = write
        self._written = written
        self._coming = coming
        self.taken = 0

    def __iter__(self) -> Iterator[Record]:
        """Yield every record, in order."""
        for number, record in enumerate(self._written(), 1):
            self.taken = max(self.taken, number)
            yield record
        for record in self._coming:
            self._write(record)
            self.taken += 1
            yield record


class Journal(Protocol):
    """What a run tells of its way, and asks of the way of the one before.

    Attributes:
        finished: number of stages that the run before has behind it.

    """

    finished: int

    def begin(self, account: Account, stages: Sequence[int]) -> None:
        """Take the account of the run and the number of steps in each of its stages."""

    def follow(self, records: Iterator[Record]) -> Iterator[Record]:
        """Return the records that are not settled yet, of all that are read."""

    def settle(self, passages: Iterator[Passage]) -> Iterator[Passage]:
        """Yield the passages of stage 0; one is settled when the next is asked for."""

    def spool(self, stage: int, records: Iterator[Record]) -> Spool:
        """Return what goes into a stage: `records` come out of the stage before."""


class Forgetful:
    """A journal that notes nothing; its spools are files without a name."""

    finished = 0

    def begin(self, account: Account, stages: Sequence[int]) -> None:
        """Do nothing."""

    def follow(self, records: Iterator[Record]) -> Iterator[Record]:
        """Return the records."""
        return records

    def settle(self, passages: Iterator[Passage]) -> Iterator[Passage]:
        """Return the passages."""
        return passages

    def spool(self, stage: int, records: Iterator[Record]) -> Spool:
        """Return a spool that is gone when no one reads it any more."""
        file = tempfile.TemporaryFile()

        def write(record: Record) -> None:
            file.write(orjson.dumps(record.to_dict(), option=orjson.OPT_APPEND_NEWLINE))

        def written() -> Iterator[Record]:
            file.seek(0)
            for line in file:
                yield Record.from_dict(orjson.loads(line))

        return Spool(write, written, records)
