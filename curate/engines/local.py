"""Run record steps on this machine: in this process, or in several with the same result."""

import itertools
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process

from curate.records import TEXT_FIELDS, Dropped, Record
from curate.steps import RecordStep

__all__ = ["Edit", "Passage", "run_record_steps"]

_CHUNK = 500  # records handed to a process at once: enough to hide the cost of the hand-over


@dataclass(frozen=True, slots=True)
class Edit:
    """One change that a step made to one field: `removed` at character `at` became `inserted`.

    What lies before `at` and after the removed text is the same before and after, so the field
    as it was can be rebuilt from the field as it is.
    """

    id: str
    step: str
    field: str
    at: int
    removed: str
    inserted: str

    def to_dict(self) -> dict[str, str | int]:
        """Return the line of edits.jsonl."""
        names = ("id", "step", "field", "at", "removed", "inserted")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of one record on its way through the record steps."""

    result: Record | Dropped
    edits: list[Edit]


def run_record_steps(
    steps: Sequence[RecordStep], records: Iterable[Record], *, workers: int = 1
) -> Iterator[Passage]:
    """Yield the passage of each record, in order. The number of workers changes only the speed."""
    if workers == 1 or not steps:
        for record in records:
            yield _pass(steps, record)
        return
    source = iter(records)
    chunks = iter(lambda: list(itertools.islice(source, _CHUNK)), [])
    context = get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)
    waiting: list[Future[list[Passage]]] = []
    try:
        for chunk in chunks:
            with _interrupt_held():  # this is where processes are started
                waiting.append(pool.submit(_pass_chunk, steps, chunk))
            if len(waiting) > 2 * workers:  # bounds what is held in memory
                yield from waiting.pop(0).result()
        for future in waiting:
            yield from future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupt_held() -> Iterator[None]:
    """Let Ctrl-C come to this thread afterwards, and never to a process that starts meanwhile."""
    if os.name == "nt":  # there are no signal masks
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    """Leave Ctrl-C to the process that hands out the work, and end when that one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := parent_process():
        connection.wait([parent.sentinel])
        os._exit(1)


def _pass_chunk(steps: Sequence[RecordStep], records: list[Record]) -> list[Passage]:
    return [_pass(steps, record) for record in records]


def _pass(steps: Sequence[RecordStep], record: Record) -> Passage:
    edits: list[Edit] = []
    for step in steps:
        result = step.apply(record)
        if isinstance(result, Dropped):
            return Passage(result, edits)
        if result is not record:
            edits += _edits(step.name, record, result)
        record = result
    return Passage(record, edits)


def _edits(step: str, before: Record, after: Record) -> Iterator[Edit]:
    for field in TEXT_FIELDS:
        yield from _edit(after.id, step, field, getattr(before, field), getattr(after, field))
    for index, (old, new) in enumerate(zip(before.history, after.history, strict=True)):
        field = f"history[{index}].content"
        yield from _edit(after.id, step, field, old.get("content"), new.get("content"))


def _edit(id: str, step: str, field: str, old: object, new: object) -> Iterator[Edit]:
    if isinstance(old, str) and isinstance(new, str) and old != new:
        start = _common_prefix(old, new)
        end = _common_prefix(old[start:][::-1], new[start:][::-1])
        yield Edit(id, step, field, start, old[start : len(old) - end], new[start : len(new) - end])


def _common_prefix(a: str, b: str) -> int:
    """Return the number of characters that two texts have in common at their start.

    >>> _common_prefix("abc", "abd"), _common_prefix("", "a"), _common_prefix("a", "a")
    (2, 0, 1)
    """
    low, high = 0, min(len(a), len(b))
    while low < high:  # bisection: slices compare in C
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
