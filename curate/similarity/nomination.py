"""Which texts have enough words in a row in common with what is sought in them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from curate.similarity.documents import owners
from curate.similarity.evaluation import SHINGLE, Unit, grams, shingles_of
from curate.similarity.tokens import Tokens

__all__ = ["ROW", "Nomination"]

Array = np.ndarray[Any, np.dtype[Any]]

ROW = 5
"""Words in a row that are compared: fewer are common, more do not outlive an edit."""
_LOST = 2.2
"""Rows that go with each shingle that does: an edited word costs 5 of them, and 3 shingles."""
_BITS = 20


class Nomination:
    """Units, by the rows of words that they have.

    Args:
        units: what is sought; each has ROW words or more.
        threshold: least share of the shingles of a unit, 0 to 1.
        ngram: so many words in a row are enough too.

    """

    def __init__(self, units: Sequence[Unit], threshold: float, ngram: int) -> None:
        each = [_rows(unit) for unit in units]
        share = [1.0 if unit.whole else 1 - _LOST * (1 - threshold) for unit in units]
        sizes = np.array([found.size for found in each], np.int64)
        most = np.where([unit.whole for unit in units], sizes, ngram - ROW + 1)
        self._need = np.clip((sizes * np.array(share)).astype(np.int64), 1, np.maximum(most, 1))
        rows = np.concatenate([np.zeros(0, np.uint64), *each])
        unit = np.repeat(np.arange(sizes.size), sizes)
        order = np.argsort(rows, kind="stable")
        self._unit = unit[order]
        self._rows, first = np.unique(rows[order], return_index=True)
        self._first = np.append(first, rows.size)
        self._some = np.zeros(1 << _BITS, bool)
        self._some[self._place(self._rows)] = True

    def nominate(self, tokens: Tokens) -> tuple[Array, Array]:
        """Return pairs of text and unit that have enough rows in common, in order."""
        rows, inside = grams(tokens.hashes, ROW, tokens.first)
        inside &= self._some[self._place(rows)]
        rows, text = rows[inside], owners(tokens.first)[inside]
        at = np.minimum(np.searchsorted(self._rows, rows), max(self._rows.size - 1, 0))
        known = self._rows[at] == rows if self._rows.size else np.zeros(rows.size, bool)
        found = np.unique(np.stack([text[known], at[known]]), axis=1)
        times = self._first[found[1] + 1] - self._first[found[1]]
        begins = np.repeat(self._first[found[1]] - (np.cumsum(times) - times), times)
        unit = self._unit[begins + np.arange(begins.size)]
        pairs, counts = np.unique(
            np.stack([np.repeat(found[0], times), unit]), axis=1, return_counts=True
        )
        enough = counts >= self._need[pairs[1]]
        return pairs[0][enough], pairs[1][enough]

    @staticmethod
    def _place(rows: Array) -> Array:
        return (rows >> np.uint64(64 - _BITS)).astype(np.int64)


def _rows(unit: Unit) -> Array:
    """Return the rows of a unit that are not all template; all of one that has no other."""
    rows, inside = grams(unit.words, ROW, np.array([0, unit.words.size]))
    rows = rows[inside]
    free = np.isin(shingles_of(unit.words), unit.shingles)
    own = np.zeros(rows.size, bool)
    for place in range(ROW - SHINGLE + 1):
        own |= free[place : place + rows.size]
    return np.unique(rows[own] if own.any() and not unit.whole else rows)
