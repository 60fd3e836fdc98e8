"""All pairs of similar records: an exact set similarity join.

A pair is found by the rare shingles that two similar sets must share (prefix filter: Bayardo et al.
2007, "Scaling up all pairs similarity search"; Xiao et al. 2008, PPJoin), most pairs are ruled out
by their sizes and by a bitmap of each set, and what is left is counted. No hash stands for a set,
so no pair is missed and none is wrong.

Records are compared only where all that decides is equal: their shingles are mixed with its hash,
and the sets of other records share nothing with them.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csc_array, csr_array

from curate.similarity.hashing import mix
from curate.similarity.index import Index, slices

__all__ = ["Pairs", "count_shared", "jaccard", "similar_pairs"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64
Sets = Callable[[Array, int], tuple[Array, Array]]

_CHUNK = 1 << 19  # values that are worked on at once
_BITMAP = 256  # bits of a bitmap, a power of two
_PAIRS = 1 << 13  # pairs that are counted at once
_CAP = 4095  # a shingle in more records than this is common, and it does not matter how common


class Pairs(NamedTuple):
    """Pairs of records, the first number smaller than the second.

    Attributes:
        first: int64, number of a record.
        second: int64, number of the other.
        shared: int32 (n, 2), shingles that their prompts, and their answers, have in common.

    """

    first: Array
    second: Array
    shared: Array


def similar_pairs(
    index: Index,
    records: Array,
    blocks: Array,
    sides: tuple[int, ...],
    floor: float,
    apart: Callable[[Array, Array], Array] = lambda first, second: np.zeros(first.size, bool),
) -> Pairs:
    """Return all pairs whose Jaccard similarity on every side is at least `floor`.

    Args:
        index: of the records.
        records: numbers of those that are compared.
        blocks: uint64, one for each of `records`; those with unequal ones are not compared.
        sides: what has to be similar: 0 the prompt, 1 the answer.
        floor: between 0 and 1; 0 is not possible.
        apart: says which pairs of records are not wanted; it is asked before they are counted.

    """
    return _Join(index, records, blocks, sides, floor, apart).pairs()


class _Join:
    def __init__(
        self,
        index: Index,
        records: Array,
        blocks: Array,
        sides: tuple[int, ...],
        floor: float,
        apart: Callable[[Array, Array], Array],
    ) -> None:
        _, inverse, counts = np.unique(blocks, return_inverse=True, return_counts=True)
        records, blocks = records[counts[inverse] > 1], blocks[counts[inverse] > 1]
        self.index, self.sides, self.floor, self.apart = index, sides, floor, apart
        self.records, self.blocks = records, blocks
        self.size = index.sizes[records][:, list(sides)].sum(axis=1)
        self.bitmaps = np.zeros((len(sides), records.size, _BITMAP // 64), U64)

    def pairs(self) -> Pairs:
        """Return the pairs, ascending."""
        found = [self._verify(first, second) for first, second in self._candidates()]
        first = np.concatenate([np.zeros(0, np.int64), *(part.first for part in found)])
        second = np.concatenate([np.zeros(0, np.int64), *(part.second for part in found)])
        shared = np.concatenate([np.zeros((0, 2), np.int32), *(part.shared for part in found)])
        order = np.lexsort((second, first))
        return Pairs(first[order], second[order], shared[order])

    def _tagged(self, part: slice) -> Iterator[tuple[Array, Array, Array]]:
        """Yield tagged shingles, the shingles, and whose they are, side by side."""
        for side in self.sides:
            shingles, owner = self.index.shingles_of(self.records[part], side)
            yield mix(shingles + self.blocks[part][owner] + U64(side << 50)), shingles, owner

    def _parts(self) -> Iterator[slice]:
        """Yield slices of the records that hold about a chunk of shingles each."""
        return slices(self.size, _CHUNK)

    def _rare(self) -> Array:
        """Return the rare shingles of every record: 32 bits of each, then whose it is."""
        bits = int(np.clip(np.ceil(np.log2(self.size.sum() + 1)), 16, 26))
        counts = self._count(bits)
        found = []
        for part in self._parts():
            keys = []
            alone = np.zeros(part.stop - part.start, np.int64)
            for number, (tagged, shingles, owner) in enumerate(self._tagged(part)):
                self._draw(number, part, shingles, owner)
                common = counts[tagged >> U64(64 - bits)].astype(U64)
                shared = common > 1
                alone += np.bincount(owner[~shared], minlength=alone.size)
                key = owner.astype(U64) << U64(44) | common << U64(32) | tagged & U64(0xFFFFFFFF)
                keys.append(key[shared])
            key = np.sort(np.concatenate(keys))
            owner = (key >> U64(44)).astype(np.int64)
            size = self.size[part]
            length = size - np.ceil(self.floor * size - 1e-9).astype(np.int64) + 1 - alone
            begin = np.searchsorted(owner, np.arange(size.size))
            taken = np.arange(owner.size) - begin[owner] < length[owner]
            found.append(key[taken] << U64(32) | (owner[taken] + part.start).astype(U64))
        return _joined(found)

    def _count(self, bits: int) -> Array:
        """Return how many shingles share each value of their upper bits: no fewer than records."""
        counts = np.zeros(1 << bits, np.uint16)
        waiting: list[Array] = []
        size = 0
        for part in self._parts():
            for tagged, _, _ in self._tagged(part):
                waiting.append((tagged >> U64(64 - bits)).astype(np.uint32))
                size += tagged.size
            if size > 4 * _CHUNK or part.stop == self.size.size:
                values = np.sort(np.concatenate(waiting))
                starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: values.size])
                found = values[starts]
                times = np.diff(np.append(starts, values.size))
                counts[found] = np.minimum(counts[found] + times, _CAP)
                waiting, size = [], 0
        return counts

    def _draw(self, number: int, part: slice, shingles: Array, owner: Array) -> None:
        """Set the bitmaps of a side: which of 256 classes hold an odd number of shingles."""
        count = part.stop - part.start
        place = owner * _BITMAP + (shingles & U64(_BITMAP - 1)).astype(np.int64)
        odd = np.bincount(place, minlength=count * _BITMAP).astype(np.uint8) & 1
        self.bitmaps[number, part] = np.packbits(odd).view(U64).reshape(count, -1)

    def _candidates(self) -> Iterator[tuple[Array, Array]]:
        """Yield places of records that share a rare shingle and are of like size."""
        matrix, bound = _incidence(self._rare(), self.size.size)
        order = np.argsort(self.size, kind="stable")
        matrix, bound, self.bitmaps = matrix[order], bound[order], self.bitmaps[:, order]
        self.records, self.blocks, self.size = (
            values[order] for values in (self.records, self.blocks, self.size)
        )
        least = np.searchsorted(self.size, np.ceil(self.floor * self.size - 1e-9))
        for part in slices(bound, 8 * _CHUNK):
            if not bound[part].any():
                continue
            low = int(least[part.start])
            shared = (matrix[part] @ matrix[low : part.stop].T.tocsr()).tocoo()
            second, first = shared.row + part.start, shared.col + low
            stay = (first < second) & (first >= least[second])
            yield self._sift(first[stay].astype(np.int64), second[stay].astype(np.int64))

    def _sift(self, first: Array, second: Array) -> tuple[Array, Array]:
        """Return the pairs that their sizes and bitmaps leave possible."""
        stay = self.blocks[first] == self.blocks[second]
        first, second = first[stay], second[stay]
        for side in self.sides:
            size = self.index.sizes[self.records, side]
            one, other = size[first], size[second]
            stay = np.minimum(one, other) >= self.floor * np.maximum(one, other) - 1e-9
            first, second = first[stay], second[stay]
        for number, side in enumerate(self.sides):
            size = self.index.sizes[self.records, side]
            differ = np.bitwise_count(self.bitmaps[number, first] ^ self.bitmaps[number, second])
            both = size[first] + size[second]
            stay = both - differ.sum(axis=1, dtype=np.int64) >= 2 * self._needed(both)
            first, second = first[stay], second[stay]
        stay = ~self.apart(self.records[first], self.records[second])
        return first[stay], second[stay]

    def _needed(self, both: Array) -> Array:
        """Return how many shingles two sets of so many together must share."""
        return np.ceil(self.floor / (1 + self.floor) * both - 1e-9).astype(np.int64)

    def _verify(self, first: Array, second: Array) -> Pairs:
        """Return the pairs that are similar on every side, the shortest side counted first."""
        first, second = self.records[first], self.records[second]
        shared = np.zeros((first.size, 2), np.int32)
        for side in sorted(self.sides, reverse=True):
            both = self.index.sizes[first, side] + self.index.sizes[second, side]
            shared[:, side] = count_shared(self.index.shingles_of, first, second, side)
            stay = shared[:, side] >= self._needed(both)
            first, second, shared = first[stay], second[stay], shared[stay]
        return Pairs(np.minimum(first, second), np.maximum(first, second), shared)


def _joined(parts: list[Array]) -> Array:
    """Return the arrays one behind the other; `parts` is empty then, so that they are held once."""
    joined = np.empty(sum(part.size for part in parts), U64)
    end = joined.size
    while parts:
        part = parts.pop()
        joined[end - part.size : end] = part
        end -= part.size
    return joined


def _incidence(rare: Array, count: int) -> tuple[csr_array, Array]:
    """Return which record holds which rare shingle, and a bound of the pairs that each brings.

    Of shingles that the same records hold, one is enough, and one that a single record holds is
    not needed. What `rare` holds is lost: there may be a hundred million.
    """
    rare.sort()
    owner = rare.astype(np.uint32).view(np.int32)
    rare >>= U64(32)
    starts = np.flatnonzero(np.append(True, rare[1:] != rare[:-1])[: rare.size])
    holders = np.diff(np.append(starts, rare.size))
    used = holders > 2
    several = mix(owner[np.repeat(used, holders)].astype(U64) + U64(1))
    ends = np.cumsum(holders[used])
    who = np.add.reduceat(several, ends - holders[used]) if ends.size else several
    _, first = np.unique(who, return_index=True)
    needed = holders == 2
    needed[np.flatnonzero(used)[first]] = True
    owner = owner[np.repeat(needed, holders)]
    holders = holders[needed]
    bound = np.bincount(owner, weights=np.repeat(holders, holders), minlength=count)
    columns = np.concatenate([[0], np.cumsum(holders)])
    matrix = csc_array((np.ones(owner.size, bool), owner, columns), shape=(count, holders.size))
    return matrix.tocsr(), bound.astype(np.int64)


def count_shared(sets: Sets, first: Array, second: Array, side: int) -> Array:
    """Return the number of values that the sets of each pair have in common."""
    shared = np.zeros(first.size, np.int64)
    for start in range(0, first.size, _PAIRS):
        part = slice(start, start + _PAIRS)
        one, other = (_rows(*sets(records[part], side), records[part].size)
                      for records in (first, second))  # fmt: skip
        shared[part] = np.diff(one.multiply(other).indptr)
    return shared


def jaccard(index: Index, first: Array, second: Array, shared: Array, side: int) -> Array:
    """Return the similarity of pairs on a side, of which `shared` shingles are common."""
    union = index.sizes[first, side] + index.sizes[second, side] - shared
    return np.where(union > 0, shared / np.maximum(union, 1), 1.0)


def _rows(values: Array, owner: Array, count: int) -> csr_array:
    starts = np.searchsorted(owner, np.arange(count + 1))
    ones = np.ones(values.size, np.int8)
    return csr_array((ones, values.view(np.int64), starts), shape=(count, 1 << 40))
