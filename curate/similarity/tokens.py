"""Texts to tokens: a hash each, and what kind of word it is."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.similarity.characters import DIGIT, END, GLUE, SYMBOL, UPPER, WIDE, WORD, classify
from curate.similarity.words import FILLING, NEGATIONS, NUMERALS

__all__ = ["ASKED", "FILLER", "FILLERS", "LAST", "NAME", "NEGATION", "NUMBER", "NUMERAL",
           "SPACELESS", "Tokens", "mix", "powers", "tokenise"]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

NUMBER, NUMERAL, NEGATION, FILLER, NAME, SPACELESS, LAST, ASKED = (
    np.uint8(1 << bit) for bit in range(8)
)

_ASKS = np.zeros(0xFF20, bool)
_ASKS[[ord("?"), 0x61F, 0xFF1F]] = True  # the Arabic and the wide one too
_SHIFT = U64(64 - 14)
_STEP = U64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a batch of texts, one after the other.

    Attributes:
        hashes: uint64, equal for equal words whatever their case.
        kinds: uint8, bits of NUMBER (it has a digit), NUMERAL ("seven"), NEGATION, FILLER (says
            little of what a text is about), NAME (capital letter inside a sentence), SPACELESS (a
            character of a script without spaces), LAST (a number that no word follows directly),
            ASKED (of a sentence that ends in a question mark).
        capital: bool, begins with a capital letter.
        first: int64, one longer than there are texts: where the tokens of each begin.
        symbols: uint32, code points of the symbols.
        symbol_text: int64, the text that each symbol stands in.
        symbol_token: int64, number of tokens of the batch before each symbol.
        symbol_decisive: bool, beside a number: changing it changes a sum.
        comma_token: int64, the number that each comma between digits stands in.
        comma_place: int64, digits of the number before the comma.
        characters: int64, characters of each text, space and punctuation left out.

    """

    hashes: Array
    kinds: Array
    capital: Array
    first: Array
    symbols: Array
    symbol_text: Array
    symbol_token: Array
    symbol_decisive: Array
    comma_token: Array
    comma_place: Array
    characters: Array


def mix(values: Array) -> Array:
    """Return uint64 values with their bits well spread (the finisher of splitmix64)."""
    values = values ^ (values >> U64(30))
    values = values * U64(0xBF58476D1CE4E5B9)
    values ^= values >> U64(27)
    values = values * U64(0x94D049BB133111EB)
    values ^= values >> U64(31)
    return values


def powers(count: int) -> Array:
    """Return the first powers of an odd number, modulo 2^64."""
    return np.cumprod(np.full(count, _STEP), dtype=U64)


_POWERS = powers(1 << 12)


def tokenise(texts: Sequence[str]) -> Tokens:
    """Return the tokens of texts.

    A token is a run of letters, digits, marks and underscores in lower case; an apostrophe
    between letters and a comma between digits are not there ("don't" is "dont", "1,000" is
    "1000"), a point between digits belongs to the number. In scripts without spaces each character
    is a token.
    """
    texts = [text if text.isascii() else _compose(text) for text in texts]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    bounds = np.concatenate([[0], np.cumsum(lengths + 1)])
    joined = "\0".join(texts) + "\0\0\0\0\0"  # room to look ahead
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    classes, lower = classify(codes)
    codes, classes, lower, bounds, commas = _glue(codes, classes, lower, bounds)
    starts, ends, inside = _words(classes)
    first = np.searchsorted(starts, bounds)
    lengths = ends - starts
    hashes = _hash(lower[inside], lengths)
    kinds = _KINDS.look_up(hashes)
    digits = np.flatnonzero(classes & DIGIT)
    numbers = np.unique(np.searchsorted(starts, digits, side="right") - 1)
    kinds[numbers] |= NUMBER
    kinds[numbers[~_followed(codes, starts, ends, numbers)]] |= LAST
    kinds[(classes[starts] & WIDE) != 0] |= SPACELESS
    capital = (classes[starts] & UPPER) != 0
    _mark_names(kinds, codes, capital, starts, ends)
    _mark_questions(kinds, codes, classes, starts)
    places = np.flatnonzero(classes & SYMBOL)
    symbol_text = np.searchsorted(bounds, places, side="right") - 1
    comma_token = np.searchsorted(starts, commas, side="right") - 1
    counts = np.concatenate([[0], np.cumsum(lengths)])
    return Tokens(
        hashes=hashes,
        kinds=kinds,
        capital=capital,
        first=first,
        symbols=codes[places],
        symbol_text=symbol_text,
        symbol_token=np.searchsorted(starts, places),
        symbol_decisive=_beside_number(codes, classes, places),
        comma_token=comma_token,
        comma_place=commas - starts[comma_token],
        characters=counts[first[1:]] - counts[first[:-1]],
    )


def _words(classes: Array) -> tuple[Array, Array, Array]:
    """Return where tokens start and end, and which characters lie in one."""
    word = (classes & WORD) != 0
    changes = np.flatnonzero(word[1:] != word[:-1]) + 1
    if word[0]:
        changes = np.concatenate([[0], changes])
    starts, ends = changes[::2], changes[1::2]  # the last character is no word
    wide = (classes & WIDE) != 0
    if wide.any():
        single = np.flatnonzero(wide)
        starts = np.sort(np.concatenate([starts, single]))
        ends = np.sort(np.concatenate([ends, single + 1]))
        word |= wide
    return starts, ends, word


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("ß", "ss").replace("ﬁ", "fi")


