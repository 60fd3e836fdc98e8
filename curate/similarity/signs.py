"""Signs around words and numbers: what belongs to them, what is dress, what numbers a list."""

from typing import Any

import numpy as np

from curate.similarity.characters import DIGIT, SYMBOL, WIDE, WORD, signs_among
from curate.similarity.hashing import mix

__all__ = ["are_dress", "beside_number", "counters", "join_signs", "loose_numbers"]

Array = np.ndarray[Any, np.dtype[Any]]

_CURRENCIES, _CLOSING, _BULLETS, _AFTER_COUNTER = (
    signs_among(signs) for signs in ("$¢£¥₩€₹₽", ")]-", "-*>+•‣◦▪●–", ".):")
)
_INDENT = 12  # so many spaces may stand before a bullet
_SPACES = 3  # so many may stand between a symbol and a number


def join_signs(
    hashes: Array, codes: Array, classes: Array, starts: Array, ends: Array, numbers: Array
) -> None:
    """Make a sign or a currency before a number part of it, and what makes C to C# and C++."""
    before, behind = starts[numbers] - 1, starts[numbers] - 2
    sign = codes[before]
    minus = (sign == ord("-")) & (classes[behind] & (WORD | WIDE) == 0)
    minus &= ~_CLOSING(codes[behind])
    signed = minus | _CURRENCIES(sign)
    hashes[numbers[signed]] = mix(hashes[numbers[signed]] + sign[signed])
    letters = np.flatnonzero(ends - starts == 1)
    sign = codes[ends[letters]]
    plus = (sign == ord("+")) & (codes[ends[letters] + 1] == sign)
    letters, sign = letters[plus | (sign == ord("#"))], sign[plus | (sign == ord("#"))]
    hashes[letters] = mix(hashes[letters] + sign)


def are_dress(codes: Array, classes: Array, places: Array) -> Array:
    """Return which symbols are bullets, headings, quote marks, or bold or italic type."""
    dress = np.zeros(places.size, bool)
    may = np.flatnonzero(_BULLETS(codes[places]) | (codes[places] == ord("#")))
    places = places[may]
    sign, before, after = codes[places], codes[places - 1], codes[places + 1]
    margin = places - 1
    for _ in range(_INDENT):
        margin = margin - (codes[margin] == ord(" "))
    opens = (codes[margin] == ord("\n")) | (codes[margin] == 0)
    hash = sign == ord("#")
    bullet = opens & (after == ord(" ")) & ~hash
    heading = (opens | (before == sign)) & hash
    star = sign == ord("*")
    left = classes[np.where(before == sign, places - 2, places - 1)]
    right = classes[np.where(after == sign, places + 2, places + 1)]
    inner = WORD | WIDE | SYMBOL
    bold = star & (((left & inner) != 0) ^ ((right & inner) != 0))
    dress[may] = bullet | heading | bold
    return dress


def loose_numbers(
    codes: Array, classes: Array, starts: Array, ends: Array, numbers: Array
) -> Array:
    """Return the numbers of one digit or two with a point or a bracket behind: "1. ", "12)"."""
    numbers = numbers[ends[numbers] - starts[numbers] <= 2]
    digits = classes[starts[numbers]] & classes[ends[numbers] - 1] & DIGIT
    return numbers[(digits != 0) & _AFTER_COUNTER(codes[ends[numbers]])]


def counters(codes: Array, starts: Array, ends: Array, numbers: Array, first: Array) -> Array:
    """Return the loose numbers that number a list: at the start of a line, 2 after 1."""
    lines = np.flatnonzero(codes <= ord("\n"))
    lines = lines[(codes[lines] == ord("\n")) | (codes[lines] == 0)]
    line = np.searchsorted(lines, starts[numbers])
    opened = np.where(line > 0, lines[np.maximum(line - 1, 0)], -1)
    ended = np.where(numbers > 0, ends[numbers - 1], 0)
    numbers = numbers[(ended <= opened) | (numbers == 0)]
    digit = (codes[starts[numbers]] - ord("0")).astype(np.int64)
    more = ends[numbers] - starts[numbers] == 2
    value = np.where(more, digit * 10 + codes[ends[numbers] - 1].astype(np.int64) - ord("0"), digit)
    text = np.searchsorted(first, numbers, side="right")
    follows = (np.diff(value) == 1) & (np.diff(text) == 0)
    none = np.zeros(min(numbers.size, 1), bool)
    return numbers[np.concatenate([none, follows]) | np.concatenate([follows, none])]


def beside_number(codes: Array, classes: Array, places: Array) -> Array:
    """Return which symbols stand beside a digit, a few spaces between them or none."""
    before, after = places - 1, places + 1
    for _ in range(_SPACES):
        before = before - (codes[before] == ord(" "))
        after = after + (codes[after] == ord(" "))
    return ((classes[before] | classes[after]) & DIGIT) != 0
