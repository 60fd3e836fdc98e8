"""Texts to tokens: a hash each, and what kind of word it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.similarity.characters import (
    DIGIT,
    END,
    GLUE,
    SYMBOL,
    UPPER,
    WIDE,
    WORD,
    classify,
    lower,
    signs_among,
)
from curate.similarity.hashing import hash_words
from curate.similarity.lexicon import FILLER, KNOWN, NEGATION, NUMERAL
from curate.similarity.signs import are_dress, beside_number, counters, join_signs, loose_numbers
from curate.similarity.spelling import respell

__all__ = ["ASKED", "FILLER", "LAST", "NAME", "NEGATION", "NUMBER", "NUMERAL", "SPACELESS",
           "Tokens", "tokenise"]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

_ASKS = signs_among("?؟？")

NUMBER, NAME, SPACELESS, LAST, ASKED = (np.uint8(1 << bit) for bit in (0, 4, 5, 6, 7))


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
        loose: uint64, hashes of numbers of one digit or two that a point or a bracket follows.
        loose_text: int64, the text that each of these stands in.
        counts: bool, whether each of these numbers a list: then it is no token.
        group: uint64, what each token is an alternative of ("left", "right"); 0 for nothing.
        member: uint64, which of the alternatives it is.

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
    loose: Array
    loose_text: Array
    counts: Array
    group: Array
    member: Array


def tokenise(texts: Sequence[str]) -> Tokens:
    """Return the tokens of texts.

    A token is a run of letters, digits, marks and underscores in lower case; an apostrophe
    between letters and a comma between digits are not there ("1,000" is "1000"), a point between
    digits and a sign before them belong to the number ("-3.5", "$5"), as "#" and "++" do to a
    single letter. A contraction is two tokens ("don't" is "do not"); British spelling is American.
    The numbers of a list, bullets, headings, bold and italics are not there. In scripts without
    spaces each character is a token.
    """
    texts = [respell(text) for text in texts]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    bounds = np.concatenate([[0], np.cumsum(lengths + 1)])
    joined = "\0".join(texts) + "\0\0\0\0\0"  # room to look ahead
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    classes = classify(codes)
    codes, classes, bounds, commas = _glue(codes, classes, bounds)
    starts, ends, inside = _words(classes)
    first = np.searchsorted(starts, bounds)
    lengths = ends - starts
    hashes = hash_words(lower(codes[inside]), lengths)
    entries = KNOWN.look_up(hashes)
    kinds = KNOWN.kinds[entries]
    hashes = KNOWN.usual[entries] + hashes * (entries == 0)
    digits = np.flatnonzero((classes & DIGIT) != 0)
    numbers = _different(np.searchsorted(starts, digits, side="right") - 1)
    kinds[numbers] |= NUMBER
    kinds[numbers[~_followed(codes, starts, ends, numbers)]] |= LAST
    join_signs(hashes, codes, classes, starts, ends, numbers)
    kinds[(classes[starts] & WIDE) != 0] |= SPACELESS
    capital = (classes[starts] & UPPER) != 0
    _mark_names(kinds, codes, capital, starts, ends)
    _mark_questions(kinds, codes, classes, starts)
    loose = loose_numbers(codes, classes, starts, ends, numbers)
    counting = counters(codes, starts, ends, loose, first)
    symbol = (classes & SYMBOL) != 0
    symbol[ends[counting]] = False
    places = np.flatnonzero(symbol)
    places = places[~are_dress(codes, classes, places)]
    symbol_text = np.searchsorted(bounds, places, side="right") - 1
    comma_token = np.searchsorted(starts, commas, side="right") - 1
    counts = np.concatenate([[0], np.cumsum(lengths)])
    second = KNOWN.second[entries]
    times = 1 + (second > 0).astype(np.int64)  # a contraction is two tokens
    kinds[loose] &= ~NUMBER
    times[counting] = 0
    numbered = times == 0
    hashes_of_loose = hashes[loose]
    begins = np.concatenate([[0], np.cumsum(times)])
    hashes, kinds, entries, capital = (
        np.repeat(values, times) for values in (hashes, kinds, entries, capital)
    )
    pairs = np.flatnonzero(second != 0)
    after = begins[pairs] + 1
    entries[after], capital[after] = second[pairs], False
    hashes[after] = KNOWN.usual[second[pairs]]
    kinds[after] = KNOWN.kinds[second[pairs]] | kinds[after] & ASKED
    return Tokens(
        hashes=hashes,
        kinds=kinds,
        capital=capital,
        first=begins[first],
        symbols=codes[places],
        symbol_text=symbol_text,
        symbol_token=begins[np.searchsorted(starts, places)],
        symbol_decisive=beside_number(codes, classes, places),
        comma_token=begins[comma_token],
        comma_place=commas - starts[comma_token],
        characters=counts[first[1:]] - counts[first[:-1]],
        loose=hashes_of_loose,
        loose_text=np.searchsorted(first, loose, side="right") - 1,
        counts=numbered[loose],
        group=KNOWN.group[entries],
        member=KNOWN.member[entries],
    )


def _different(values: Array) -> Array:
    """Return ascending values, each once."""
    return values[np.diff(values, prepend=-1) > 0]


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


def _glue(codes: Array, classes: Array, bounds: Array) -> tuple[Array, Array, Array, Array]:
    """Join what belongs together: take out apostrophes and commas, make a point a digit.

    Also returned: the places before which commas stood.
    """
    glue = np.flatnonzero((classes & GLUE) != 0)
    before, after, signs = classes[glue - 1], classes[glue + 1], codes[glue]
    between_digits = (before & after & DIGIT) != 0
    comma = glue[between_digits & (signs == ord(","))]
    classes[glue[between_digits & (signs == ord("."))]] |= WORD
    apostrophe = ((before & after & WORD) != 0) & ((signs == 0x27) | (signs == 0x2019))
    out = np.sort(np.concatenate([comma, glue[apostrophe]]))
    if not out.size:
        return codes, classes, bounds, comma
    stay = np.ones(codes.size, bool)
    stay[out] = False
    bounds, comma = (places - np.searchsorted(out, places) for places in (bounds, comma))
    return codes[stay], classes[stay], bounds, comma


def _mark_names(kinds: Array, codes: Array, capital: Array, starts: Array, ends: Array) -> None:
    """Set NAME on words with a capital letter that follow another word and a space."""
    capitals = np.flatnonzero(capital)
    capitals = capitals[capitals > 0]
    kinds[capitals[_followed(codes, starts, ends, capitals - 1)]] |= NAME


def _mark_questions(kinds: Array, codes: Array, classes: Array, starts: Array) -> None:
    """Set ASKED on the words between the end of a sentence, or a colon, and a question mark."""
    ends = np.flatnonzero((classes & END) != 0)
    asked = np.flatnonzero(_ASKS(codes[ends]))
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