def _glue(
    codes: Array, classes: Array, lower: Array, bounds: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Join what belongs together: take out apostrophes and commas, make a point a digit.

    Also returned: the places before which commas stood.
    """
    glue = np.flatnonzero(classes & GLUE)
    before, after, signs = classes[glue - 1], classes[glue + 1], codes[glue]
    between_digits = (before & after & DIGIT) != 0
    comma = glue[between_digits & (signs == ord(","))]
    classes[glue[between_digits & (signs == ord("."))]] |= WORD
    apostrophe = ((before & after & WORD) != 0) & ((signs == 0x27) | (signs == 0x2019))
    out = np.sort(np.concatenate([comma, glue[apostrophe]]))
    if not out.size:
        return codes, classes, lower, bounds, comma
    stay = np.ones(codes.size, bool)
    stay[out] = False
    bounds, comma = (places - np.searchsorted(out, places) for places in (bounds, comma))
    return codes[stay], classes[stay], lower[stay], bounds, comma


def _hash(characters: Array, lengths: Array) -> Array:
    """Return the hash of each of the words that lie one after the other."""
    if not lengths.size:
        return np.zeros(0, U64)
    offsets = np.cumsum(lengths) - lengths
    place = np.arange(characters.size) - np.repeat(offsets, lengths)
    place &= _POWERS.size - 1
    return mix(np.add.reduceat(characters * _POWERS[place], offsets) + lengths.astype(U64))


def _mark_names(kinds: Array, codes: Array, capital: Array, starts: Array, ends: Array) -> None:
    """Set NAME on words with a capital letter that follow another word and a space."""
    capitals = np.flatnonzero(capital)
    capitals = capitals[capitals > 0]
    kinds[capitals[_followed(codes, starts, ends, capitals - 1)]] |= NAME


def _mark_questions(kinds: Array, codes: Array, classes: Array, starts: Array) -> None:
    """Set ASKED on the words between the end of a sentence, or a colon, and a question mark."""
    ends = np.flatnonzero(classes & END)
    asked = np.flatnonzero(_ASKS[np.minimum(codes[ends], _ASKS.size - 1)])
    if not asked.size:
        return
    begins = np.where(asked > 0, ends[asked - 1], 0)
    opened = np.bincount(np.searchsorted(starts, begins), minlength=starts.size + 1)
    closed = np.bincount(np.searchsorted(starts, ends[asked]), minlength=starts.size + 1)
    kinds[np.cumsum(opened - closed)[:-1] > 0] |= ASKED


def _followed(codes: Array, starts: Array, ends: Array, tokens: Array) -> Array:
    """Return which tokens have another one behind them, a space between."""
    next_start = np.append(starts[1:], -1)[tokens]
    return (next_start == ends[tokens] + 1) & (codes[ends[tokens]] == ord(" "))


def _beside_number(codes: Array, classes: Array, places: Array) -> Array:
    """Return which symbols stand beside a digit, a space between them or none."""
    space = ord(" ")
    before = np.where(codes[places - 1] == space, places - 2, places - 1)
    after = np.where(codes[places + 1] == space, places + 2, places + 1)
    return ((classes[before] | classes[after]) & DIGIT) != 0


class _Lexicon:
    """Kinds of known words, found by their hash."""

    def __init__(self, kinds: Iterable[tuple[Iterable[str], np.uint8]]) -> None:
        known: dict[int, int] = {}
        for words, kind in kinds:
            listed = list(words)
            characters = np.frombuffer("".join(listed).encode("utf-32-le"), np.uint32)
            hashes = _hash(characters, np.fromiter(map(len, listed), np.int64, len(listed)))
            for value in hashes.tolist():
                known[value] = known.get(value, 0) | int(kind)
        values = np.array(list(known), U64)
        self._multiplier = next(
            multiplier
            for multiplier in map(U64, range(0x9E3779B97F4A7C15, 1 << 64, 2))
            if np.unique(values * multiplier >> _SHIFT).size == values.size
        )
        slots = values * self._multiplier >> _SHIFT
        self._hashes = np.zeros(1 << 14, U64)
        self._hashes[slots] = values
        self._kinds = np.zeros(1 << 14, np.uint8)
        self._kinds[slots] = list(known.values())

    def known(self, kind: np.uint8) -> Array:
        """Return the upper halves of the hashes of all words of a kind."""
        return (self._hashes[(self._kinds & kind) != 0] >> U64(32)).astype(np.uint32)

    def look_up(self, hashes: Array) -> Array:
        """Return the kinds of the words with these hashes, 0 for unknown ones."""
        slots = (hashes * self._multiplier >> _SHIFT).astype(np.intp)
        return self._kinds.take(slots) * (self._hashes.take(slots) == hashes)


_KINDS = _Lexicon(((NUMERALS, NUMERAL), (NEGATIONS, NEGATION), (FILLING, FILLER)))
FILLERS = _KINDS.known(FILLER)
"""uint32, the upper halves of the hashes of fillers."""
