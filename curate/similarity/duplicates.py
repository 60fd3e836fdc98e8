"""Which records are duplicates, of which, and which prompts have several answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.similarity.differences import blocks, told_apart, without_differences
from curate.similarity.index import Index
from curate.similarity.join import Pairs, jaccard, similar_pairs

__all__ = ["FLOOR", "Matches", "Removal", "cut", "find_matches", "remove", "same_prompts"]

Array = np.ndarray[Any, np.dtype[Any]]

FLOOR = 0.5
"""Pairs are searched down to this similarity, so that a lower threshold can be tried at once."""
_REORDERED = 30  # words; a text of so many or more is the same if its words are
_PLACES = 10_000


@dataclass(frozen=True, slots=True)
class Matches:
    """Which records are the same, and which are similar; nothing of it depends on who should stay.

    Attributes:
        text: int64 (n,), the record that stands for all with the same text when texts are
            compared, the record itself included; texts are the same that differ in case, space and
            punctuation only.
        first, second: int64, pairs of these that nothing decisive tells apart.
        scores: float64 (pairs, 2), similarity of their prompts and of their answers, cut to four
            places; 1 on a side that is not compared.
        prompt: uint64 (n,), equal where the prompts are the same, as `text` is.

    """

    text: Array
    first: Array
    second: Array
    scores: Array
    prompt: Array


def find_matches(index: Index, rank: Array, sides: tuple[int, ...], own: int) -> Matches:
    """Return the matches among all records of an index, none between texts of references alone.

    Args:
        index: of the records.
        rank: int64 (n,), place of each record: of the same texts the first one is compared.
        sides: what is compared: 0 the prompt, 1 the answer.
        own: how many are no references; these come first.

    """
    text = _bests(rank, *(index.normal[:, side] for side in sides))
    texts = np.flatnonzero(text == np.arange(text.size))
    ours = np.zeros(text.size, bool)
    ours[text[:own]] = True

    def apart(first: Array, second: Array) -> Array:
        return ~(ours[first] | ours[second]) | told_apart(index, first, second, sides)

    pairs = similar_pairs(index, texts, blocks(index, texts, sides), sides, FLOOR, apart)
    same = without_differences(index, pairs, sides)
    pairs = Pairs(pairs.first[same], pairs.second[same], pairs.shared[same])
    scores = _scores(index, pairs, sides)
    return Matches(text, pairs.first, pairs.second, scores, index.normal[:, 0])


def _bests(rank: Array, *keys: Array) -> Array:
    """Return, for each record, the one with the best rank of those with the same keys."""
    order = np.lexsort((rank, *keys))
    new = np.zeros(order.size, bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[order][1:] != key[order][:-1]
    starts = np.flatnonzero(new)
    best = np.empty(order.size, np.int64)
    best[order] = order[np.repeat(starts, np.diff(np.append(starts, order.size)))]
    return best


def _scores(index: Index, pairs: Pairs, sides: tuple[int, ...]) -> Array:
    """Return the Jaccard similarity on each side, 1 for long texts with the same words."""
    first, second, shared = pairs
    scores = np.ones((first.size, 2))
    for side in sides:
        scores[:, side] = jaccard(index, first, second, shared[:, side], side)
        same = index.bag[first, side] == index.bag[second, side]
        scores[same & (index.words[first, side] >= _REORDERED), side] = 1.0
    return cut(scores)


def cut(scores: Array) -> Array:
    """Return scores cut to four places: on the same side of any threshold of four places or fewer.

    >>> cut(np.array([0.79999, 0.8, 2 / 3]))
    array([0.7999, 0.8   , 0.6666])
    """
    return np.floor(scores * _PLACES + 1e-6) / _PLACES


@dataclass(frozen=True, slots=True)
class Removal:
    """Which records go.

    Attributes:
        best: int64 (n,), of the records with the same text the one with the best rank.
        kept: int64 (n,), the record that stays in place of each; -1 for one that stays itself.
        near: bool (n,), the match is one of similar records, not of equal ones.
        scores: float64 (n, 2), of the record and the one that stays.

    """

    best: Array
    kept: Array
    near: Array
    scores: Array


def remove(matches: Matches, rank: Array, thresholds: Sequence[float], own: int) -> Removal:
    """Return which records go at two thresholds, of prompts and of answers; no reference does.

    Of the records with the same text the one with the best rank can stay. From the best rank on it
    does unless it matches one that stays already: so each record that goes has a match of its own
    with one that stays. Of several it is the most similar one, then the one with the best rank.
    """
    best = _bests(rank, matches.text)
    enough = np.flatnonzero((matches.scores >= np.array(thresholds) - 1e-9).all(axis=1))
    better, worse = best[matches.first[enough]], best[matches.second[enough]]
    better, worse = np.where(rank[better] < rank[worse], (better, worse), (worse, better))
    may = worse < own
    better, worse, enough = better[may], worse[may], enough[may]
    gone = _gone(better, worse, rank)
    direct = np.flatnonzero(gone[worse] & ~gone[better])
    better, worse, scores = better[direct], worse[direct], matches.scores[enough[direct]]
    order = np.lexsort((rank[better], -scores.min(axis=1), worse))
    order = order[np.diff(worse[order], prepend=-1) > 0]
    winner, similar = np.full(rank.size, -1, np.int64), np.ones((rank.size, 2))
    winner[worse[order]], similar[worse[order]] = better[order], scores[order]
    kept = np.where(winner[best] >= 0, winner[best], best)
    kept[kept == np.arange(rank.size)] = -1
    kept[own:] = -1
    return Removal(best, kept, winner[best] >= 0, similar[best])


def _gone(better: Array, worse: Array, rank: Array) -> Array:
    """Return which records match one that stays, given the better and the worse of each pair."""
    order = np.argsort(rank[worse], kind="stable")
    gone = bytearray(rank.size)
    for one, other in zip(better[order].tolist(), worse[order].tolist(), strict=True):
        if not gone[one]:  # what is known by now: each pair of a better one came before
            gone[other] = 1
    return np.frombuffer(gone, bool)


def same_prompts(matches: Matches, best: Array, rank: Array, own: int) -> list[Array]:
    """Return the groups of unlike texts that share a prompt, of each text the best record.

    A group of references alone is none.

    In a group the best record comes first; the groups go by their first record.

    Args:
        matches: among the records.
        best: as in Removal.
        rank: int64 (n,), place of each record among those that should stay.
        own: how many are no references.

    """
    texts = np.flatnonzero(best == np.arange(best.size))
    order = texts[np.lexsort((rank[texts], matches.prompt[texts]))]
    prompt = matches.prompt[order]
    starts = np.flatnonzero(np.append(True, prompt[1:] != prompt[:-1])[: order.size])
    ends = np.append(starts[1:], order.size)
    several = ends - starts > 1
    groups = [order[a:b] for a, b in zip(starts[several], ends[several], strict=True)]
    return sorted(
        (group for group in groups if group.min() < own), key=lambda group: int(group.min())
    )
