"""Which texts have enough words in a row in common with what is sought in them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from curate.similarity.documents import owners
from curate.similarity.evaluation import SHINGLE, Unit, grams, shingles_of
from curate.similarity.frequencies import Table
from curate.similarity.tokens import Tokens

__all__ = ["ROW", "Nomination"]

Array = np.ndarray[Any, np.dtype[Any]]

ROW = 5
"""Words in a row that are compared: fewer are common, more do not outlive an edit."""


class Nomination:
    """Units, by the rows of words that they have.

    Args:
        units: what is sought; each has ROW words or more.

    """

    def __init__(self, units: Sequence[Unit]) -> None:
        each = [_rows(unit) for unit in units]
        sizes = np.array([found.size for found in each], np.int64)
        rows = np.concatenate([np.zeros(0, np.uint64), *each])
        unit = np.repeat(np.arange(sizes.size), sizes)
        order = np.argsort(rows, kind="stable")
        self._need = np.where([unit.whole for unit in units], sizes, 1)
        self._unit = unit[order]
        self._table = Table(rows)
        self._first = np.append(np.searchsorted(rows[order], self._table.values), rows.size)

    def nominate(self, tokens: Tokens) -> tuple[Array, Array]:
        """Return pairs of text and unit that have enough rows in common, in order."""
        rows, inside = grams(tokens.hashes, ROW, tokens.first)
        places, row = self._table.find(rows[inside])
        text = owners(tokens.first)[inside][places]
        found = np.unique(np.stack([text, row]), axis=1)
        times = self._first[found[1] + 1] - self._first[found[1]]
        begins = np.repeat(self._first[found[1]] - (np.cumsum(times) - times), times)
        unit = self._unit[begins + np.arange(begins.size)]
        pairs, counts = np.unique(
            np.stack([np.repeat(found[0], times), unit]), axis=1, return_counts=True
        )
        enough = counts >= self._need[pairs[1]]
        return pairs[0][enough], pairs[1][enough]


def _rows(unit: Unit) -> Array:
    """Return the rows of a unit that are not all template; all of one that has no other."""
    rows, inside = grams(unit.words, ROW, np.array([0, unit.words.size]))
    rows = rows[inside]
    free = np.isin(shingles_of(unit.words), unit.shingles)
    own = np.zeros(rows.size, bool)
    for place in range(ROW - SHINGLE + 1):
        own |= free[place : place + rows.size]
    return np.unique(rows[own] if own.any() and not unit.whole else rows)
