"""How many records have a shingle."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from curate.similarity.documents import owners
from curate.similarity.evaluation import SHINGLE, grams
from curate.similarity.tokens import Tokens

__all__ = ["Frequencies", "Table"]

Array = np.ndarray[Any, np.dtype[Any]]

_BITS = 20


class Table:
    """Hashes that are looked up among many, of which few are there.

    Attributes:
        values: uint64, ascending.

    """

    def __init__(self, values: Array) -> None:
        self.values = np.unique(values)
        self._some = np.zeros(1 << _BITS, bool)
        self._some[_place(self.values)] = True

    def find(self, hashes: Array) -> tuple[Array, Array]:
        """Return the places at which one of the values stands, and the number of that value."""
        places = np.flatnonzero(self._some[_place(hashes)])
        at = np.searchsorted(self.values, hashes[places])
        there = self.values[np.minimum(at, self.values.size - 1)] == hashes[places]
        return places[there], at[there]


def _place(hashes: Array) -> Array:
    return (hashes >> np.uint64(64 - _BITS)).astype(np.int64)


class Frequencies:
    """Counts the records that have each of some shingles."""

    def __init__(self, shingles: Iterable[Array]) -> None:
        self._table = Table(np.concatenate([np.zeros(0, np.uint64), *shingles]))
        self._counts = np.zeros(self._table.values.size, np.int64)

    def add(self, tokens: Tokens, record: Array) -> None:
        """Count the texts of some records; `record` says whose each text is, no record twice."""
        hashes, inside = grams(tokens.hashes, SHINGLE, tokens.first)
        places, shingle = self._table.find(hashes[inside])
        whose = record[owners(tokens.first)[inside][places]]
        each = np.unique(np.stack([whose, shingle]), axis=1)
        self._counts += np.bincount(each[1], minlength=self._counts.size)

    def of(self, shingles: Array) -> Array:
        """Return how many records have each shingle, all of which were given before."""
        return self._counts[np.searchsorted(self._table.values, shingles)]
