"""What makes one record stay rather than another that is the same."""

import sys
from array import array
from typing import Any

import numpy as np
import xxhash

from curate.records import Record, Reference

__all__ = ["Merits", "exact_hash"]

Array = np.ndarray[Any, np.dtype[Any]]


class Merits:
    """What ranks records, numbered from 0 in the order in which they were added.

    References come last in number and first in rank, whatever the options say: by the names of
    the sets, then by length.

    Args:
        prefer: sources whose records stay rather than others, best first.
        quality: column with a number: the record with the highest stays.

    Attributes:
        ids: of the records.
        sets: of each reference the name of its set.
        exact: uint64 (n,), equal in exact duplicates.
        preferred: int64 (n,), place of the source in `prefer`; of references below 0.
        length: int64 (n,), characters of the answer, neither space nor politeness.
        first: int64 (n,), place of each record by source name and position.
        plain: int64 (n,), place by length, then `first`.
        rank: int64 (n,), place by all of it: 0 is the best.

    """

    def __init__(self, prefer: tuple[str, ...], quality: str) -> None:
        self.ids: list[str] = []
        self.sets: list[str] = []
        self._prefer, self._quality_column = prefer, quality
        self._exact = array("Q")
        self._preferred, self._quality = array("i"), array("d")  # less is better
        self._source, self._place = array("i"), array("q")
        self._names: dict[str, int] = {}

    def name(self, number: int) -> str | tuple[str, str]:
        """Return the id of a record, of a reference set and id."""
        id, place = self.ids[number], number - self.own
        return id if place < 0 else (self.sets[place], id)

    def add(self, record: Record) -> None:
        """Take a record."""
        self.ids.append(record.id)
        self._exact.append(exact_hash(record))
        prefer = self._prefer
        preferred = prefer.index(record.source) if record.source in prefer else len(prefer)
        self._preferred.append(preferred)
        self._quality.append(-self._quality_of(record))
        name, _, place = record.id.rpartition(":")
        if not (place.isascii() and place.isdigit() and len(place) < 16):
            name, place = record.id, "0"
        self._source.append(self._names.setdefault(name, len(self._names)))
        self._place.append(int(place))

    def add_reference(self, reference: Reference) -> None:
        """Take a record of another set; records cannot be added any more."""
        self.add(reference.record)
        self.sets.append(sys.intern(reference.set))

    @property
    def own(self) -> int:
        """How many are no references."""
        return len(self.ids) - len(self.sets)

    def _quality_of(self, record: Record) -> float:
        value = record.meta.get(self._quality_column)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if number and value == value else -np.inf  # type: ignore[arg-type]

    def finish(self, length: Array) -> None:
        """Make the arrays; `length` is that of the answers."""
        alphabet = np.empty(len(self._names), np.int64)
        alphabet[[self._names[name] for name in sorted(self._names)]] = np.arange(alphabet.size)
        self.exact = np.array(self._exact)
        self.preferred = np.array(self._preferred, np.int64)
        names = sorted(set(self.sets))
        place = {name: number - len(names) for number, name in enumerate(names)}
        self.preferred[self.own :] = [place[name] for name in self.sets]
        sets = np.minimum(self.preferred, 0)
        first = (sets, np.array(self._place), alphabet[np.array(self._source, np.int64)])
        self.length = length.astype(np.int64)
        self.first = _rank(np.lexsort(first))
        self.plain = _rank(np.lexsort((*first, -self.length)))
        quality = np.array(self._quality)
        quality[self.own :] = 0
        self.rank = _rank(np.lexsort((*first, -self.length, quality, self.preferred)))


def exact_hash(record: Record) -> int:
    """Return a number that is equal in exact duplicates."""
    content = "\0".join(record.content()).encode("utf-8", "surrogatepass")
    return xxhash.xxh3_64_intdigest(content)


def _rank(order: Array) -> Array:
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    return rank
