"""Which records are duplicates, of which, and which prompts have several answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from curate.similarity.differences import blocks, told_apart, without_differences
from curate.similarity.forms import forms
from curate.similarity.index import Index, expand, slices
from curate.similarity.join import Pairs, jaccard, similar_pairs
from curate.similarity.profile import Profiles

if TYPE_CHECKING:
    from curate.steps.base import Spread

__all__ = ["FLOOR", "Matches", "Removal", "best_of_same", "cut", "find_matches", "remove",
           "same_prompts"]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]

FLOOR = 0.5
"""Pairs are searched down to this similarity, so that a lower threshold can be tried at once."""
_REORDERED = 30  # words; a text of so many or more is the same if its words are
_PLACES = 10_000
_PART = 1 << 23  # bytes of profiles that are searched at once


@dataclass(frozen=True, slots=True)
class Matches:
    """Which records are the same, and which are similar; nothing of it depends on who should stay.

    Attributes:
        normal: int64 (n,), one record for all whose texts differ in case, space and punctuation
            only, the record itself included.
        text: int64 (n,), of these one for all that do not differ in what decides either: names and
            questions. It stands for them where texts are compared.
        first, second: int64, pairs of these that are similar, nothing decisive telling them apart.
        scores: float64 (pairs, 2), similarity of their prompts and of their answers, cut to four
            places; 1 on a side that is not compared.
        prompt: uint64 (n,), equal where the prompts are the same, as `normal` is.

    """

    normal: Array
    text: Array
    first: Array
    second: Array
    scores: Array
    prompt: Array


class _Part(NamedTuple):
    """Records of which none is to be compared with one of another part.

    Attributes:
        records: int64 (n,), their numbers, ascending.
        profiles: of these records.
        blocks: uint64 (n,), those with unequal ones are not compared either.
        normal: int64 (n,), as in Matches.
        ours: bool (n,), whether each is the text of a record that is no reference.

    """

    records: Array
    profiles: Profiles
    blocks: Array
    normal: Array
    ours: Array


class _Similar(NamedTuple):
    """Pairs of similar records: their numbers, and scores as in Matches."""

    first: Array
    second: Array
    scores: Array


def find_matches(
    index: Index, rank: Array, sides: tuple[int, ...], own: int, spread: "Spread" = map
) -> Matches:
    """Return the matches among all records of an index, none between texts of references alone.

    Args:
        index: of the records.
        rank: int64 (n,), place of each record: of the same texts the first one is compared.
        sides: what is compared: 0 the prompt, 1 the answer.
        own: how many are no references; these come first.
        spread: does the work that can be done apart.

    """
    normal = best_of_same(rank, *(index.normal[:, side] for side in sides))
    form = np.zeros(normal.size, np.uint64)
    several = np.flatnonzero(np.bincount(normal, minlength=normal.size)[normal] > 1)
    form[several] = forms(index, several, sides)
    text = best_of_same(rank, form, normal)
    texts = np.flatnonzero(text == np.arange(text.size))
    ours = np.zeros(text.size, bool)
    ours[text[:own]] = True

    parts = _parts(index, texts, blocks(index, texts, sides), normal, ours)
    none = np.zeros(0, np.int64)
    found = [_Similar(none, none, np.zeros((0, 2))), *spread(partial(_find_similar, sides), parts)]
    first, second, scores = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.lexsort((second, first))
    return Matches(normal, text, first[order], second[order], scores[order], index.normal[:, 0])


def _parts(index: Index, texts: Array, block: Array, normal: Array, ours: Array) -> Iterator[_Part]:
    """Yield parts of about the same size, each with all records of its blocks."""
    order = np.argsort(block, kind="stable")
    texts, block = texts[order], block[order]
    starts = np.flatnonzero(np.append(True, block[1:] != block[:-1])[: block.size])
    ends = np.append(starts[1:], block.size)
    several = ends - starts > 1
    starts, ends = starts[several], ends[several]
    total = np.append(0, np.cumsum(index.weights(texts)))
    for part in slices(total[ends] - total[starts], _PART):
        place, _ = expand(starts[part], ends[part] - starts[part])
        place = place[np.argsort(texts[place])]
        records = texts[place]
        yield _Part(records, index.take(records), block[place], normal[records], ours[records])


def _find_similar(sides: tuple[int, ...], part: _Part) -> _Similar:
    """Return the similar pairs of a part that nothing decisive tells apart."""
    index = Index.of(part.profiles)

    def apart(first: Array, second: Array) -> Array:
        unwanted = part.normal[first] == part.normal[second]
        unwanted |= ~(part.ours[first] | part.ours[second])
        return unwanted | told_apart(index, first, second, sides)

    pairs = similar_pairs(index, np.arange(part.records.size), part.blocks, sides, FLOOR, apart)
    same = without_differences(index, pairs, sides)
    pairs = Pairs(pairs.first[same], pairs.second[same], pairs.shared[same])
    scores = _scores(index, pairs, sides)
    return _Similar(part.records[pairs.first], part.records[pairs.second], scores)


def best_of_same(rank: Array, *keys: Array) -> Array:
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
        best: int64 (n,), of the records that differ in case, space and punctuation only the one
            that stays, else the one with the best rank.
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

    From the best rank on a record stays unless it matches one that stays already: so each record
    that goes has a match of its own with one that stays. Of several it is the most similar one,
    then the one with the best rank.
    """
    count, best = rank.size, best_of_same(rank, matches.text)
    enough = np.flatnonzero((matches.scores >= np.array(thresholds) - 1e-9).all(axis=1))
    better, worse = best[matches.first[enough]], best[matches.second[enough]]
    better, worse = np.where(rank[better] < rank[worse], (better, worse), (worse, better))
    may = worse < own
    better, worse, enough = better[may], worse[may], enough[may]
    bests = np.flatnonzero(best == np.arange(count))
    gone = _gone(better, worse, bests, matches.normal, rank, own)
    direct = np.flatnonzero(gone[worse] & ~gone[better])
    better, worse, scores = better[direct], worse[direct], matches.scores[enough[direct]]
    order = np.lexsort((rank[better], -scores.min(axis=1), worse))
    order = order[np.diff(worse[order], prepend=-1) > 0]
    similar, score = np.full(count, -1, np.int64), np.ones((count, 2))
    similar[worse[order]], score[worse[order]] = better[order], scores[order]
    alive = bests[~gone[bests]]
    alive = alive[np.argsort(-rank[alive])]
    equal = np.full(count, -1, np.int64)
    equal[matches.normal[alive]] = alive  # the last one counts: that with the best rank
    equal = equal[matches.normal]
    near = equal < 0
    kept = np.where(near, similar[best], equal)
    kept[kept == np.arange(count)] = -1
    kept[own:] = -1
    first = np.where(near, best_of_same(rank, matches.normal), equal)
    return Removal(first, kept, near, np.where(near[:, None], score[best], 1.0))


def _gone(better: Array, worse: Array, bests: Array, normal: Array, rank: Array, own: int) -> Array:
    """Return which of the best records of each text go.

    Args:
        better: of each pair of similar ones the one with the better rank.
        worse: the other.
        bests: the records.
        normal: as in Matches.
        rank: of all records.
        own: how many are no references.

    """
    several = bests[np.bincount(normal[bests], minlength=rank.size)[normal[bests]] > 1]
    one = np.concatenate([better, rank.size + normal[several]])
    other = np.concatenate([worse, several])
    order = np.lexsort((one >= rank.size, rank[other]))
    gone = bytearray(rank.size) + b"\1" * rank.size  # behind: whether one of the equal ones stays
    for a, b in zip(one[order].tolist(), other[order].tolist(), strict=True):
        if not gone[a]:  # what is known by now: whatever is better came before
            gone[b] = b < own
        elif a >= rank.size and not gone[b]:
            gone[a] = 0
    return np.frombuffer(gone, bool)[: rank.size]


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
