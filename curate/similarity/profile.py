"""What two records are compared by: their shingles, and all that would tell them apart."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash

from curate.records import Record
from curate.similarity.tokens import (
    ASKED,
    FILLER,
    LAST,
    NAME,
    NEGATION,
    NUMBER,
    NUMERAL,
    SPACELESS,
    Tokens,
    mix,
    powers,
    tokenise,
)
from curate.similarity.words import strip_politeness

__all__ = ["SHORT", "Profiles", "profile"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

SHORT = 12
"""A text of fewer different words than this, fillers not counted, is short: some 30 words."""

_SHORT_TOKENS = 64
_BITS = 40  # of a shingle's hash that are kept; the rest of 64 holds the number of its text
_NUMBER, _BESIDE, _SYMBOL, _CONTENT, _TURN = map(U64, (11, 13, 17, 19, 23))
_POWERS = powers(1 << 16)
_CODE_SHARE = 12  # one symbol in so many characters: the text is code
_OPERATORS = np.array(sorted(map(ord, "+-*/%<>=&|^~@$\\[](){}")), np.uint32)


@dataclass(frozen=True, slots=True)
class Profiles:
    """Profiles of a batch of records. Column 0 is of the prompt, 1 of the answer.

    Attributes:
        normal: uint64 (n, 2), equal where the texts differ in case, space and punctuation only.
        bag: uint64 (n, 2), equal where the words are the same in any order, fillers left out.
        words: int32 (n, 2), number of tokens.
        decisive: uint64 (n, 3), equal where numbers are, and pictures in short texts: of the
            prompt, of the short texts in it (here words are too), of the answer.
        turning: uint64 (n, 2), equal where negations and numerals are.
        order: uint64 (n, 2), the numbers in their order.
        beside: uint64 (n, 2), each number with the word right behind it, in any order.
        commas: uint64 (n, 2), the numbers with commas and where these stand; 0 without any.
        operators: uint8 (n, 2, 26), how often each operator stands in code, or, in a prompt, beside
            a number.
        asked_bits: uint64 (n, 2), a bit or more that those words set.
        asked_count: int32 (n, 2), number of all words of questions.
        plain: uint64 (n, 2), equal where the words are but for negations, numerals and those with
            a capital letter.
        name_bits: uint64 (n, 2), a bit or more that the names set.
        sizes: int32 (n, 2), number of different shingles.
        shingles: uint64, the different shingles of the first prompt, ascending, then of its
            answer, and so on; the lower 40 bits of each.
        sequence: uint32, the words of the first prompt as they come, of its answer, and so on: 31
            bits of each, and 1 if it is of a question.
        asked: uint64 (n, 2), equal where the words of questions are, fillers left out.
        names: uint64, the different names of the first prompt, of its answer, and so on.
        name_counts: int32 (n, 2).
        length: int32 (n,), characters of the answer, neither space nor politeness.

    """

    normal: Array
    bag: Array
    words: Array
    decisive: Array
    turning: Array
    order: Array
    beside: Array
    sizes: Array
    shingles: Array
    sequence: Array
    asked: Array
    asked_bits: Array
    asked_count: Array
    plain: Array
    name_bits: Array
    commas: Array
    operators: Array
    names: Array
    name_counts: Array
    length: Array


def profile(records: Sequence[Record]) -> Profiles:
    """Return the profiles of records.

    The prompt is the system prompt, the tools, the earlier turns, the instruction and the context,
    one after the other, phrases of politeness around the instruction left out.
    """
    texts: list[str] = []
    turns: list[int] = []  # what each text is; instruction and context are one
    lengths = np.zeros(len(records), np.int32)
    documents = np.zeros(2 * len(records) + 1, np.int64)
    for number, record in enumerate(records):
        for kind, text in _prompt(record):
            texts.append(text)
            turns.append(kind)
        documents[2 * number + 1] = len(texts)
        texts.append(strip_politeness(_text(record.output), answer=True))
        lengths[number] = len("".join(texts[-1].split()))
        turns.append(0)
        documents[2 * number + 2] = len(texts)
    tokens = tokenise(texts)
    return _Profiler(texts, np.array(turns, U64), documents, tokens).profiles(lengths)


def _text(value: object) -> str:
    return value if isinstance(value, str) else f"\0{value!r}"


_KINDS = {"system": 1, "user": 2, "assistant": 3, "tool_call": 4, "tool": 5}
_TOOLS = 6


def _prompt(record: Record) -> list[tuple[int, str]]:
    texts = []
    if record.system:
        texts.append((_KINDS["system"], _text(record.system)))
    if "tools" in record.meta:
        tools = json.dumps(record.meta["tools"], sort_keys=True, default=repr)
        texts.append((_TOOLS, tools))
    for turn in record.history:
        kind = _KINDS.get(turn.get("role", ""), 0) + 8 * bool(turn.get("follows_instruction"))
        texts.append((kind, _text(turn.get("content"))))
    texts.append((0, strip_politeness(_text(record.instruction))))
    if record.context:
        texts.append((0, _text(record.context)))
    return texts


class _Profiler:
    """Sums over the tokens of each document; document 2i is prompt i, 2i + 1 its answer."""

    def __init__(self, texts: list[str], turns: Array, documents: Array, tokens: Tokens) -> None:
        self.texts = texts
        self.turns = turns
        self.documents = documents
        self.tokens = tokens
        self.first = tokens.first[documents]
        self.count = np.diff(self.first)

    def profiles(self, length: Array) -> Profiles:
        numbers, order, beside = self._numbers()
        decisive = mix(mix(numbers) + self._pictures()).reshape(-1, 2)
        shingles, sizes = self._shingles()
        names, name_counts = self._names()
        asked, asked_bits, asked_count = self._asked()
        return Profiles(
            normal=self._normal().reshape(-1, 2),
            bag=self._bag().reshape(-1, 2),
            words=self.count.astype(np.int32).reshape(-1, 2),
            decisive=np.stack([decisive[:, 0], self._short(), decisive[:, 1]], axis=1),
            turning=self._turning().reshape(-1, 2),
            order=order.reshape(-1, 2),
            beside=beside.reshape(-1, 2),
            sizes=sizes.reshape(-1, 2),
            shingles=shingles,
            sequence=self._sequence(),
            commas=self._commas().reshape(-1, 2),
            operators=self._operators().reshape(-1, 2, _OPERATORS.size),
            asked=asked.reshape(-1, 2),
            asked_bits=asked_bits.reshape(-1, 2),
            asked_count=asked_count.astype(np.int32).reshape(-1, 2),
            plain=self._plain().reshape(-1, 2),
            name_bits=_bits(
                names, np.repeat(np.arange(self.count.size), name_counts), self.count.size
            ).reshape(-1, 2),
            names=names,
            name_counts=name_counts.reshape(-1, 2),
            length=length,
        )

    def _sum(self, values: Array) -> Array:
        """Return the sum of a value per token over each document."""
        total = np.concatenate([np.zeros(1, U64), np.cumsum(values, dtype=U64)])
        return total[self.first[1:]] - total[self.first[:-1]]

    def _bag(self) -> Array:
        tokens = self.tokens
        return self._sum(mix(tokens.hashes) * (tokens.kinds & FILLER == 0))

    def _sequence(self) -> Array:
        words = (self.tokens.hashes >> U64(32)).astype(np.uint32)
        return words & ~np.uint32(1) | (self.tokens.kinds >= ASKED)

    def _plain(self) -> Array:
        tokens = self.tokens
        chosen = ~tokens.capital & (tokens.kinds & (NEGATION | NUMERAL) == 0)
        return self._sum(mix(tokens.hashes) * chosen)

    def _asked(self) -> tuple[Array, Array, Array]:
        tokens = self.tokens
        asked = np.flatnonzero(tokens.kinds >= ASKED)
        chosen = asked[tokens.kinds[asked] & FILLER == 0]
        bounds = self._per_document(chosen)
        document = np.repeat(np.arange(self.count.size), np.diff(bounds))
        return (
            _sums(mix(tokens.hashes[chosen]), bounds),
            _bits(tokens.hashes[chosen], document, self.count.size),
            np.diff(self._per_document(asked)),
        )

    def _commas(self) -> Array:
        tokens = self.tokens
        numbers = tokens.hashes[tokens.comma_token]
        values = mix(numbers + tokens.comma_place.astype(U64) * _BESIDE)
        return _sums(values, self._per_document(tokens.comma_token))

    def _per_document(self, chosen: Array) -> Array:
        """Return where the chosen tokens of each document begin among the chosen."""
        return np.searchsorted(chosen, self.first)

    def _numbers(self) -> tuple[Array, Array, Array]:
        hashes = self.tokens.hashes
        chosen = np.flatnonzero(self.tokens.kinds & NUMBER)
        bounds = self._per_document(chosen)
        values = mix(hashes[chosen] + _NUMBER)
        document = np.repeat(np.arange(self.count.size), np.diff(bounds))
        rank = (np.arange(chosen.size) - bounds[document]) & (_POWERS.size - 1)
        behind = np.zeros(chosen.size, U64)
        inside = self.tokens.kinds[chosen] & LAST == 0
        behind[inside] = hashes[chosen[inside] + 1]
        return (
            _sums(values, bounds),
            _sums(values * _POWERS[rank], bounds),
            _sums(mix(values + behind * _BESIDE), bounds),
        )

    def _turning(self) -> Array:
        tokens = self.tokens
        chosen = np.flatnonzero(tokens.kinds & (NEGATION | NUMERAL))
        negation = (tokens.kinds[chosen] & NEGATION) != 0
        values = np.where(negation, _NUMBER, mix(tokens.hashes[chosen]))
        return _sums(values, self._per_document(chosen))

    def _pictures(self) -> Array:
        """Return the sum of the symbols other than ASCII in short documents."""
        tokens = self.tokens
        chosen = np.flatnonzero(tokens.symbols > 0x7F)
        bounds = np.searchsorted(tokens.symbol_text[chosen], self.documents)
        return _sums(mix(tokens.symbols[chosen] + _SYMBOL), bounds) * (self.count < _SHORT_TOKENS)

    def _operators(self) -> Array:
        tokens, count = self.tokens, _OPERATORS.size
        bounds = np.searchsorted(tokens.symbol_text, self.documents)
        characters = np.concatenate([[0], np.cumsum(tokens.characters)])[self.documents]
        code = np.diff(bounds) * _CODE_SHARE > np.diff(characters)
        document = np.repeat(np.arange(self.count.size), np.diff(bounds))
        sum = tokens.symbol_decisive & (document % 2 == 0)  # of an answer the numbers will do
        kind = np.searchsorted(_OPERATORS, tokens.symbols)
        kind = np.minimum(kind, count - 1)
        chosen = (sum | code[document]) & (_OPERATORS[kind] == tokens.symbols)
        found = np.bincount(document[chosen] * count + kind[chosen], minlength=bounds.size * count)
        return np.minimum(found[: self.count.size * count], 255).astype(np.uint8)

    def _short(self) -> Array:
        """Return the hash of the words that decide in the short texts of each prompt."""
        tokens = self.tokens
        length = np.diff(tokens.first)
        prompt = np.ones(length.size, bool)
        prompt[self.documents[1:][::2]] = False
        candidate = prompt & (length <= _SHORT_TOKENS) & (length > 0)
        text = np.repeat(np.arange(length.size), length)
        chosen = candidate[text] & (tokens.kinds & FILLER == 0)
        text, hashes = text[chosen], tokens.hashes[chosen]
        weight = np.where(tokens.kinds[chosen] & SPACELESS, 1, 2)
        order = np.lexsort((hashes, text))
        text, hashes, weight = text[order], hashes[order], weight[order]
        new = np.ones(text.size, bool)
        new[1:] = (text[1:] != text[:-1]) | (hashes[1:] != hashes[:-1])
        text, hashes, weight = text[new], hashes[new], weight[new]
        bounds = np.searchsorted(text, np.arange(length.size + 1))
        short = candidate & (_sums(weight.astype(U64), bounds) < 2 * SHORT)
        content = mix(_sums(mix(hashes + _CONTENT), bounds)) * short
        content = mix(content + self.turns * _TURN) * (content != 0)
        total = np.concatenate([np.zeros(1, U64), np.cumsum(content, dtype=U64)])
        return (total[self.documents[1:]] - total[self.documents[:-1]])[::2]

    def _normal(self) -> Array:
        """Return the hash of the words and symbols of each document in their order."""
        tokens = self.tokens
        document = np.repeat(np.arange(self.count.size), self.count)
        rank = (np.arange(document.size) - self.first[document]) & (_POWERS.size - 1)
        words = self._sum(tokens.hashes * _POWERS[rank])
        bounds = np.searchsorted(tokens.symbol_text, self.documents)
        document = np.repeat(np.arange(self.count.size), np.diff(bounds))
        place = (tokens.symbol_token - self.first[document]).astype(U64)
        rank = (np.arange(document.size) - bounds[document]) & (_POWERS.size - 1)
        signs = _sums(mix(tokens.symbols + place * _SYMBOL) * _POWERS[rank], bounds)
        turn = np.concatenate([np.zeros(1, U64), np.cumsum(mix(self.turns) * (self.turns > 0))])
        spoken = turn[self.documents[1:]] - turn[self.documents[:-1]]
        normal = mix(mix(words) + signs + self._commas() + spoken * _TURN)
        for number in np.flatnonzero(self.count == 0).tolist():
            normal[number] = self._wordless(number)
        return normal

    def _wordless(self, document: int) -> int:
        """Return the hash of a document without words: all of it counts."""
        texts = self.texts[self.documents[document] : self.documents[document + 1]]
        text = "\0".join("".join(text.split()) for text in texts)
        return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) if text else 0

    def _shingles(self) -> tuple[Array, Array]:
        """Return the sets of shingles and their sizes."""
        hashes, count = self.tokens.hashes, self.count
        spread = np.concatenate([hashes, np.zeros(2, U64)])
        grams = mix(spread[:-2] * _POWERS[0] + spread[1:-1] * _POWERS[1] + spread[2:] * _POWERS[2])
        document = np.repeat(np.arange(count.size), count)
        whole = np.arange(hashes.size) + 2 < self.first[document + 1]
        short = np.flatnonzero((count > 0) & (count < 3))
        at = self.first[short]
        grams[at] = mix(hashes[at] + np.where(count[short] == 2, mix(spread[at + 1]), U64(0)))
        whole[at] = True
        grams, document = grams[whole] >> U64(64 - _BITS), document[whole]
        wordless = [number for number in np.flatnonzero(count == 0).tolist()]
        extra = [(number, self._wordless(number)) for number in wordless]
        extra = [(number, value) for number, value in extra if value]
        if extra:
            at = np.searchsorted(document, [number for number, _ in extra])
            document = np.insert(document, at, [number for number, _ in extra])
            values = np.array([value for _, value in extra], U64) >> U64(64 - _BITS)
            grams = np.insert(grams, at, values)
        keyed = np.sort(document.astype(U64) << U64(_BITS) | grams)
        new = np.ones(keyed.size, bool)
        new[1:] = keyed[1:] != keyed[:-1]
        keyed = keyed[new]
        sizes = np.bincount((keyed >> U64(_BITS)).astype(np.int64), minlength=count.size)
        return keyed & U64((1 << _BITS) - 1), sizes.astype(np.int32)

    def _names(self) -> tuple[Array, Array]:
        """Return the names of each document, none where capital letters are its style."""
        kinds = self.tokens.kinds
        named = np.flatnonzero(kinds & NAME)
        bounds = self._per_document(named)
        sober = np.diff(bounds) * 3 < self.count
        document = np.repeat(np.arange(self.count.size), np.diff(bounds))
        chosen = sober[document]
        document, hashes = document[chosen], self.tokens.hashes[named[chosen]] >> U64(64 - _BITS)
        keyed = np.unique(document.astype(U64) << U64(_BITS) | hashes)
        counts = np.bincount((keyed >> U64(_BITS)).astype(np.int64), minlength=self.count.size)
        return keyed & U64((1 << _BITS) - 1), counts.astype(np.int32)


def _sums(values: Array, bounds: Array) -> Array:
    total = np.concatenate([np.zeros(1, U64), np.cumsum(values, dtype=U64)])
    return total[bounds[1:]] - total[bounds[:-1]]


def _bits(hashes: Array, document: Array, count: int) -> Array:
    """Return 64 bits for each document: those that its words set, one each."""
    place = document * 64 + (mix(hashes) >> U64(58)).astype(np.int64)
    found = np.bincount(place, minlength=count * 64)[: count * 64] > 0
    return np.packbits(found.reshape(count, 64), axis=1, bitorder="little").view(U64).ravel()
