"""Profiles of many records, in memory what is small, in a file without a name what is not."""

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from curate.files import writing
from curate.records import Record
from curate.similarity.profile import Profiles, profile

__all__ = ["Index", "batches", "expand", "slices"]

Array = np.ndarray[Any, np.dtype[Any]]

_LARGE = ("shingles", "sequence", "names")
_SMALL = tuple(field.name for field in fields(Profiles) if field.name not in _LARGE)
_AROUND = 1 << 16  # bytes that come into memory with the byte that is read
_RESIDENT = 1 << 28  # bytes of the files that may be in memory
_BATCH = 1 << 17  # characters that are profiled at once: the arrays stay in the cache
_MOST = 4096  # records


class Index(Profiles):
    """Profiles of records, numbered from 0 in the order in which they were added.

    The attributes are those of Profiles, over all records; `shingles`, `sequence` and `names` lie
    in files. `starts[name]` says where in them those of each record begin.
    """

    def __init__(self) -> None:
        self._waiting = _Batch()
        self._small = {name: bytearray() for name in _SMALL}
        self._files = {name: tempfile.TemporaryFile() for name in _LARGE}
        self.starts: dict[str, Array] = {}
        self._maps: list[mmap.mmap] = []
        self._touched = 0

    def add(self, record: Record) -> None:
        """Add a record."""
        if self._waiting.add(record):
            self._flush()

    def extend(self, profiles: Profiles) -> None:
        """Add records of which the profiles are there already."""
        self._flush()
        self._append(profiles)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, _Batch()
        if waiting.records:
            self._append(profile(waiting.records))

    def _append(self, profiles: Profiles) -> None:
        for name in _SMALL:
            self._small[name] += getattr(profiles, name).data.cast("B")
        with writing(Path(tempfile.gettempdir())):
            for name in _LARGE:
                self._files[name].write(getattr(profiles, name).data)

    def finish(self) -> None:
        """Make the arrays; no record can be added any more."""
        self._flush()
        empty = profile([])
        for name in _SMALL:
            like = getattr(empty, name)
            values = np.frombuffer(self._small.pop(name), like.dtype)
            setattr(self, name, values.reshape(-1, *like.shape[1:]))
        for name in _LARGE:
            file, kind = self._files[name], getattr(empty, name).dtype
            with writing(Path(tempfile.gettempdir())):
                file.flush()
            if file.tell():
                self._maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
                setattr(self, name, np.frombuffer(self._maps[-1], kind))
            else:
                setattr(self, name, np.zeros(0, kind))
        self._find_starts()

    def _find_starts(self) -> None:
        for name, count in self._counts().items():
            self.starts[name] = np.cumsum(count.sum(axis=1)) - count.sum(axis=1)

    def _counts(self) -> dict[str, Array]:
        return {"shingles": self.sizes, "sequence": self.words, "names": self.name_counts}

    @classmethod
    def of(cls, profiles: Profiles) -> "Index":
        """Return the index of these profiles, all of it in memory."""
        index = cls.__new__(cls)
        vars(index).update(vars(profiles), starts={}, _maps=[], _touched=0)
        index._find_starts()
        return index

    def take(self, records: Array) -> Profiles:
        """Return the profiles of some records, in this order."""
        taken = {name: getattr(self, name)[records] for name in _SMALL}
        for name, count in self._counts().items():
            place, _ = expand(self.starts[name][records], count[records].sum(axis=1))
            taken[name] = getattr(self, name)[place]
            self._touch(records.size * _AROUND + taken[name].nbytes)
        return Profiles(**taken)

    def weights(self, records: Array) -> Array:
        """Return about how many bytes the profile of each of some records takes."""
        sizes = [getattr(self, name).itemsize * count[records].sum(axis=1)
                 for name, count in self._counts().items()]  # fmt: skip
        return sum(sizes) + sum(getattr(self, name)[:1].nbytes for name in _SMALL)

    def shingles_of(self, records: Array, side: int) -> tuple[Array, Array]:
        """Return the shingles of prompts (side 0) or answers (1), and which is whose."""
        return self._values("shingles", self.sizes, records, side)

    def names_of(self, records: Array, side: int) -> tuple[Array, Array]:
        """Return the names in prompts (side 0) or answers (1), and which is whose."""
        return self._values("names", self.name_counts, records, side)

    def words_of(self, records: Array, side: int) -> tuple[Array, Array]:
        """Return the words of prompts (side 0) or answers (1), an even number each, and whose."""
        words, owner = self._values("sequence", self.words, records, side)
        return words & ~np.uint32(1), owner

    def text_of(self, record: int, side: int) -> Array:
        """Return the words of a prompt (side 0) or answer (1) in order, an even number each."""
        return self._sequence_of(record, side) & ~np.uint32(1)

    def asked_of(self, record: int) -> Array:
        """Return, for each word of a prompt, whether it is of a question."""
        return (self._sequence_of(record, 0) & 1).astype(bool)

    def question_of(self, record: int) -> Array:
        """Return the words of the questions in a prompt, an even number each."""
        words = self._sequence_of(record, 0)
        return words[words & 1 == 1] & ~np.uint32(1)

    def _sequence_of(self, record: int, side: int) -> Array:
        self._touch(_AROUND)
        start = self.starts["sequence"][record] + (self.words[record, 0] if side else 0)
        return self.sequence[start : start + self.words[record, side]]

    def _values(self, name: str, counts: Array, records: Array, side: int) -> tuple[Array, Array]:
        starts = self.starts[name][records] + (counts[records, 0] if side else 0)
        place, owner = expand(starts, counts[records, side])
        values = getattr(self, name)[place]
        reach = int(place.max() - place.min()) * values.itemsize if place.size else 0
        self._touch(min(reach, records.size * _AROUND + values.nbytes))
        return values, owner

    def _touch(self, size: int) -> None:
        """Give the pages of the files back where they may be many: they count as memory."""
        self._touched += size
        if self._touched > _RESIDENT and sum(map(len, self._maps)) > _RESIDENT:
            self._touched = 0
            for pages in self._maps:
                if hasattr(pages, "madvise"):  # not on Windows
                    pages.madvise(mmap.MADV_DONTNEED)


class _Batch:
    """Records that are profiled at once."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._characters = 0

    def add(self, record: Record) -> bool:
        """Take a record; return whether these are enough."""
        self.records.append(record)
        for text in (record.instruction, record.context, record.output):
            self._characters += len(text) if isinstance(text, str) else 0
        return self._characters > _BATCH or len(self.records) == _MOST


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield the records, in order, in batches of a size to be profiled at once."""
    batch = _Batch()
    for record in records:
        if batch.add(record):
            yield batch.records
            batch = _Batch()
    if batch.records:
        yield batch.records


def expand(starts: Array, counts: Array) -> tuple[Array, Array]:
    """Return every place in ranges that begin at `starts`, and the number of its range.

    >>> expand(np.array([5, 9]), np.array([2, 1]))
    (array([5, 6, 9]), array([0, 0, 1]))
    """
    owner = np.repeat(np.arange(counts.size), counts)
    ends = np.cumsum(counts)
    place = np.arange(owner.size) + (starts - ends + counts)[owner]
    return place, owner


def slices(weights: Array, limit: int) -> Iterator[slice]:
    """Yield slices one after the other, of about `limit` in weight or of one item."""
    total = np.cumsum(weights)
    start = 0
    while start < total.size:
        before = total[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(total, before + limit, side="right")))
        yield slice(start, end)
        start = end
