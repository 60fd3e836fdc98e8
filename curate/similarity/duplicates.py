"""Which records are duplicates, of which, and which prompts have several answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from curate.similarity.differences import blocks, told_apart, without_differences
from curate.similarity.index import Index
from curate.similarity.join import Pairs, jaccard, similar_pairs

__all__ = ["FLOOR", "Matches", "Removal", "conflicts", "find_matches", "remove"]

Array = np.ndarray[Any, np.dtype[Any]]

FLOOR = 0.5
"""Pairs are searched down to this similarity, so that a lower threshold can be tried at once."""
_REORDERED = 30  # words; a text of so many or more is the same if its words are


@dataclass(frozen=True, slots=True)
class Matches:
    """Which records are the same, and which are similar.

    Attributes:
        leader: int64 (n,), the best record with the same text, the record itself included; texts
            are the same that differ in case, space and punctuation only.
        first, second: int64, pairs of leaders that nothing decisive tells apart.
        scores: float64 (pairs, 2), similarity of their prompts and of their answers; 1 on a side
            that is not compared.

    """

    leader: Array
    first: Array
    second: Array
    scores: Array


def find_matches(index: Index, rank: Array, sides: tuple[int, ...]) -> Matches:
    """Return the matches among all records of an index.

    Args:
        index: of the records.
        rank: int64 (n,), place of each record among those that should stay: 0 is the best.
        sides: what is compared: 0 the prompt, 1 the answer.

    """
    leader = _leaders(index, rank, sides)
    leaders = np.flatnonzero(leader == np.arange(leader.size))
    apart = partial(told_apart, index, sides=sides)
    pairs = similar_pairs(index, leaders, blocks(index, leaders, sides), sides, FLOOR, apart)
    same = without_differences(index, pairs, sides)
    pairs = Pairs(pairs.first[same], pairs.second[same], pairs.shared[same])
    return Matches(leader, pairs.first, pairs.second, _scores(index, pairs, sides))


def _leaders(index: Index, rank: Array, sides: tuple[int, ...]) -> Array:
    keys = [index.normal[:, side] for side in sides]
    order = np.lexsort((rank, *keys))
    new = np.zeros(order.size, bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[order][1:] != key[order][:-1]
    starts = np.flatnonzero(new)
    leader = np.empty(order.size, np.int64)
    leader[order] = order[np.repeat(starts, np.diff(np.append(starts, order.size)))]
    return leader


def _scores(index: Index, pairs: Pairs, sides: tuple[int, ...]) -> Array:
    """Return the Jaccard similarity on each side, 1 for long texts with the same words."""
    first, second, shared = pairs
    scores = np.ones((first.size, 2))
    for side in sides:
        scores[:, side] = jaccard(index, first, second, shared[:, side], side)
        same = index.bag[first, side] == index.bag[second, side]
        scores[same & (index.words[first, side] >= _REORDERED), side] = 1.0
    return scores


@dataclass(frozen=True, slots=True)
class Removal:
    """Which records go.

    Attributes:
        kept: int64 (n,), the record that stays in place of each; -1 for one that stays itself.
        near: bool (n,), the match is one of similar records, not of equal ones.
        scores: float64 (n, 2), of the record and the one that stays.

    """

    kept: Array
    near: Array
    scores: Array


def remove(matches: Matches, rank: Array, thresholds: Sequence[float]) -> Removal:
    """Return which records go at two thresholds, of prompts and of answers.

    From the best rank on, a leader stays unless it matches one that stays already: so each record
    that goes has a match of its own with one that stays. Of several it is the most similar one,
    then the one with the best rank.
    """
    count = matches.leader.size
    kept = np.full(count, -1, np.int64)
    scores = np.ones((count, 2))
    enough = (matches.scores >= np.array(thresholds) - 1e-9).all(axis=1)
    near: dict[int, list[tuple[float, int, int, int]]] = {}
    chosen = np.flatnonzero(enough)
    least = matches.scores[chosen].min(axis=1).tolist()
    ends = (matches.first[chosen].tolist(), matches.second[chosen].tolist())
    for pair, score, one, other in zip(chosen.tolist(), least, *ends, strict=True):
        better, worse = (one, other) if rank[one] < rank[other] else (other, one)
        near.setdefault(worse, []).append((-score, int(rank[better]), better, pair))
    gone: set[int] = set()
    for record in sorted(near, key=lambda record: int(rank[record])):
        stay = [match for match in near[record] if match[2] not in gone]
        if stay:
            _, _, kept[record], pair = min(stay)
            scores[record] = matches.scores[pair]
            gone.add(record)
    follows = matches.leader != np.arange(count)
    by_leader = kept[matches.leader]
    kept = np.where(follows, np.where(by_leader >= 0, by_leader, matches.leader), kept)
    scores = np.where(follows[:, None], scores[matches.leader], scores)
    return Removal(kept, by_leader >= 0, scores)


def conflicts(index: Index, kept: Array, rank: Array) -> list[Array]:
    """Return the groups of records that stay and share a prompt, each with the best first.

    Prompts are the same that differ in case, space and punctuation only.
    """
    alive = np.flatnonzero(kept < 0)
    prompt = index.normal[alive, 0]
    order = np.lexsort((rank[alive], prompt))
    starts = np.flatnonzero(np.diff(prompt[order], prepend=prompt[order][:1] ^ np.uint64(1)))
    groups = np.split(alive[order], starts[1:]) if order.size else []
    groups = [group for group in groups if group.size > 1]
    return sorted(groups, key=lambda group: int(group.min()))
