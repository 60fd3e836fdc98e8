"""The records of a dataset directory in the order in which they were read."""

import heapq
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

from curate.dataset.mixture import read_originals
from curate.dataset.names import SPLITS
from curate.dataset.reader import read_lines
from curate.records import Dropped, Record

__all__ = ["in_reading_order", "is_recorded", "read_dropped"]

Place = tuple[int, int, int]
_POSITION = re.compile(r":(\d+)(?:\.(\d+))?")


def in_reading_order(
    directory: Path, manifest: Mapping[str, Any], dropped_by: Collection[str] | None = None
) -> Iterator[tuple[str, Record | Dropped]]:
    """Yield every record that was read, once: kept ones with their split, dropped ones with "".

    Of dropped ones only those of the steps in `dropped_by`, if it is given.

    The splits, and what each step dropped, are runs in reading order; they are merged by the order
    of the sources and the position in the `id`. A record without a position of its own goes with
    the one before it in its run. Where a source was itself a dataset directory, the order of its
    own sources is that in which they come up.
    """
    ranks = {source["name"]: rank for rank, source in enumerate(manifest["sources"])}
    if is_recorded(manifest):
        for run in _runs(directory, manifest):
            ranks = _with_sources(ranks, (_record(item).source for _, item in run))
    placed = [_placed(run, ranks) for run in _runs(directory, manifest, dropped_by)]
    for _, split, item in heapq.merge(*placed, key=itemgetter(0)):
        yield split, item


def is_recorded(manifest: Mapping[str, Any]) -> bool:
    """Return whether a source was a dataset directory, whose records keep their ids."""
    return any("curate" in source["layout"].split(",") for source in manifest["sources"])


def read_dropped(directory: Path) -> Iterator[Dropped]:
    """Yield the lines of dropped.jsonl."""
    for row in read_lines(directory / "dropped.jsonl"):
        yield Dropped(**{**row, "record": Record.from_dict(row["record"])})


def _runs(
    directory: Path, manifest: Mapping[str, Any], dropped_by: Collection[str] | None = None
) -> list[Iterable[tuple[str, Record | Dropped]]]:
    """Return what is in reading order as it stands: each split, and what each step dropped."""
    runs: list[Iterable[tuple[str, Record | Dropped]]] = [
        read_originals(directory, [split]) for split in SPLITS
    ]
    steps = [step["name"] for step in manifest["steps"] if step["dropped"]]
    wanted = [step for step in steps if dropped_by is None or step in dropped_by]
    return runs + [_dropped_by(directory, step) for step in wanted]


def _dropped_by(directory: Path, step: str) -> Iterator[tuple[str, Dropped]]:
    return (("", dropped) for dropped in read_dropped(directory) if dropped.step == step)


def _record(item: Record | Dropped) -> Record:
    return item.record if isinstance(item, Dropped) else item


def _placed(
    run: Iterable[tuple[str, Record | Dropped]], ranks: Mapping[str, int]
) -> Iterator[tuple[Place, str, Record | Dropped]]:
    place = (-1, 0, 0)
    for split, item in run:
        record = _record(item)
        found = _POSITION.fullmatch(record.id.removeprefix(record.source))
        if found and record.source in ranks:
            place = (ranks[record.source], int(found[1]), int(found[2] or 0))
        yield place, split, item


def _with_sources(ranks: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    """Return the ranks with new names before the next known one of their run, or at the end.

    >>> _with_sources({"a": 0, "c": 1}, ["b", "c", "d"])
    {'a': 0, 'b': 1, 'c': 2, 'd': 3}
    """
    order = list(ranks)
    new: list[str] = []
    for name in dict.fromkeys(names):
        if name not in ranks:
            new.append(name)
        else:
            at = order.index(name)
            order[at:at] = new
            new = []
    return {name: rank for rank, name in enumerate([*order, *new])}
