"""Known words, found by their hash."""

from typing import Any

import numpy as np

from curate.similarity.hashing import hash_words, mix
from curate.similarity.words import ALTERNATIVES, FILLING, NEGATIONS, NUMERALS, SPELLINGS

__all__ = ["FILLER", "FILLERS", "KNOWN", "NEGATION", "NUMERAL"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

NUMERAL, NEGATION, FILLER = (np.uint8(1 << bit) for bit in (1, 2, 3))
_BITS = 18
_SHIFT = U64(64 - _BITS)


class _Known:
    """What is known of some words. Entry 0 is that of all others.

    Attributes:
        kinds: uint8, bits of NUMERAL, NEGATION and FILLER.
        usual: uint64, hash of the word as it is usually written.
        second: uint16, entry of the word that follows from it ("dont" is "do not"); 0 for none.
        group: uint64, what the word is an alternative of; 0 for nothing.
        member: uint64, which of the alternatives it is; 0 for none.

    """

    def __init__(self) -> None:
        groups = [[m.split("/") for m in group.split()] for group in ALTERNATIVES]
        spoken = {word for group in groups for member in group for word in member}
        written = {word for pair in SPELLINGS.values() for word in pair.split()}
        sets = (NUMERALS, NEGATIONS, FILLING, spoken, SPELLINGS, written)
        words = sorted({word for words in sets for word in words})
        characters = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32)
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        self._hashes = np.concatenate([np.zeros(1, U64), hash_words(characters, lengths)])
        self._multiplier, self._slots = _slots(self._hashes)
        place = {word: number for number, word in enumerate(words, 1)}
        self.kinds = np.zeros(len(words) + 1, np.uint8)
        for listed, kind in ((NUMERALS, NUMERAL), (NEGATIONS, NEGATION), (FILLING, FILLER)):
            self.kinds[[place[word] for word in listed]] |= kind
        self.group, self.member = np.zeros((2, len(words) + 1), U64)
        for number, group in enumerate(groups, 1):
            for member in group:
                same = [place[word] for word in member]
                self.group[same] = mix(np.array([number], U64))[0]
                self.member[same] = mix(self._hashes[same[:1]])[0]
        self.usual, self.second = self._hashes.copy(), np.zeros(len(words) + 1, np.uint16)
        for word, pair in SPELLINGS.items():
            usual, *second = (place[part] for part in pair.split())
            self.second[place[word]] = second[0] if second else 0
            for table in (self.kinds, self.group, self.member, self.usual):
                table[place[word]] = table[usual]

    def look_up(self, hashes: Array) -> Array:
        """Return the entries of words with these hashes."""
        entries = self._slots.take((hashes * self._multiplier >> _SHIFT).astype(np.intp))
        return entries * (self._hashes.take(entries) == hashes)


def _slots(hashes: Array) -> tuple[U64, Array]:
    """Return a multiplier that sends each hash to a slot of its own, and which slot is whose."""
    for multiplier in map(U64, range(0x9E3779B97F4A7C15, 1 << 64, 2)):
        places = hashes[1:] * multiplier >> _SHIFT
        slots = np.zeros(1 << _BITS, np.uint16)
        slots[places] = np.arange(1, hashes.size)
        if np.count_nonzero(slots) == hashes.size - 1:
            return multiplier, slots
    raise AssertionError("no multiplier")


KNOWN = _Known()
FILLERS = (KNOWN.usual[(KNOWN.kinds & FILLER) != 0] >> U64(32)).astype(np.uint32)
"""uint32, the upper halves of the hashes of fillers."""
