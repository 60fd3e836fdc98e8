"""One walk through a dataset directory for all that its report counts of each record."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from curate.dataset import SPLITS, read_lines
from curate.mixing import is_copy
from curate.reporting.before_after import LengthChange
from curate.reporting.drops import Drops
from curate.reporting.tallies import SourceTally
from curate.reporting.verbs import VerbTally

__all__ = ["Census", "census_parts", "take_census"]


@dataclass(frozen=True)
class Census:
    """What was counted, by subject; records are not held but for small samples."""

    sources: SourceTally = field(default_factory=SourceTally)
    lengths: LengthChange = field(default_factory=LengthChange)
    verbs: VerbTally = field(default_factory=VerbTally)
    drops: Drops = field(default_factory=Drops)

    def add(self, other: "Census") -> None:
        """Take in what another census counted, of other records; it alone may know of drops."""
        self.sources.add(other.sources)
        self.lengths.add(other.lengths)
        self.verbs.add_all(other.verbs)


def census_parts(
    folder: Path, manifest: Mapping[str, Any], parts: int
) -> list[Callable[[], Census]]:
    """Return what counts a dataset directory, finished or staged: the first one what did not stay.

    Each can be called in another process; the others hold about the same number of records.
    """
    is_mix = "mixing" in manifest
    listed = {output["path"] for output in manifest["outputs"]}
    paths = [folder / f"{split}.jsonl" for split in SPLITS if f"{split}.jsonl" in listed]
    return [
        partial(_count_lost, folder),
        *(partial(_count_kept, paths, is_mix, part, parts) for part in range(parts)),
    ]


def take_census(taken: Iterable[Census]) -> Census:
    """Return one census of all that the parts counted."""
    parts = iter(taken)
    census = next(parts)
    for part in parts:
        census.add(part)
    return census


def _count_lost(folder: Path) -> Census:
    census = Census()
    for line in read_lines(folder / "dropped.jsonl"):
        census.sources.lose(line["record"]["source"])
        census.lengths.drop(line["record"])
        census.drops.add(line)
    for row in read_lines(folder / "quarantine.jsonl"):
        census.sources.lose(row["source"])
        census.drops.add_unreadable(row)
    for row in read_lines(folder / "edits.jsonl"):
        census.lengths.edit(row)
    return census


def _count_kept(paths: Sequence[Path], is_mix: bool, part: int, parts: int) -> Census:
    """Count the lines that begin in one of so many equal parts of each file."""
    census = Census()
    for path in paths:
        size = path.stat().st_size
        for line in _lines(path, size * part // parts, size * (part + 1) // parts):
            row = orjson.loads(line)
            copied = is_mix and is_copy(row["id"])
            census.sources.keep(row, copied)
            census.lengths.keep(row, copied)
            census.verbs.add(row["instruction"])
    return census


def _lines(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Yield the lines that begin at or behind one offset and before another."""
    with path.open("rb") as file:
        if start:
            file.seek(start - 1)
            start += len(file.readline()) - 1
        for line in file:
            if start >= end:
                return
            start += len(line)
            yield line
