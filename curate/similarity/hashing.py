"""Numbers that stand for words."""

from typing import Any

import numpy as np

__all__ = ["hash_words", "mix", "powers"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

_STEP = U64(0x9E3779B97F4A7C15)


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


_WRAP = 1 << 12  # after so many characters of a word the powers begin anew
_POWERS = powers(1 << 18)
_INVERSE = np.cumprod(np.full(_POWERS.size, pow(int(_STEP), -1, 1 << 64), U64), dtype=U64)


def hash_words(characters: Array, lengths: Array) -> Array:
    """Return the hash of each of the words that lie one after the other."""
    if not lengths.size:
        return np.zeros(0, U64)
    offsets = np.cumsum(lengths) - lengths
    if characters.size <= _POWERS.size and lengths.max() <= _WRAP:
        # Powers in a row, and each word divided by the power before it: the same, and quicker.
        total = np.add.reduceat(characters.astype(U64) * _POWERS[: characters.size], offsets)
        total[1:] *= _INVERSE[offsets[1:] - 1]
    else:
        place = np.arange(characters.size) - np.repeat(offsets, lengths)
        total = np.add.reduceat(characters * _POWERS[place & (_WRAP - 1)], offsets)
    return mix(total + lengths.astype(U64))
