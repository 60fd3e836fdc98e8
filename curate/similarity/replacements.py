"""Words of two records that stand in the place of others, many pairs at once."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from curate.similarity.documents import POWERS
from curate.similarity.index import Index, slices
from curate.similarity.lexicon import FILLERS

__all__ = ["FILLING", "REPLACED", "has_gaps", "replaced"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

REPLACED = 7
"""So many triples in a row that the other prompt lacks: five words on end, another question."""
FILLING = frozenset((FILLERS & ~np.uint32(1)).tolist())
_FILLING = np.array(sorted(FILLING), np.uint32)
_WORDS = 1 << 16  # words of pairs that are looked at together: they stay in the cache
_SLOTS = 17  # bits of a place in the table that triples are looked up in


def replaced(index: Index, first: Array, second: Array, sides: tuple[int, ...]) -> Array:
    """Return in which pairs words of one record stand where others do in the other.

    - another order: the same words, of which one has not a single triple that both have; so a
      sentence may move, a word may not
    - one of the words of a text in the place of another of them
    - a word in all its places, two or more, another word in all of these
    """
    found = _in_parts(index.words.sum(axis=1), first, second, partial(_moved, index))
    for side in sides:
        same = index.words[first, side] == index.words[second, side]
        same &= index.normal[first, side] != index.normal[second, side]
        chosen = np.flatnonzero(same & ~found)
        found[chosen] = _in_parts(
            index.words[:, side],
            first[chosen],
            second[chosen],
            partial(_swapped, index, side),
        )
    return found


def has_gaps(index: Index, first: Array, second: Array) -> Array:
    """Return in which pairs each prompt has REPLACED triples in a row that the other lacks."""

    def gaps(first: Array, second: Array) -> Array:
        found = np.ones(first.size, bool)
        for one, other in ((first, second), (second, first)):
            one, other = one[found], other[found]
            words, owner = index.words_of(one, 0)
            shared, whole = _shared(words, owner, *index.words_of(other, 0))
            lacking = np.concatenate([[0], np.cumsum(whole & ~shared)])
            run = np.flatnonzero(lacking[REPLACED:] - lacking[:-REPLACED] == REPLACED)
            run = run[owner[run] == owner[run + REPLACED - 1]]
            found[found] = np.bincount(owner[run], minlength=one.size) > 0
        return found

    return _in_parts(index.words[:, 0], first, second, gaps)


def _in_parts(
    weights: Array, first: Array, second: Array, judge: Callable[[Array, Array], Array]
) -> Array:
    """Return what `judge` says of all pairs, given some at a time."""
    parts = slices(weights[first] + weights[second], _WORDS)
    return np.concatenate([np.zeros(0, bool), *(judge(first[p], second[p]) for p in parts)])


def _moved(index: Index, first: Array, second: Array) -> Array:
    """Return in which pairs a word in all its places is another word in the other record."""
    words = [index.words_of(records, side) for records in (first, second) for side in (0, 1)]
    word, owner, one, other = _counts(words[:2], words[2:])
    often = (one + other > 1) & ((one == 0) | (other == 0))
    often[often] = ~_fills(word[often])
    times = owner << 32 | one | other
    both = np.intersect1d(times[often & (other == 0)], times[often & (one == 0)])
    return np.bincount(both >> 32, minlength=first.size) > 0


def _swapped(index: Index, side: int, first: Array, second: Array) -> Array:
    """Return which pairs of texts of the same words, as a set, differ by single words.

    The texts are of the same length.
    """
    (one, owner), (other, _) = index.words_of(first, side), index.words_of(second, side)
    _, of, here, there = _counts([(one, owner)], [(other, owner)])
    unlike = np.bincount(of[(here == 0) | (there == 0)], minlength=first.size) > 0
    uneven = np.bincount(of[here != there], minlength=first.size) > 0
    found = ~unlike & uneven
    moved = ~unlike & ~uneven & (np.bincount(owner[one != other], minlength=first.size) > 0)
    chosen = moved[owner]
    one, other, owner = one[chosen], other[chosen], owner[chosen]
    alone = _alone(one, other, owner, first.size) | _alone(other, one, owner, first.size)
    return found | moved & alone


def _alone(words: Array, other: Array, owner: Array, count: int) -> Array:
    """Return where a word lies in no triple that the other text has, and stays in its place.

    Where a short sentence has moved its words are alone too, but all between it and its new place
    have moved with it: then most of what stands elsewhere is not alone.
    """
    shared, _ = _shared(words, owner, other, owner)
    alone = ~shared
    alone[1:] &= ~shared[:-1]
    alone[2:] &= ~shared[:-2]
    differ = words != other
    decisive = alone.copy()
    decisive[alone] = ~_fills(words[alone])
    moved = np.bincount(owner[differ], minlength=count)
    stay = np.bincount(owner[differ & alone], minlength=count)
    return (np.bincount(owner[decisive], minlength=count) > 0) & (2 * stay >= moved)


def _fills(words: Array) -> Array:
    place = np.searchsorted(_FILLING, words)
    return _FILLING[np.minimum(place, _FILLING.size - 1)] == words


def _counts(
    ones: list[tuple[Array, Array]], others: list[tuple[Array, Array]]
) -> tuple[Array, Array, Array, Array]:
    """Return each word of each pair, whose it is, and how often it comes in one and the other."""
    keys = [
        owner.astype(U64) << U64(32) | words | U64(number)  # the lowest bit of a word is 0
        for number, texts in enumerate((ones, others))
        for words, owner in texts
    ]
    key = np.sort(np.concatenate(keys))
    new = np.ones(key.size, bool)
    new[1:] = key[1:] >> U64(1) != key[:-1] >> U64(1)
    starts = np.flatnonzero(new)
    behind = np.concatenate([[0], np.cumsum((key & U64(1)).astype(np.int64))])
    ends = np.append(starts[1:], key.size)
    other = behind[ends] - behind[starts]
    word = key[starts].astype(np.uint32) & ~np.uint32(1)
    return word, (key[starts] >> U64(32)).astype(np.int64), ends - starts - other, other


def _shared(
    words: Array, owner: Array, others: Array, owner_of_others: Array
) -> tuple[Array, Array]:
    """Return which words begin a triple that the other text of the pair has, which one at all."""
    (wanted, whole), (given, there) = _triples(words, owner), _triples(others, owner_of_others)
    given, shared = given[there], np.zeros(words.size, bool)
    table, shift = np.zeros(1 << _SLOTS, U64), U64(64 - _SLOTS)
    place = wanted >> shift
    while given.size:  # those that lost their place to another come in the next round
        at = given >> shift
        table[at] = given
        shared |= table[place] == wanted
        given = given[table[at] != given]
    return shared & whole, whole


def _triples(words: Array, owner: Array) -> tuple[Array, Array]:
    """Return a hash of each word with the two behind it and their pair; which of them are whole."""
    spread = np.concatenate([words, np.zeros(2, np.uint32)]).astype(U64)
    hashes = spread[:-2] * POWERS[0] + spread[1:-1] * POWERS[1] + spread[2:] * POWERS[2]
    whole = np.zeros(words.size, bool)
    whole[:-2] = owner[2:] == owner[:-2]
    return hashes + owner.astype(U64) * POWERS[3], whole
