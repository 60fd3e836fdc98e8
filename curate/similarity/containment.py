"""How much of an item stands in a text, and where."""

from typing import Any

import numpy as np

from curate.similarity.evaluation import SHINGLE, Unit, holds, shingles_of
from curate.similarity.numbers import has_other_numbers, has_other_operators
from curate.similarity.passages import Passages
from curate.similarity.tokens import tokenise

__all__ = ["WEIGHT", "judge", "measure", "weights"]

Array = np.ndarray[Any, np.dtype[Any]]

_WINDOW, _ROOM = 1.5, 20
"""A unit is sought in a passage of so many times its words, and so many more."""
_AROUND = 40
"""So many characters before and behind a passage are looked at for other numbers."""
_SHORT = 30
"""In fewer words of its own than this each of them can be the question."""
_GENITIVE = tokenise(["s"]).hashes[0]
"""What a name leaves that lost its apostrophe: "ANN S" is "Ann's"."""
WEIGHT = 1_000_000
"""That of a shingle that one record has, or none; one that n records have has the n-th part."""


def judge(unit: Unit, passages: Passages) -> tuple[float, int, int]:
    """Return how much of a unit stands in a text, and from which word to which; 0 for another one.

    What has to be there word by word is not part of a longer sentence. Of the others no number is
    another one, and a short one asks the same.
    """
    if unit.whole:
        for first in holds(passages.words, unit.words):
            last = first + unit.words.size - 1
            passage = passages.span(first, last)[1]
            if passages.stands_alone(first, last) and not has_other_operators(unit.text, passage):
                return 1.0, first, last
        return 0.0, 0, 0
    score, first, last = measure(unit, passages.words)
    if not score or has_other_numbers(unit.text, passages.span(first, last, _AROUND)[1]):
        return 0.0, 0, 0
    other = unit.size < _SHORT and _asks_other(unit, passages, first, last)
    return (0.0, 0, 0) if other else (score, first, last)


def _asks_other(unit: Unit, passages: Passages, first: int, last: int) -> bool:
    """Return whether a short unit is another question in a passage.

    That is so with two other words, with one where there is a name, with a word in the place of its
    alternative ("north" and "south"), and with a negation more or less.
    """
    here = slice(max(first - SHINGLE, 0), last + SHINGLE + 1)
    near = passages.words[here]
    gone = unit.content[~np.isin(unit.content, near)]
    new = ~np.isin(near, unit.words)
    if gone.size:
        named = np.isin(gone, unit.names).any() or passages.are_names(here)[new].any()
        if gone.size > 1 or (named and not np.isin(_GENITIVE, near[new])):
            return True
    lost = ~np.isin(unit.words, near)
    pairs = (unit.group[lost, None] == passages.group[here][new]) & (unit.group[lost, None] > 0)
    others = unit.member[lost, None] != passages.member[here][new]
    inside = slice(first, last + 1)
    negated = passages.negations[inside] & ~np.isin(passages.words[inside], unit.words)
    return bool((pairs & others).any() or negated.any())


def measure(unit: Unit, words: Array) -> tuple[float, int, int]:
    """Return how much of a unit stands close together, and the first and the last of its words."""
    if unit.whole:
        starts = holds(words, unit.words)
        return (1.0, starts[0], starts[0] + unit.words.size - 1) if starts else (0.0, 0, 0)
    hashes = shingles_of(words)
    which = np.minimum(np.searchsorted(unit.shingles, hashes), unit.shingles.size - 1)
    places = np.flatnonzero(unit.shingles[which] == hashes)
    width = int(unit.words.size * _WINDOW) + _ROOM
    most = now = first = last = 0
    inside: dict[int, int] = {}
    begin = 0
    there = which[places].tolist()
    counts = unit.weights.tolist()
    for end, place in enumerate(places.tolist()):
        inside[there[end]] = inside.get(there[end], 0) + 1
        now += counts[there[end]] * (inside[there[end]] == 1)
        while places[begin] + width < place:
            inside[there[begin]] -= 1
            now -= counts[there[begin]] * (inside[there[begin]] == 0)
            begin += 1
        if now > most or (now == most and places[begin] == first):
            most, first, last = now, int(places[begin]), place + SHINGLE - 1
    return most / sum(counts), first, last


def weights(unit: Unit) -> Array:
    """Return the weight of each shingle by place, 0 for template."""
    hashes = shingles_of(unit.words)
    at = np.minimum(np.searchsorted(unit.shingles, hashes), unit.shingles.size - 1)
    return np.where(unit.shingles[at] == hashes, unit.weights[at], 0)
