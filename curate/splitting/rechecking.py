"""Check that the splits of a dataset directory share nothing, and are those that were asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from curate.dataset import SPLITS, read_manifest
from curate.dataset.mixture import read_originals
from curate.dataset.order import in_reading_order, is_recorded
from curate.dataset.writer import versions
from curate.errors import DatasetError, clip
from curate.records import Dropped, Record
from curate.splitting.planning import REASON, STEP, Plan, comparison, find_plan, prove
from curate.splitting.shares import Shares

__all__ = ["check_split"]


def check_split(directory: Path) -> str:
    """Return what was checked: no link between splits, and each record in the split it belongs to.

    The first is looked for anew in the texts, whatever the manifest says. The second is left alone
    in a directory of another version, and where the order of reading is not sure (a source was a
    dataset directory).

    Raises:
        DatasetError: the first thing that does not hold.
    """
    manifest = read_manifest(directory)
    entries = [step for step in manifest["steps"] if step["name"] == STEP]
    outputs = {output["path"] for output in manifest["outputs"]}
    if not entries:
        if outputs & {"validation.jsonl", "test.jsonl"}:
            raise DatasetError(f"{directory}: has splits, and no step {STEP} made them")
        return "no splits"
    if len(entries) > 1:
        raise DatasetError(f"{directory}: the step {STEP} is there twice")
    import numpy as np

    shares = _settings(directory, entries[0])
    dedup = comparison(manifest, f"{directory}/manifest.json")
    found: list[tuple[str, Record | Dropped]] = []
    plan = find_plan(_records(directory, manifest, found), shares, dedup)
    split = np.array([(*SPLITS, "").index(name) for name, _ in found], np.int8)
    proof = prove(plan, split, dedup, directory)
    if versions() != manifest["versions"]:
        return "the splits share nothing; not split again: another version wrote them"
    if proof != entries[0].get("proof"):
        raise DatasetError(
            f"{directory}/manifest.json: the proof of the step {STEP} is not {proof}"
        )
    if is_recorded(manifest):
        _check_shares(directory, entries[0])
        return "the splits share nothing; not split again: the order of reading is not sure"
    for number, (name, was) in enumerate(found):
        _compare(directory, plan, number, name, was)
    _check_shares(directory, entries[0])
    return f"the splits share nothing, and {len(found)} records are where they belong"


def _check_shares(directory: Path, entry: dict[str, Any]) -> None:
    """Raise unless each split has as many records of each source as the manifest says."""
    held: dict[str, dict[str, int]] = {}
    for split, record in read_originals(directory):
        row = held.setdefault(record.source, {})
        row[split] = row.get(split, 0) + 1
    if held != entry.get("shares"):
        raise DatasetError(
            f"{directory}/manifest.json: shares of the step {STEP} are "
            f"{clip(entry.get('shares'))}, recounted {clip(held)}"
        )


def _settings(directory: Path, entry: dict[str, Any]) -> Shares:
    try:
        return Shares(**entry["settings"])
    except ValidationError as error:
        fault = error.errors()[0]
        raise DatasetError(
            f"{directory}/manifest.json: settings of step {STEP}: "
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        ) from error


def _records(
    directory: Path, manifest: dict[str, Any], found: list[tuple[str, Any]]
) -> Iterator[Record]:
    """Yield the records that were split, in reading order, and note where they are."""
    for split, item in in_reading_order(directory, manifest, [STEP]):
        if isinstance(item, Dropped):
            found.append((split, Dropped(_NOTHING, item.step, item.reason, item.evidence)))
            yield item.record
        else:
            found.append((split, _NOTHING))
            yield item


_NOTHING = Record(id="", instruction="")


def _compare(directory: Path, plan: Plan, number: int, name: str, was: Record | Dropped) -> None:
    where = f"{directory}: record {clip(plan.ids[number])}"
    expected = plan.split(number)
    if name != expected:
        said = [f"in split {split}" if split else "dropped" for split in (name, expected)]
        raise DatasetError(f"{where} is {said[0]}, and belongs {said[1]}")
    if isinstance(was, Dropped):
        evidence = plan.evidence(number)
        if (was.reason, was.evidence) != (REASON, evidence):
            raise DatasetError(
                f"{where} was dropped as {clip(was.reason)} with {clip(was.evidence)}, and "
                f"{STEP} drops it as {REASON} with {clip(evidence)}"
            )
