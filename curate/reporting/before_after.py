"""Lengths of fields as they were read and as they stay."""

from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import xxhash

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["FIELDS", "Column", "FieldChange", "LengthChange", "Spread"]

FIELDS = ("instruction", "context", "output", "rejected")
_EDGES = (
    *(1, 2, 3, 4, 5, 6, 8),
    *(step * 10**power for power in range(17) for step in (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)),
)
"""Where columns begin: ten to a power of ten, as even as round numbers can be."""
_DROPPED, _KEPT, _COPY = range(3)


class Column(NamedTuple):
    """Lengths from `low` to `high`: how many texts were so long before and are so after."""

    low: int
    high: int
    before: int
    after: int


class Spread(NamedTuple):
    """Texts that are not empty, and the lengths of those, in characters; 0 where there is none."""

    filled: int
    median: int
    p95: int
    longest: int


class FieldChange(NamedTuple):
    """The lengths of a field before and after."""

    before: Spread
    after: Spread
    columns: list[Column]


class LengthChange:
    """The length of each field of each record; about 35 bytes a record and 48 an edited one.

    The length before is that after, less what the edits of the record put in, with what they took
    out. A value that is no text counts as empty.
    """

    def __init__(self) -> None:
        self._ids = array("Q")
        self._fates = array("b")
        self._lengths = {name: array("q") for name in FIELDS}
        self._edited = {name: (array("Q"), array("q")) for name in FIELDS}

    def keep(self, row: Mapping[str, Any], is_copy: bool = False) -> None:
        """Take in a record that stays; a copy that a merge made was not read."""
        self._add(row, _COPY if is_copy else _KEPT)

    def drop(self, row: Mapping[str, Any]) -> None:
        """Take in a record that was dropped."""
        self._add(row, _DROPPED)

    def _add(self, row: Mapping[str, Any], fate: int) -> None:
        self._ids.append(xxhash.xxh3_64_intdigest(row["id"].encode()))
        self._fates.append(fate)
        for name, lengths in self._lengths.items():
            text = row.get(name)
            lengths.append(len(text) if isinstance(text, str) else 0)

    def edit(self, row: Mapping[str, Any]) -> None:
        """Take in a line of edits.jsonl."""
        if row["field"] in self._edited:
            ids, changes = self._edited[row["field"]]
            ids.append(xxhash.xxh3_64_intdigest(row["id"].encode()))
            changes.append(len(row["removed"]) - len(row["inserted"]))

    def add(self, other: "LengthChange") -> None:
        """Take in what another one holds."""
        self._ids.extend(other._ids)
        self._fates.extend(other._fates)
        for name in FIELDS:
            self._lengths[name].extend(other._lengths[name])
            for mine, others in zip(self._edited[name], other._edited[name], strict=True):
                mine.extend(others)

    def figures(self) -> dict[str, FieldChange]:
        """Return the change of each field."""
        import numpy as np

        fates = np.frombuffer(self._fates, np.int8)
        found = {}
        for name in FIELDS:
            now = np.frombuffer(self._lengths[name], np.int64)
            before = np.sort((now + self._undone(name))[fates != _COPY])
            after = np.sort(now[fates != _DROPPED])
            before, after = before[before > 0], after[after > 0]
            found[name] = FieldChange(_spread(before), _spread(after), _columns(before, after))
        return found

    def _undone(self, name: str) -> "npt.NDArray[np.int64]":
        """Return by record how much longer the field was before its edits."""
        import numpy as np

        ids = np.frombuffer(self._ids, np.uint64)
        edited, changes = self._edited[name]
        if not edited:
            return np.zeros(len(ids), np.int64)
        known, places = np.unique(np.frombuffer(edited, np.uint64), return_inverse=True)
        sums = np.bincount(places, weights=np.frombuffer(changes, np.int64)).astype(np.int64)
        at = np.searchsorted(known, ids).clip(max=len(known) - 1)
        return np.where(known[at] == ids, sums[at], 0)


def _spread(lengths: "npt.NDArray[np.int64]") -> Spread:
    """Return the figures of sorted lengths; a quantile is the nearest rank."""
    if not lengths.size:
        return Spread(0, 0, 0, 0)
    size = len(lengths)
    median, p95 = (int(lengths[-(-size * percent // 100) - 1]) for percent in (50, 95))
    return Spread(size, median, p95, int(lengths[-1]))


def _columns(before: "npt.NDArray[np.int64]", after: "npt.NDArray[np.int64]") -> list[Column]:
    """Return the columns from the first to the last that is used.

    >>> import numpy as np
    >>> _columns(np.array([3, 12]), np.array([3]))
    [Column(low=3, high=3, before=1, after=1), Column(low=4, high=4, before=0, after=0), \
Column(low=5, high=5, before=0, after=0), Column(low=6, high=7, before=0, after=0), \
Column(low=8, high=9, before=0, after=0), Column(low=10, high=11, before=0, after=0), \
Column(low=12, high=14, before=1, after=0)]
    """
    import numpy as np

    if not before.size and not after.size:
        return []
    counts = [np.diff(np.searchsorted(lengths, _EDGES)) for lengths in (before, after)]
    used = np.flatnonzero(counts[0] + counts[1])
    return [
        Column(_EDGES[n], _EDGES[n + 1] - 1, int(counts[0][n]), int(counts[1][n]))
        for n in range(int(used[0]), int(used[-1]) + 1)
    ]
