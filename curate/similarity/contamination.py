"""Find the items of evaluation sets in the texts of records."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from curate.records import Record
from curate.similarity.containment import WEIGHT, judge, measure, weights
from curate.similarity.courtesy import strip_politeness
from curate.similarity.evaluation import PARTS, SHINGLE, Item, Unit, grams_of, holds
from curate.similarity.frequencies import Frequencies
from curate.similarity.nomination import ROW, Nomination
from curate.similarity.numbers import has_other_operators
from curate.similarity.passages import Passages
from curate.similarity.tokens import tokenise

__all__ = ["Finder", "Hit", "is_usable"]

Array = np.ndarray[Any, np.dtype[Any]]

_ANSWER_WORDS, _ANSWER_SCORE = 20, 0.8
"""An answer of fewer words, or less like it, says nothing without its question."""
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Hit:
    """An item in a record.

    Attributes:
        item: the item.
        part: of the item, `prompt` or `answer`.
        field: of the record; a turn of the history has its number.
        score: share of the item's shingles that stand there, by weight, 0 to 1.
        at: where in the field the passage begins, in characters.
        passage: the text.

    """

    item: Item
    part: str
    field: str
    score: float
    at: int
    passage: str


class _Text(NamedTuple):
    """Fields of a record that are searched as one text; where each of them begins, and its name."""

    text: str
    fields: tuple[tuple[int, str], ...]


class _Match(NamedTuple):
    """Where a unit stands: words `first` to `last` of a text."""

    score: float
    text: _Text
    words: Passages
    first: int
    last: int


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def is_usable(item: Item) -> bool:
    """Return whether an item can be found at all."""
    return not item.allowed and bool(_asked(item) or _answered(item))


def _asked(item: Item) -> list[str]:
    """Return the fields that make the question of an item: all of them have to be there.

    What many items of the set ask is not sought, and less than a row of words only if it is all
    there is.
    """
    fields = [part for part in PARTS[:-1] if part in item.units]
    own = [p for p in fields if item.units[p].words.size >= ROW and item.units[p].shingles.size]
    return own or (fields if _is_short(item, fields) else [])


def _beside(item: Item) -> list[Array]:
    """Return the words of fields that are not sought, and have to be there too.

    These are those that are too short, and what many items ask where only a few words are sought.
    """
    asked = _asked(item)
    few = all(item.units[part].whole for part in asked)
    others = [unit for p in PARTS[:-1] if p not in asked and (unit := item.units.get(p))]
    return [unit.words for unit in others if unit.shingles.size or (few and unit.words.size >= ROW)]


def _is_short(item: Item, fields: list[str]) -> bool:
    return fields == ["instruction"] and item.units["instruction"].words.size < ROW


def _answered(item: Item) -> bool:
    """Return whether the answer of an item is of use without the question."""
    unit = item.units.get("output")
    return unit is not None and not unit.whole and unit.words.size >= _ANSWER_WORDS


class Finder:
    """Looks for items in records.

    Args:
        items: of all evaluation sets.
        threshold: least share of an item's shingles, 0 to 1.
        ngram: so many words in a row are enough too.

    """

    def __init__(self, items: Sequence[Item], threshold: float, ngram: int) -> None:
        self._items = [item for item in items if is_usable(item)]
        self._threshold = threshold
        self._ngram = ngram
        self._sought: list[tuple[int, str]] = []
        self._short: dict[bytes, list[int]] = {}
        for number, item in enumerate(self._items):
            asked = _asked(item)
            if asked and _is_short(item, asked):
                key = item.units["instruction"].words.tobytes()
                self._short.setdefault(key, []).append(number)
                asked = []
            self._sought += [(number, part) for part in asked]
            self._sought += [(number, "output")] * _answered(item)
        units = [self._items[number].units[part] for number, part in self._sought]
        self._nomination = Nomination(units)
        self._frequencies = Frequencies(unit.shingles for unit in units)
        self._units = units

    def find(self, records: Iterable[Record]) -> Iterator[tuple[Record, Hit | None]]:
        """Yield each record with the item that is most surely in it; None if none is.

        `records` are gone through twice: what many of them have in common says little, and that
        is known when all have been seen.
        """
        nominated = [self._nominate(batch) for batch in _batches(records)]
        for unit in self._units:
            unit.weights = WEIGHT // np.maximum(self._frequencies.of(unit.shingles), 1)
        for batch, pairs in zip(_batches(records), nominated, strict=True):
            yield from self._search(batch, *pairs)

    def _nominate(self, batch: Sequence[Record]) -> tuple[Array, Array]:
        """Return pairs of a text of the batch and a unit that may be in it."""
        texts = [list(_texts(record)) for record in batch]
        tokens = tokenise([text.text for each in texts for text in each])
        record = np.repeat(np.arange(len(batch)), [len(each) for each in texts])
        self._frequencies.add(tokens, record)
        return self._nomination.nominate(tokens)

    def _search(
        self, batch: Sequence[Record], found: Array, units: Array
    ) -> Iterator[tuple[Record, Hit | None]]:
        start = 0
        for record in batch:
            each = list(_texts(record))
            end = start + len(each)
            own = slice(*np.searchsorted(found, [start, end]).tolist())
            hits = list(self._short_ones(record, each))
            if own.start < own.stop:
                places = (found[own] - start).tolist()
                hits += self._long(*self._matches(each, places, units[own].tolist()))
            yield record, max(hits, key=lambda hit: (hit.score, hit.part), default=None)
            start = end

    def _matches(
        self, texts: list[_Text], found: list[int], units: list[int]
    ) -> tuple[dict[tuple[int, str], _Match], Array]:
        """Return the best match of each unit that is there, and the words of all texts."""
        tokens = tokenise([text.text for text in texts])
        matches: dict[tuple[int, str], _Match] = {}
        passages: dict[int, Passages] = {}
        for place, sought in zip(found, units, strict=True):
            number, part = self._sought[sought]
            unit = self._items[number].units[part]
            words = tokens.hashes[tokens.first[place] : tokens.first[place + 1]]
            least = max(self._threshold, _ANSWER_SCORE) if part == "output" else self._threshold
            if measure(unit, words)[0] < least and not self._has_row(part, unit, words):
                continue
            text = texts[place]
            if place not in passages:
                passages[place] = Passages(text.text)
            score, first, last = judge(unit, passages[place])
            best = matches.get((number, part))
            enough = score >= least or self._has_row(part, unit, passages[place].words)
            if score and enough and (best is None or score > best.score):
                matches[number, part] = _Match(score, text, passages[place], first, last)
        return matches, tokens.hashes

    def _has_row(self, part: str, unit: Unit, words: Array) -> bool:
        """Return whether `ngram` words of a unit, most of them no template, stand in a row.

        Those of an answer say little: code and sums have many in common. Nor do those that many
        records have.
        """
        if part == "output" or unit.whole:
            return False
        hashes = grams_of(unit.words, self._ngram)
        there = np.isin(hashes, grams_of(words, self._ngram))
        if not there.any():
            return False
        own = np.concatenate([[0], np.cumsum(weights(unit))])
        each = self._ngram - SHINGLE + 1
        return bool((there & (2 * (own[each:] - own[:-each]) > each * WEIGHT)).any())

    def _long(self, matches: dict[tuple[int, str], _Match], words: Array) -> Iterator[Hit]:
        """Yield the items of which the whole question or the answer is there.

        `words` are those of the record.
        """
        for number in dict.fromkeys(number for number, _ in matches):
            item = self._items[number]
            asked = [matches.get((number, part)) for part in _asked(item)]
            there = [match for match in asked if match is not None]
            if len(there) < len(asked):
                there = []
            if there and all(len(holds(words, beside)) for beside in _beside(item)):
                yield _hit(item, "prompt", there[0], min(match.score for match in there))
            if answer := matches.get((number, "output")):
                yield _hit(item, "answer", answer, answer.score)

    def _short_ones(self, record: Record, texts: list[_Text]) -> Iterator[Hit]:
        """Yield the items of a few words that a record asks and answers in the same way."""
        asked = next((t for t in texts if t.fields[-1][1] in ("instruction", "context")), None)
        if not self._short or asked is None or len(asked.text) > 40 * ROW:
            return
        prompt, answer = (strip_politeness(asked.text), _answer(record))
        words = tokenise([prompt, answer])
        key = words.hashes[: words.first[1]].tobytes()
        for number in self._short.get(key, ()):
            item = self._items[number]
            if has_other_operators(item.units["instruction"].text, prompt):
                continue
            unit = item.units.get("output")
            if unit is None or np.array_equal(unit.words, words.hashes[words.first[1] :]):
                yield Hit(item, "prompt", asked.fields[0][1], 1.0, 0, asked.text)


def _texts(record: Record) -> Iterator[_Text]:
    """Yield the texts of a record; instruction and context, which an item may have as one, as one.

    A field that is no text holds none.
    """
    named = [("system", record.system)]
    named += [(f"history[{n}]", turn.get("content", "")) for n, turn in enumerate(record.history)]
    for name, text in named:
        if isinstance(text, str) and text:
            yield _Text(text, ((0, name),))
    asked = [
        (name, text)
        for name in ("instruction", "context")
        if isinstance(text := getattr(record, name), str) and text
    ]
    if asked:
        starts = [0, len(asked[0][1]) + 1]
        fields = tuple((start, name) for start, (name, _) in zip(starts, asked, strict=False))
        yield _Text("\n".join(text for _, text in asked), fields)
    if isinstance(record.output, str) and record.output:
        yield _Text(record.output, ((0, "output"),))


def _answer(record: Record) -> str:
    return strip_politeness(record.output, answer=True) if isinstance(record.output, str) else ""


def _hit(item: Item, part: str, match: _Match, score: float) -> Hit:
    start, passage = match.words.span(match.first, match.last)
    begin, field = next((s, f) for s, f in reversed(match.text.fields) if s <= start)
    return Hit(item, part, field, round(score, 4), start - begin, passage)
