"""What `--restore` names, and whether it can come back."""

import difflib
import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curate.dataset import RESTORED, read_ledger, read_lines, read_records
from curate.errors import DatasetError, UsageError, clip
from curate.rerunning import Exemptions
from curate.steps import STEPS

__all__ = ["check_outside", "check_unrepeated", "check_unsplit", "find_exemptions"]


def check_outside(source: Path, target: Path) -> None:
    """Raise UsageError if a folder to write is the dataset directory that is read, or in it."""
    if Path(os.path.realpath(target)).is_relative_to(os.path.realpath(source)):
        raise UsageError(f"{target}: is the dataset directory itself or in it; name another folder")


def check_unsplit(directory: Path, manifest: dict[str, Any]) -> None:
    """Raise DatasetError if `curate split` wrote the directory: a record has no split to go to."""
    outputs = {output["path"] for output in manifest["outputs"]}
    if manifest["command"] == "split" or outputs & {"validation.jsonl", "test.jsonl"}:
        raise DatasetError(
            f"{directory}: was written by `curate split`, and a restored record could share a "
            "group with records of any split; restore in the directory that `curate clean` "
            "wrote, then split the result"
        )


def check_unrepeated(directory: Path, manifest: dict[str, Any]) -> None:
    """Raise DatasetError if records are there several times: how often would change for all."""
    if "repeated" in manifest["counts"]:
        raise DatasetError(
            f"{directory}: was written by `curate merge --repeat`, and with other records each "
            "would be repeated another number of times; merge the sources again"
        )


def find_exemptions(
    directory: Path, steps: Sequence[dict[str, Any]], wanted: Sequence[str]
) -> Exemptions:
    """Return the verdicts that the names stand for; a name that is a step stands for the step.

    Raises:
        UsageError: a name is of no step that ran and of no row that was read.
        DatasetError: a name stands for nothing that was dropped.
    """
    by_name = {step["name"]: step for step in steps}
    chosen = frozenset(name for name in wanted if name in by_name)
    for name in chosen:
        if not by_name[name]["dropped"]:
            edited = by_name[name]["edited"]
            edits = f"; its edits of {edited} records stay" if edited else ""
            raise DatasetError(f"{directory}: --restore {name}: the step dropped nothing{edits}")
    ids = {name for name in wanted if name not in by_name}
    rows = read_lines(directory / "dropped.jsonl") if ids else iter(())
    found = {row["record"]["id"]: row["step"] for row in rows if row["record"]["id"] in ids}
    for id in sorted(ids - found.keys()):
        where = f"{directory}: --restore {clip(id)}"
        if why := _why_not(directory, id):
            raise DatasetError(f"{where}: {why}")
        raise UsageError(f"{where}: {_unknown(directory, id, list(by_name))}")
    return Exemptions(chosen, frozenset((step, id) for id, step in found.items()))


def _why_not(directory: Path, name: str) -> str:
    """Return why a row cannot come back; empty if no row is called so."""
    for row in read_lines(directory / "quarantine.jsonl"):
        if f"{row['source']}:{row['line']}" == name:
            return (
                f"this row could not be read ({clip(row['error'])}), so there is no record to "
                "bring back; mend it in the file and clean that again"
            )
    if any(record.id == name for _, record in read_records(directory)):
        earlier = any(row["id"] == name for row in read_ledger(directory / RESTORED))
        return "the record is kept" + (" already: it was restored before" if earlier else "")
    return ""


def _unknown(directory: Path, name: str, steps: Sequence[str]) -> str:
    """Return what may be meant by a name that stands for nothing here."""
    if any(name == step.name for step in STEPS):
        return f"the step did not run here; those that did are {', '.join(steps)}"
    rows = itertools.islice(read_lines(directory / "dropped.jsonl"), 20_000)
    near = difflib.get_close_matches(name, [*steps, *(row["record"]["id"] for row in rows)], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; steps: {', '.join(steps)}"
    return f"no step and no dropped record is called so{hint}"
