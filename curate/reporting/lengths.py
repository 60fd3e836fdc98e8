"""Lengths of fields: quantiles, and the columns of a histogram."""

import math
from array import array
from bisect import bisect_left

from curate.records import TEXT_FIELDS, Record

__all__ = ["FieldLengths"]

_COLUMNS = 24


class FieldLengths:
    """The length in characters of each text field of each record; 8 bytes each."""

    def __init__(self) -> None:
        self._lengths = {name: array("Q") for name in TEXT_FIELDS}

    def add(self, record: Record) -> None:
        """Take in the lengths of a record; what is no text counts as empty."""
        for name, lengths in self._lengths.items():
            text = getattr(record, name)
            lengths.append(len(text) if isinstance(text, str) else 0)

    def quantiles(self) -> dict[str, dict[str, int]]:
        """Return by field how many are filled, and median, 95th percentile and maximum of those.

        `rejected` is there only where it is filled.
        """
        found = {name: _quantiles(lengths) for name, lengths in self._lengths.items()}
        return {name: said for name, said in found.items() if name != "rejected" or said["filled"]}

    def histograms(self) -> dict[str, list[tuple[int, int, int]]]:
        """Return by field columns of (least length, greatest length, records) of what is filled."""
        return {name: _histogram(lengths) for name, lengths in self._lengths.items()}


def _quantiles(lengths: "array[int]") -> dict[str, int]:
    """Return how many are filled, and median, 95th percentile and maximum of those.

    >>> _quantiles(array("Q", [0, 1, 2, 3, 4]))
    {'filled': 4, 'median': 2, 'p95': 4, 'max': 4}
    """
    filled = sorted(length for length in lengths if length)
    if not filled:
        return {"filled": 0, "median": 0, "p95": 0, "max": 0}
    median, p95 = (filled[math.ceil(q * len(filled)) - 1] for q in (0.5, 0.95))  # nearest rank
    return {"filled": len(filled), "median": median, "p95": p95, "max": filled[-1]}


def _histogram(lengths: "array[int]") -> list[tuple[int, int, int]]:
    """Return columns of equal ratio, for lengths spread over several powers of ten.

    >>> _histogram(array("Q", [0, 1, 2, 2]))
    [(1, 1, 1), (2, 2, 2)]
    """
    filled = sorted(length for length in lengths if length)
    if not filled:
        return []
    low, high = filled[0], filled[-1]
    ratio = ((high + 1) / low) ** (1 / _COLUMNS)
    edges = sorted({max(low, math.ceil(low * ratio**n - 1e-9)) for n in range(_COLUMNS)})
    edges = [*(edge for edge in edges if edge <= high), high + 1]
    starts = [bisect_left(filled, edge) for edge in edges]
    return [
        (edge, following - 1, after - before)
        for edge, following, before, after in zip(
            edges, edges[1:], starts, starts[1:], strict=False
        )
    ]
