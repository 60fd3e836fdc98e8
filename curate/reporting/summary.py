"""What is in the sources and what is wrong with it, without writing anything."""

import math
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from curate.engines import Edit
from curate.pipeline import run_pipeline
from curate.records import TEXT_FIELDS, Dropped, Quarantined, Record
from curate.sources import Source
from curate.steps import Step

__all__ = ["summarise"]

_EXAMPLES = 3


@dataclass(slots=True)
class _Notes:
    """A sink that counts and keeps a few examples."""

    lengths: "dict[str, array[int]]" = field(
        default_factory=lambda: {name: array("Q") for name in TEXT_FIELDS}
    )
    turns: int = 0
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    unreadable: list[Quarantined] = field(default_factory=list)

    def observe(self, record: Record) -> None:
        for name, lengths in self.lengths.items():
            text = getattr(record, name)
            lengths.append(len(text) if isinstance(text, str) else 0)
        self.turns += bool(record.history)

    def keep(self, record: Record) -> None:
        """Nothing to note: what is right is counted by the account."""

    def drop(self, dropped: Dropped) -> None:
        self._note(dropped.step, dropped.reason, dropped.record.id)

    def quarantine(self, row: Quarantined) -> None:
        if len(self.unreadable) < 2 * _EXAMPLES:
            self.unreadable.append(row)

    def edit(self, edit: Edit) -> None:
        self._note(edit.step, f"edits {edit.field.partition('[')[0]}", edit.id)

    def _note(self, step: str, reason: str, place: str) -> None:
        self.reasons[step, reason] += 1
        examples = self.examples.setdefault((step, reason), [])
        if len(examples) < _EXAMPLES:
            examples.append(place)


def summarise(
    sources: Sequence[Source],
    steps: Sequence[Step],
    *,
    progress: Callable[[int], None] = lambda read: None,
) -> dict[str, Any]:
    """Return layout and rows of each file, field lengths in characters, and problems by step."""
    notes = _Notes()
    account = run_pipeline(sources, steps, notes, observe=notes.observe, progress=progress)
    problems = [
        {"step": step, "reason": reason, "count": count, "examples": notes.examples[step, reason]}
        for (step, reason), count in sorted(notes.reasons.items(), key=lambda item: -item[1])
    ]
    return {
        "sources": [source.to_dict() for source in account.sources],
        "counts": account.counts(),
        "fields": {name: _quantiles(lengths) for name, lengths in notes.lengths.items()},
        "conversations": notes.turns,
        "problems": problems,
        "unreadable": [row.to_dict() | {"raw": row.raw[:200]} for row in notes.unreadable],
    }


def _quantiles(lengths: "array[int]") -> dict[str, int]:
    """Return how many are filled, and median, 95th percentile and maximum of those.

    >>> _quantiles(array("Q", [0, 1, 2, 3, 4]))
    {'filled': 4, 'median': 2, 'p95': 4, 'max': 4}
    """
    filled = sorted(length for length in lengths if length)
    if not filled:
        return {"filled": 0, "median": 0, "p95": 0, "max": 0}
    median, p95 = (filled[math.ceil(q * len(filled)) - 1] for q in (0.5, 0.95))  # nearest rank
    return {"filled": len(filled), "median": median, "p95": p95, "max": filled[-1]}
