"""Words of two records that stand in the place of others."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial

from curate.similarity.index import Index
from curate.similarity.lexicon import FILLERS

__all__ = ["FILLING", "replaced"]

FILLING = frozenset((FILLERS & ~FILLERS.dtype.type(1)).tolist())


def replaced(index: Index, sides: tuple[int, ...]) -> Callable[[int, int], bool]:
    """Return what says of two records whether words of one stand where others do in the other.

    - another order: the same words, of which one has not a single triple that both have; so a
      sentence may move, a word may not
    - one of the words of a text in the place of another of them
    - a word in all its places, two or more, another word in all of these
    """
    counts = lru_cache(maxsize=4096)(partial(_counts, index))

    def says(first: int, second: int) -> bool:
        for side in sides:
            if index.normal[first, side] == index.normal[second, side]:
                continue
            if index.words[first, side] == index.words[second, side] and _swapped(
                index.words_of(first, side).tolist(), index.words_of(second, side).tolist()
            ):
                return True
        one, other = counts(first), counts(second)
        lost = {times for word, times in one[1].items() if word not in other[0]}
        gained = {times for word, times in other[1].items() if word not in one[0]}
        return not lost.isdisjoint(gained)

    return says


def _counts(index: Index, record: int) -> tuple[frozenset[int], dict[int, int]]:
    """Return the words of a record, and how often those come that come twice or more."""
    words = [*index.words_of(record, 0).tolist(), *index.words_of(record, 1).tolist()]
    counts = Counter(words)
    return frozenset(counts), {
        word: times for word, times in counts.items() if times > 1 and word not in FILLING
    }


def _swapped(one: list[int], other: list[int]) -> bool:
    """Return whether two texts of the same words, as a set, differ by single words."""
    if one == other or set(one) != set(other):
        return False
    if sorted(one) != sorted(other):
        return True
    return _alone(one, other) or _alone(other, one)


def _alone(words: list[int], other: list[int]) -> bool:
    """Return whether a word lies in no triple that the other text has, and stays in its place.

    Where a short sentence has moved its words are alone too, but all between it and its new place
    have moved with it: then most of what stands elsewhere is not alone.
    """
    common = set(zip(other, other[1:], other[2:], strict=False))
    shared = [triple in common for triple in zip(words, words[1:], words[2:], strict=False)]
    around = zip([False, False, *shared], [False, *shared, False], [*shared, False, False],
                 strict=True)  # fmt: skip
    alone = [not any(triples) for triples in around]
    moved = [a for a, one, two in zip(alone, words, other, strict=True) if one != two]
    decisive = any(a and word not in FILLING for a, word in zip(alone, words, strict=True))
    return decisive and 2 * sum(moved) >= len(moved)
