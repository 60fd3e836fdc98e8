"""Which of the records that differ in case, space and punctuation only are compared as one."""

from typing import Any

import numpy as np

from curate.similarity.differences import blocks
from curate.similarity.documents import sums
from curate.similarity.hashing import mix
from curate.similarity.index import Index

__all__ = ["forms"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

_COLUMNS = ("turning", "order", "beside", "commas", "operators", "asked", "asked_bits",
            "asked_count", "plain", "name_bits", "name_counts", "bag", "words", "sizes",
            "denied", "groups", "members", "pictures", "parts", "part_count", "rest", "loose",
            "all_loose")  # fmt: skip
_AT_ONCE = 1024  # records whose names and words are looked at together


def forms(index: Index, records: Array, sides: tuple[int, ...]) -> Array:
    """Return a hash for each record, of the same words in the same order: equal where the rest is.

    Capital letters and punctuation say what is a name and what a question, and these decide.
    """
    total = blocks(index, records, sides)
    for name in _COLUMNS:
        column = getattr(index, name)[records]
        for side in sides:
            for values in np.atleast_2d(column[:, side].T):
                total = mix(total + values.astype(U64))
    for start in range(0, records.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        for side in sides:
            total[part] = mix(total[part] + _names(index, records[part], side))
        if 0 in sides:
            total[part] = mix(total[part] + _questions(index, records[part]))
    return total


def _names(index: Index, records: Array, side: int) -> Array:
    names, _ = index.names_of(records, side)
    counts = index.name_counts[records, side]
    return sums(mix(names), np.concatenate([[0], np.cumsum(counts)]))


def _questions(index: Index, records: Array) -> Array:
    """Return the hash of which words of each prompt are of a question."""
    asked = [np.flatnonzero(index.asked_of(record)) for record in records.tolist()]
    places = np.concatenate([np.zeros(0, np.int64), *asked])
    bounds = np.concatenate([[0], np.cumsum([each.size for each in asked])])
    return sums(mix(places.astype(U64) + U64(1)), bounds.astype(np.int64))
