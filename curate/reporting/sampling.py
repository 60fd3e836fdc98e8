"""A sample that is the same on each run: what has the smallest hashes."""

import hashlib
import heapq
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Smallest"]

T = TypeVar("T")


class Smallest(Generic[T]):
    """The items whose keys have the smallest hashes; no more than so many are held.

    >>> one, other = Smallest[str](2), Smallest[str](2)
    >>> for key in "abcdef":
    ...     one.add(key, key.upper)
    >>> for key in "fedcba":
    ...     other.add(key, key.upper)
    >>> sorted(one.items()) == sorted(other.items()), one.seen
    (True, 6)
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[int, int, T]] = []  # the largest hash on top, as a negative
        self.seen = 0

    def add(self, key: str, make: Callable[[], T]) -> None:
        """Take in what `make` returns, if the hash of the key is among the smallest so far."""
        self.seen += 1
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        rank = -int.from_bytes(digest)
        full = len(self._heap) == self._size
        if full and rank <= self._heap[0][0]:
            return
        entry = rank, self.seen, make()
        if full:
            heapq.heapreplace(self._heap, entry)
        else:
            heapq.heappush(self._heap, entry)

    def items(self) -> list[T]:
        """Return what is held, in the order in which it came."""
        return [item for _, _, item in sorted(self._heap, key=lambda entry: entry[1])]
