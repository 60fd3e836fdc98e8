"""The items of evaluation sets, as they are looked for in records."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from curate.records import Record, Reference
from curate.similarity.courtesy import strip_politeness
from curate.similarity.documents import POWERS, owners
from curate.similarity.hashing import mix
from curate.similarity.tokens import FILLER, NAME, NUMBER, tokenise

__all__ = [
    "PARTS",
    "SHINGLE",
    "Item",
    "Unit",
    "grams",
    "grams_of",
    "holds",
    "read_items",
    "shingles_of",
]

Array = np.ndarray[Any, np.dtype[Any]]

PARTS = ("instruction", "context", "output")
"""The fields of an item, each looked for by itself."""
SHINGLE = 3
"""Words of which containment is counted."""
_FEW, _SHARE = 5, 0.01
"""A shingle in more items than this, and in a greater share of a set, is template."""
_INFORMATIVE = 5
"""A text with fewer shingles that are no template has to be there word by word."""
_BOILERPLATE = 8
"""So many shingles of template in a row at an end of a text are no part of the question."""
_BATCH = 4096


@dataclass(slots=True)
class Unit:
    """One field of an item.

    Attributes:
        text: as it was read, courtesy left out.
        words: uint64, hashes of its words in order, boilerplate at the ends left out.
        content: uint64, those of its own words that say what it is about, numbers left out.
        names: uint64, those of its words that are written as names.
        group, member: uint64, what each word is an alternative of, and which, as in `Tokens`.
        size: number of its own words, those that are not template alone.
        whole: it has to be there word by word.
        shingles: uint64, its shingles without template, ascending; what is contained of these is
            the score.
        template: uint64, those that are template.
        weights: int64, what each of the shingles counts.

    """

    text: str
    words: Array
    content: Array
    names: Array
    group: Array
    member: Array
    size: int = 0
    whole: bool = False
    shingles: Array = field(default_factory=lambda: np.zeros(0, np.uint64))
    template: Array = field(default_factory=lambda: np.zeros(0, np.uint64))
    weights: Array = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(slots=True)
class Item:
    """A record of an evaluation set.

    Attributes:
        set: the set that it is of.
        record: as it was read.
        units: its fields that have words, by name.
        allowed: it is no contamination, says the user.

    """

    set: str
    record: Record
    units: dict[str, Unit]
    allowed: bool = False


def grams(words: Array, n: int, first: Array) -> tuple[Array, Array]:
    """Return the hash of the n words from each place on, and which of these lie in one text.

    `first` says where the words of each text begin, and at last where they end.
    """
    spread = np.concatenate([words, np.zeros(n - 1, np.uint64)])
    total = np.zeros(words.size, np.uint64)
    for place in range(n):
        total += spread[place : place + words.size] * POWERS[place]
    inside = np.arange(words.size) + n <= first[owners(first) + 1]
    return mix(total), inside


def grams_of(words: Array, n: int) -> Array:
    """Return the hashes of n words in a row of one text by place."""
    hashes, inside = grams(words, n, np.array([0, words.size]))
    return hashes[inside]


def shingles_of(words: Array) -> Array:
    """Return the shingles of one text by place; a word or two are one."""
    if 0 < words.size < SHINGLE:
        words = np.concatenate([words, np.zeros(SHINGLE - words.size, np.uint64)])
    return grams_of(words, SHINGLE)


def holds(text: Array, words: Array) -> list[int]:
    """Return the places at which the words stand in a text one after the other.

    >>> holds(np.array([1, 2, 3, 2, 3]), np.array([2, 3])), holds(np.array([1]), np.array([1, 2]))
    ([1, 3], [])
    """
    if not 0 < words.size <= text.size:
        return []
    starts = np.flatnonzero(text[: text.size - words.size + 1] == words[0])
    for place in range(1, words.size):
        starts = starts[text[starts + place] == words[place]]
    found: list[int] = starts.tolist()
    return found


def read_items(
    references: Iterable[Reference],
    ngram: int,
    allow: Collection[str],
    template: Mapping[str, Array] | None,
) -> list[Item]:
    """Return the items of all sets.

    Args:
        references: the items.
        ngram: words; a text of fewer has to be there word by word.
        allow: ids of items, and texts, that are no contamination.
        template: the shingles that are template, by set; None: those that many items have.

    """
    items: list[Item] = []
    waiting: list[Reference] = []
    for reference in references:
        waiting.append(reference)
        if len(waiting) == _BATCH:
            items += _read(waiting)
            waiting = []
    items += _read(waiting)
    names = dict.fromkeys(item.set for item in items)
    if template is None:
        template = {name: _common([i for i in items if i.set == name]) for name in names}
    none = np.zeros(0, np.uint64)
    permitted = [tokenise([strip_politeness(text)]).hashes for text in allow]
    spared = np.unique(np.concatenate([none, *map(shingles_of, permitted)]))
    for item in items:
        item.allowed = item.record.id in allow
        for part, unit in list(item.units.items()):
            if any(holds(text, unit.words) for text in permitted):
                del item.units[part]
            else:
                _finish(unit, ngram, template.get(item.set, none), spared)
    return items


def _read(references: list[Reference]) -> list[Item]:
    """Return items with the words of their fields."""
    texts = [
        strip_politeness(text, answer=part == "output") if isinstance(text, str) else ""
        for reference in references
        for part in PARTS
        for text in (getattr(reference.record, part),)
    ]
    tokens = tokenise(texts)
    items = []
    for place, reference in enumerate(references):
        units = {}
        for number, part in enumerate(PARTS, place * len(PARTS)):
            own = slice(tokens.first[number], tokens.first[number + 1])
            words = tokens.hashes[own]
            if words.size:
                content = words[tokens.kinds[own] & (FILLER | NUMBER) == 0]
                content = np.setdiff1d(content, tokens.loose)
                names = words[tokens.kinds[own] & NAME != 0]
                alternatives = tokens.group[own], tokens.member[own]
                units[part] = Unit(texts[number], words, content, names, *alternatives)
        items.append(Item(reference.set, reference.record, units))
    return items


def _common(items: list[Item]) -> Array:
    """Return the shingles that many items of a set have in the same field, ascending."""
    found = [np.zeros(0, np.uint64)]
    for part in PARTS:
        each = [np.unique(shingles_of(i.units[part].words)) for i in items if part in i.units]
        if each:
            values, counts = np.unique(np.concatenate(each), return_counts=True)
            found.append(values[counts > max(_FEW, _SHARE * len(each))])
    return np.unique(np.concatenate(found))


def _finish(unit: Unit, ngram: int, template: Array, spared: Array) -> None:
    """Take boilerplate off the ends of a unit, and count what is left.

    Nothing is taken off where what is left is little, and most of it template: all of it has to be
    there then.
    """
    hashes = shingles_of(unit.words)
    free = ~np.isin(hashes, template)
    unit.template = np.unique(hashes[~free])
    own = np.flatnonzero(free)
    if own.size:
        behind = hashes.size - 1 - own[-1]
        start = own[0] + SHINGLE - 1 if own[0] >= _BOILERPLATE else 0
        end = own[-1] + 1 if behind >= _BOILERPLATE else unit.words.size
        little = own.size < _INFORMATIVE and 2 * own.size < end - start - SHINGLE + 1
        if start < end and not little:
            unit.words = unit.words[start:end]
            unit.group, unit.member = unit.group[start:end], unit.member[start:end]
            hashes = shingles_of(unit.words)
    unit.shingles = np.setdiff1d(hashes, np.union1d(template, spared))
    free = np.isin(hashes, unit.shingles)
    ours = np.convolve(free, np.ones(SHINGLE, np.int64))[: unit.words.size] > 0
    unit.size = int(np.count_nonzero(ours))
    unit.content = np.intersect1d(unit.content, unit.words[ours])
    unit.whole = unit.words.size < ngram or unit.shingles.size < _INFORMATIVE
