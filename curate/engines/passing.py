"""Take records through record steps, here or in other processes with the same result."""

import functools
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from curate.records import TEXT_FIELDS, Dropped, Record
from curate.steps import RecordStep, Spread

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
        return {
            "id": self.id,
            "step": self.step,
            "field": self.field,
            "at": self.at,
            "removed": self.removed,
            "inserted": self.inserted,
        }

    def __reduce__(self) -> tuple[type["Edit"], tuple[str | int, ...]]:
        """Return how to make it anew: pickle by itself takes three times as long."""
        return Edit, (self.id, self.step, self.field, self.at, self.removed, self.inserted)


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of one record on its way through the record steps."""

    result: Record | Dropped
    edits: list[Edit]

    def __reduce__(self) -> tuple[type["Passage"], tuple[Record | Dropped, list[Edit]]]:
        """Return how to make it anew."""
        return Passage, (self.result, self.edits)


def run_record_steps(
    steps: Sequence[RecordStep], records: Iterable[Record], *, spread: Spread = map
) -> Iterator[Passage]:
    """Yield the passage of each record, in order.

    `spread` is the `map` of other processes, or Python's own: it changes only the speed.
    """
    if spread is map or not steps:
        for record in records:
            yield _pass(steps, record)
        return
    source, sent = iter(records), deque[list[Record]]()

    def chunks() -> Iterator[list[Record]]:
        while chunk := list(itertools.islice(source, _CHUNK)):
            sent.append(chunk)
            yield chunk

    for passages in spread(functools.partial(_pass_chunk, steps), chunks()):
        for record, passage in zip(sent.popleft(), passages, strict=True):
            yield passage or Passage(record, [])


def _pass_chunk(steps: Sequence[RecordStep], records: list[Record]) -> list[Passage | None]:
    """Return the passage of each record, None for one that stays as it is: it need not travel."""
    passages = (_pass(steps, record) for record in records)
    return [
        None if passage.result is record else passage
        for record, passage in zip(records, passages, strict=True)
    ]


def _pass(steps: Sequence[RecordStep], record: Record) -> Passage:
    edits: list[Edit] = []
    for step in steps:
        if step.judges_answers and record.label is False:
            continue
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
