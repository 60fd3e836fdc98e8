"""What tells two records apart although most of their words are the same."""

from typing import Any

import numpy as np

from curate.similarity.hashing import mix
from curate.similarity.index import Index
from curate.similarity.join import Pairs, count_shared
from curate.similarity.replacements import FILLING, REPLACED, has_gaps, replaced

__all__ = ["blocks", "told_apart", "without_differences"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

LONG = 40
"""Words; in a text of so many a negation or a numeral may change among other words."""
SLIPS = 0.2
"""Share of the words of a question that may be others."""


def blocks(index: Index, records: Array, sides: tuple[int, ...]) -> Array:
    """Return, for each record, the hash of what is equal in all that are the same.

    These are the numbers, the words of short texts, and mathematical signs beside few words.
    """
    total = np.zeros(records.size, U64)
    for side in sides:
        total = mix(total + index.decisive[records, side] + U64(side + 1))
    return total


def told_apart(index: Index, first: Array, second: Array, sides: tuple[int, ...]) -> Array:
    """Return which pairs surely differ, on any side, in what decides. Quick: it misses a few.

    - numbers in another order, and not beside the same words either; commas elsewhere in them
    - numbers like "7." that may be of a list; which of them are counts only where not all are equal
    - operators in code and sums: one stands in the place of another
    - operators, negations and numerals, in a text of fewer than 40 words
    - negations, numerals and names, where the other words are the same; of names each text needs
      one that the other lacks
    - negations, where the longer text is longer by them; any operator, where all words are the same
    - alternatives: one word like "left" for another like "right", both ways the same number
    - pictures beside few words, where both have some
    - words of a short part, where there are as many parts and the other words are the same
    - what the prompt asks, see `_asks_else`
    """
    apart = np.zeros(first.size, bool)
    for side in sides:
        apart |= (index.order[first, side] != index.order[second, side]) & (
            index.beside[first, side] != index.beside[second, side]
        )
        apart |= (index.loose[first, side] != index.loose[second, side]) & (
            index.all_loose[first, side] != index.all_loose[second, side]
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
        apart |= (index.bag[first, side] == index.bag[second, side]) & (more | less)
        denied = index.denied[first, side] - index.denied[second, side]
        apart |= (denied != 0) & (words[first] - words[second] == denied)
        apart |= (index.groups[first, side] == index.groups[second, side]) & (
            index.members[first, side] != index.members[second, side]
        )
        apart |= (
            (index.part_count[first, side] == index.part_count[second, side])
            & (index.parts[first, side] != index.parts[second, side])
            & (index.rest[first, side] == index.rest[second, side])
        )
        pictures = index.pictures[:, side]
        both = (pictures[first] != 0) & (pictures[second] != 0)
        apart |= both & (pictures[first] != pictures[second])
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

    Those go whose names differ and share bits, whose questions ask something else, in whose
    prompts five words on end or more stand in place of others, and all that `replaced` finds.
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
        chosen = np.flatnonzero(same & (lacking >= REPLACED))
        same[chosen] = ~has_gaps(index, first[chosen], second[chosen])
    chosen = np.flatnonzero(same)
    same[chosen] = ~replaced(index, first[chosen], second[chosen], sides)
    if 0 in sides:
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
        not names.isdisjoint(index.text_of(record, 0).tolist())
        for names, record in ((lost, second), (gained, first))
    ]
    return all(elsewhere)
