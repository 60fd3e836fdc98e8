"""What tells two records apart although most of their words are the same."""

from collections.abc import Collection, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from curate.similarity.index import Index
from curate.similarity.join import Pairs, count_shared
from curate.similarity.tokens import FILLERS, mix

__all__ = ["blocks", "told_apart", "without_differences"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64
Gram = tuple[int, int, int]

_COLUMNS = {0: (0, 1), 1: (2,)}  # of Profiles.decisive, by side
_EVEN = ~np.uint32(1)
FILLING = frozenset((FILLERS & _EVEN).tolist())
LONG = 40
"""Words; in a text of so many a negation or a numeral may change among other words."""
SLIPS = 0.2
"""Share of the words of a question that may be others."""
REPLACED = 7
"""So many shingles in a row that the other prompt lacks: five words on end, another question."""


def blocks(index: Index, records: Array, sides: tuple[int, ...]) -> Array:
    """Return, for each record, the hash of what is equal in all that are the same.

    These are the numbers, pictures in short texts, and the words of short texts in the prompt.
    """
    total = np.zeros(records.size, U64)
    for side in sides:
        for column in _COLUMNS[side]:
            total = mix(total + index.decisive[records, column] + U64(column + 1))
    return total


def told_apart(index: Index, first: Array, second: Array, sides: tuple[int, ...]) -> Array:
    """Return which pairs surely differ, on any side, in what decides. Quick: it misses a few.

    - numbers in another order, and not beside the same words either; commas elsewhere in them
    - operators in code and sums: one stands in the place of another
    - operators, negations and numerals, in a text of fewer than 40 words
    - negations, numerals and names, where the other words are the same; of names each text needs
      one that the other lacks
    - what the prompt asks, see `_asks_else`
    """
    apart = np.zeros(first.size, bool)
    for side in sides:
        apart |= (index.order[first, side] != index.order[second, side]) & (
            index.beside[first, side] != index.beside[second, side]
        )
        commas = index.commas[:, side]
        apart |= (commas[first] != commas[second]) & (commas[first] != 0) & (commas[second] != 0)
        operators = index.operators[:, side]
        more = np.any(operators[first] > operators[second], axis=1)
        less = np.any(operators[first] < operators[second], axis=1)
        turned = index.turning[first, side] != index.turning[second, side]
        words = index.words[:, side]
        short = np.minimum(words[first], words[second]) < LONG
        apart |= (more & less) | short & (turned | more | less)
        same = index.plain[first, side] == index.plain[second, side]
        apart |= same & (turned | _both_lack(index.name_bits[:, side], first, second))
    if 0 in sides:
        count, bits = index.asked_count[:, 0], index.asked_bits[:, 0]
        lost = np.bitwise_count(bits[first] & ~bits[second])
        gained = np.bitwise_count(bits[second] & ~bits[first])
        other = (count[first] != count[second]) | (np.maximum(lost, gained) > SLIPS * count[first])
        apart |= (lost > 0) & (gained > 0) & other
    return apart


def _both_lack(bits: Array, first: Array, second: Array) -> Array:
    """Return which pairs have a bit each that the other lacks."""
    return ((bits[first] & ~bits[second]) != 0) & ((bits[second] & ~bits[first]) != 0)


def without_differences(index: Index, pairs: Pairs, sides: tuple[int, ...]) -> Array:
    """Return which of the pairs that `told_apart` leaves do not differ in what decides.

    Those go whose names differ and share bits, whose questions ask something else, and in whose
    prompts five words on end or more stand in place of others.
    """
    first, second = pairs.first, pairs.second
    same = np.ones(first.size, bool)
    for side in sides:
        names = index.name_counts[:, side]
        fewer = np.minimum(names[first], names[second])
        plain = index.plain[first, side] == index.plain[second, side]
        named = np.flatnonzero(same & plain & (fewer > 0))
        shared = count_shared(index.names_of, first[named], second[named], side)
        same[named] = shared >= fewer[named]
    if 0 in sides:
        sizes = index.sizes[:, 0]
        lacking = np.minimum(sizes[first], sizes[second]) - pairs.shared[:, 0]
        grams = lru_cache(maxsize=1024)(partial(_grams, index))
        for number in np.flatnonzero(same & (lacking >= REPLACED)).tolist():
            one, other = grams(int(first[number])), grams(int(second[number]))
            same[number] = not (_has_gap(one[0], other[1]) and _has_gap(other[0], one[1]))
        asked = index.asked[:, 0]
        other = (asked[first] != asked[second]) & (asked[first] != 0) & (asked[second] != 0)
        for number in np.flatnonzero(same & other).tolist():
            same[number] = not _asks_else(index, first[number], second[number])
    return same


def _asks_else(index: Index, first: int, second: int) -> bool:
    """Return whether the questions of two prompts differ in what they ask.

    Of a passage one can ask about this or about that. Where few words of a question stand in the
    place of others, and not both are in the other text too, it is the same question with a slip.
    """
    one, other = index.question_of(first), index.question_of(second)
    words = set(one.tolist()), set(other.tolist())
    lost, gained = words[0] - words[1] - FILLING, words[1] - words[0] - FILLING
    if not lost or not gained:
        return False
    slip = one.size == other.size and np.count_nonzero(one != other) <= SLIPS * one.size
    if not slip:
        return True
    elsewhere = [
        not names.isdisjoint(index.words_of(record, 0).tolist())
        for names, record in ((lost, second), (gained, first))
    ]
    return all(elsewhere)


def _grams(index: Index, record: int) -> tuple[list[Gram], set[Gram]]:
    words = index.words_of(record, 0).tolist()
    grams = list(zip(words, words[1:], words[2:], strict=False))
    return grams, set(grams)


def _has_gap(sequence: Sequence[Gram], other: Collection[Gram]) -> bool:
    """Return whether a long run of shingles is one that the other text lacks."""
    run = 0
    for gram in sequence:
        run = 0 if gram in other else run + 1
        if run == REPLACED:
            return True
    return False
