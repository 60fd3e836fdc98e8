"""One walk through a dataset directory for all that its report counts of each record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate.dataset import SPLITS, read_lines
from curate.mixing import is_copy
from curate.reporting.before_after import LengthChange
from curate.reporting.drops import Drops
from curate.reporting.tallies import SourceTally
from curate.reporting.verbs import VerbTally

__all__ = ["Census", "take_census"]


@dataclass(frozen=True)
class Census:
    """What was counted, by subject; records are not held but for small samples."""

    sources: SourceTally = field(default_factory=SourceTally)
    lengths: LengthChange = field(default_factory=LengthChange)
    verbs: VerbTally = field(default_factory=VerbTally)
    drops: Drops = field(default_factory=Drops)


def take_census(folder: Path, manifest: Mapping[str, Any]) -> Census:
    """Return the census of a dataset directory, finished or staged."""
    census, is_mix = Census(), "mixing" in manifest
    listed = {output["path"] for output in manifest["outputs"]}
    for name in (f"{split}.jsonl" for split in SPLITS):
        for row in read_lines(folder / name) if name in listed else ():
            copied = is_mix and is_copy(row["id"])
            census.sources.keep(row, copied)
            census.lengths.keep(row, copied)
            census.verbs.add(row["instruction"])
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
