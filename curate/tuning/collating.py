"""Examples to rows, rows to batches: one record a row, or several packed into one."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curate.prompts.encode import IGNORE_INDEX, Example

if TYPE_CHECKING:
    import torch

__all__ = ["Collator", "PairCollator", "pack", "pairs_of", "rows_of"]

_NOBODY = -1
"""The number of the record that padding belongs to."""


def pack(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Return rows of places whose lengths together are at most `size`, where that can be.

    Best fit, longest first; the order within a row and of the rows is that of the places.

    >>> pack([5, 9, 4, 1, 3], 10)
    [[0, 2], [1, 3], [4]]
    """
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # what is left, and of which row; ascending
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place], place)):
        at = bisect.bisect_left(room, (lengths[place], -1))
        if at == len(room):
            left, row = size, len(rows)
            rows.append([])
        else:
            left, row = room.pop(at)
        rows[row].append(place)
        bisect.insort(room, (left - lengths[place], row))
    return sorted(sorted(row) for row in rows)


_WORSE = "rejected_"
"""What the columns of the rejected side begin with."""


def rows_of(examples: Sequence[Example], places: Sequence[Sequence[int]]) -> dict[str, list[Any]]:
    """Return the columns of the trainer's rows; `places` tells the examples of each."""
    return {
        "input_ids": [[i for at in row for i in examples[at].input_ids] for row in places],
        "labels": [[i for at in row for i in examples[at].labels] for row in places],
        "records": [[at for at in row for _ in examples[at].input_ids] for row in places],
    }


def pairs_of(examples: Sequence[Example]) -> dict[str, list[Any]]:
    """Return the columns of a trainer's rows of pairs, either side as `rows_of` has it.

    The rejected answers are numbered on from the chosen ones.
    """
    worse = [example.rejected for example in examples if example.rejected is not None]
    every = [[at] for at in range(len(examples))]
    other = rows_of(worse, every)
    other["records"] = [[len(examples) + at for at in row] for row in other["records"]]
    return rows_of(examples, every) | {f"{_WORSE}{name}": rows for name, rows in other.items()}


@dataclass(frozen=True, slots=True)
class Collator:
    """What makes a batch of rows, padded on the right.

    Attributes:
        pad: id that fills a batch up; it takes no loss.
        packed: whether a row may hold several records. Then the positions begin anew with each,
            and with the padding, and there is no attention mask: transformers makes one of the
            positions that lets no record see another.

    """

    pad: int
    packed: bool = False

    def __call__(self, rows: Sequence[dict[str, Any]]) -> "dict[str, torch.Tensor]":
        """Return the batch, each [batch, seq]; `records` tells whose every token is."""
        width = max(len(row["input_ids"]) for row in rows)
        batch = {
            name: _filled([row[name] for row in rows], width, filler)
            for name, filler in (
                ("input_ids", self.pad), ("labels", IGNORE_INDEX), ("records", _NOBODY),
            )
        }  # fmt: skip
        if self.packed:
            return batch | {"position_ids": _positions(batch["records"])}
        return batch | {"attention_mask": (batch["records"] != _NOBODY).long()}


@dataclass(frozen=True, slots=True)
class PairCollator:
    """What makes a batch of pairs: the chosen answers, then the rejected ones, [2 · batch, seq].

    Attributes:
        pad: as of `Collator`.
        numbers: columns of one number a row that travel along, [batch].

    """

    pad: int
    numbers: Sequence[str] = ()

    def __call__(self, rows: Sequence[dict[str, Any]]) -> "dict[str, torch.Tensor]":
        """Return the batch, as `Collator` makes it of both sides."""
        import torch

        names = ("input_ids", "labels", "records")
        sides = [
            {name: row[f"{side}{name}"] for name in names} for side in ("", _WORSE) for row in rows
        ]
        numbers = {name: torch.tensor([row[name] for row in rows]) for name in self.numbers}
        return Collator(self.pad)(sides) | numbers


def _filled(rows: Sequence[list[int]], width: int, filler: int) -> "torch.Tensor":
    import torch

    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])


def _positions(records: "torch.Tensor") -> "torch.Tensor":
    """Return the position of each token in its record."""
    import torch

    places = torch.arange(records.shape[1]).expand_as(records)
    begins = torch.ones_like(records, dtype=torch.bool)
    begins[:, 1:] = records[:, 1:] != records[:, :-1]
    return places - torch.where(begins, places, 0).cummax(dim=1).values
