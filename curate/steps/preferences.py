"""Drop preference pairs whose two answers say the same."""

import re
from typing import ClassVar

from pydantic import Field

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of
from curate.text import fold

__all__ = ["Preferences"]

_WORD = re.compile(r"\w+")


class Preferences(RecordStep):
    """Pairs with `identical_answers` or `near_identical_answers`: there is nothing to prefer.

    Near-identical are answers that `dedup` would call duplicates: similar, and nothing decisive
    differs, a number, a negation, a name. So "4" and "5" are answers to choose between. Records
    without a rejected answer pass. Pairs that contradict each other are the business of `dedup`.

    >>> step = Preferences()
    >>> step.apply(Record(id="a:1", instruction="Hi", output="Hello.", rejected="hello")).reason
    'near_identical_answers'
    >>> kept = Record(id="a:2", instruction="Add 2 and 2.", output="4", rejected="5")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "preferences"

    threshold: float = Field(
        0.9, ge=0.5, le=1, description="Least similarity of the answers: Jaccard, 3 words."
    )

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the pair dropped with the similarity of its answers."""
        if record.rejected is None:
            return record
        better, worse = text_of(record.output), text_of(record.rejected)
        if better == worse:
            return self.drop(record, "identical_answers", field="rejected", score=1.0)
        score = self._similarity(better, worse)
        if score < self.threshold:
            return record
        return self.drop(record, "near_identical_answers", field="rejected", score=score)

    def _similarity(self, one: str, other: str) -> float:
        """Return the similarity of two texts; 0 where something decisive differs."""
        if fold(one) != fold(other) and not self._may_be(one, other):
            return 0.0
        from curate.similarity.alike import similarity  # not for `--help`

        return similarity(one, other)

    def _may_be(self, one: str, other: str) -> bool:
        """Return whether the texts have about as many different words, and most in common."""
        mine, theirs = ({*_WORD.findall(text.casefold())} for text in (one, other))
        shared = len(mine & theirs)
        return not mine or not theirs or shared >= 0.5 * max(len(mine), len(theirs))
