"""How much of an item stands in a text, and where."""

from typing import Any

import numpy as np

from curate.similarity.evaluation import SHINGLE, Unit, holds, shingles_of
from curate.similarity.numbers import has_other_numbers
from curate.similarity.passages import Passages

__all__ = ["WEIGHT", "judge", "measure", "weights"]

Array = np.ndarray[Any, np.dtype[Any]]

_WINDOW, _ROOM = 1.5, 20
"""A unit is sought in a passage of so many times its words, and so many more."""
_AROUND = 40
"""So many characters before and behind a passage are looked at for other numbers."""
_SHORT = 30
"""In fewer words than this each of them can be the question."""
WEIGHT = 1_000_000
"""That of a shingle that one record has, or none; one that n records have has the n-th part."""


def judge(unit: Unit, passages: Passages) -> tuple[float, int, int]:
    """Return how much of a unit stands in a text, and from which word to which; 0 for another one.

    What has to be there word by word is not part of a longer sentence. Of the others no number is
    another one, and of a short one at most one word.
    """
    if unit.whole:
        for first in holds(passages.words, unit.words):
            last = first + unit.words.size - 1
            if passages.stands_alone(first, last):
                return 1.0, first, last
        return 0.0, 0, 0
    score, first, last = measure(unit, passages.words)
    if not score or has_other_numbers(unit.text, passages.span(first, last, _AROUND)[1]):
        return 0.0, 0, 0
    near = passages.words[max(first - SHINGLE, 0) : last + SHINGLE + 1]
    others = np.count_nonzero(~np.isin(unit.content, near))
    return (0.0, 0, 0) if others > 1 and unit.words.size < _SHORT else (score, first, last)


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
