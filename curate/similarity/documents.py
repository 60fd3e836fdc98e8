"""The prompts and answers of a batch of records, as runs of its tokens."""

from typing import Any

import numpy as np

from curate.similarity.hashing import mix, powers
from curate.similarity.tokens import Tokens

__all__ = ["BITS", "POWERS", "Documents", "bits", "owners", "ranks", "sets", "sums"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

BITS = 40
"""So many bits of the hash of a shingle or a name are kept; above them fits a number."""
POWERS = powers(1 << 16)


class Documents:
    """Document 2i is the prompt of record i, made of one text or more; 2i + 1 is its answer.

    Attributes:
        texts: all texts.
        turns: uint64, what each text is: 0 for instruction, context and answer.
        parts: bool, whether each text is a part of one: a choice, a turn that is written out.
        ends: int64, one longer than there are documents: the first text of each.
        tokens: of the texts.
        first: int64, one longer than there are documents: the first token of each.
        count: int64, number of tokens of each.

    """

    def __init__(
        self, texts: list[str], turns: Array, parts: Array, ends: Array, tokens: Tokens
    ) -> None:
        self.texts = texts
        self.turns = turns
        self.parts = parts
        self.ends = ends
        self.tokens = tokens
        self.first = tokens.first[ends]
        self.count = np.diff(self.first)

    def sum(self, values: Array) -> Array:
        """Return the sum over each document of a value per token."""
        return sums(values, self.first)

    def bounds(self, chosen: Array) -> Array:
        """Return where the chosen tokens of each document begin among the chosen."""
        return np.searchsorted(chosen, self.first)


def sums(values: Array, bounds: Array) -> Array:
    """Return the sum of uint64 values between neighbouring bounds, modulo 2^64."""
    total = np.concatenate([np.zeros(1, U64), np.cumsum(values, dtype=U64)])
    return total[bounds[1:]] - total[bounds[:-1]]


def owners(bounds: Array) -> Array:
    """Return, for each value between bounds, the number of the two bounds it lies between.

    >>> owners(np.array([0, 2, 2, 3]))
    array([0, 0, 2])
    """
    return np.repeat(np.arange(bounds.size - 1), np.diff(bounds))


def ranks(bounds: Array) -> Array:
    """Return the place of each value after the bound before it, modulo the length of POWERS.

    >>> ranks(np.array([0, 2, 2, 3]))
    array([0, 1, 0])
    """
    return (np.arange(bounds[-1]) - bounds[owners(bounds)]) & (POWERS.size - 1)


def sets(hashes: Array, document: Array, count: int) -> tuple[Array, Array]:
    """Return the different hashes of each document, ascending, BITS of each, and their number."""
    keyed = np.sort(document.astype(U64) << U64(BITS) | hashes >> U64(64 - BITS))
    new = np.ones(keyed.size, bool)
    new[1:] = keyed[1:] != keyed[:-1]
    keyed = keyed[new]
    sizes = np.bincount((keyed >> U64(BITS)).astype(np.int64), minlength=count)
    return keyed & U64((1 << BITS) - 1), sizes.astype(np.int32)


def bits(hashes: Array, document: Array, count: int) -> Array:
    """Return 64 bits for each document: those that its words set, one each."""
    place = document * 64 + (mix(hashes) >> U64(58)).astype(np.int64)
    found = np.bincount(place, minlength=count * 64)[: count * 64] > 0
    return np.packbits(found.reshape(count, 64), axis=1, bitorder="little").view(U64).ravel()
