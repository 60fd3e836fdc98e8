"""Write the dataset of a directory in splits."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from curate.dataset import (
    CLUSTERS,
    LEDGERS,
    REFERENCES,
    RESTORED,
    DatasetWriter,
    audit,
    read_ledger,
    read_lines,
    read_manifest,
)
from curate.dataset.mixture import read_originals
from curate.engines import Edit
from curate.errors import DatasetError, UsageError
from curate.records import Dropped, Quarantined, Record, Reference
from curate.reporting.report import write_pages
from curate.splitting.planning import REASON, STEP, Plan, comparison, find_plan, prove
from curate.splitting.shares import Shares

__all__ = ["split_dataset"]


def split_dataset(
    source: Path,
    target: Path,
    *,
    validation: float = 0.05,
    test: float = 0.05,
    seed: int = 0,
    stratify: str | None = None,
    overwrite: bool = False,
) -> dict[str, int]:
    """Write `target`, the dataset of `source` in splits, and return the records in each.

    The ledgers come along, so that the account and `explain` still tell the whole story.

    Raises:
        UsageError: shares that leave nothing to train on, or the target is the source.
        DatasetError: the source is no dataset directory or is split already, or the target cannot
            be written, or records of two splits share something after all.
    """
    shares = _shares(validation=validation, test=test, seed=seed, stratify=stratify)
    if os.path.realpath(source) == os.path.realpath(target):
        raise UsageError(f"{target}: is the source; name another folder with -o")
    audit(source)
    manifest = read_manifest(source)
    _check_unsplit(source, manifest)
    dedup = comparison(manifest, f"{source}/manifest.json")
    plan = find_plan((record for _, record in read_originals(source)), shares, dedup)
    with DatasetWriter(target, overwrite=overwrite) as writer:
        _copy_ledgers(source, writer)  # first, as they say how often a record is there
        counts, by_source, out = _write(source, plan, writer)
        if not counts:
            raise DatasetError(f"{source}: holds no record to split")
        if counts["train"] == 0:
            went = ", ".join(f"{n:,} records to {name}" for name, n in sorted(counts.items()))
            raise DatasetError(
                f"{source}: nothing would be left to train on ({went}): groups stay whole; give "
                "--stratify source, another --seed or smaller shares"
            )
        for dropped in out:
            writer.drop(dropped)
        step = {
            "name": STEP,
            "settings": shares.model_dump(),
            "in": len(plan.ids),
            "kept": counts.total(),
            "edited": 0,
            "dropped": {REASON: len(out)} if out else {},
            "proof": prove(plan, plan.places.split, dedup, source),
            "shares": by_source,
        }
        result = writer.manifest(command=STEP, account=_account(manifest, step), seed=seed)
        write_pages(writer, result)
        writer.commit(result)
    return dict(counts)


def _shares(**options: object) -> Shares:
    try:
        shares = Shares.model_validate(options)
    except ValidationError:
        shares = None
    if shares is None or shares.validation + shares.test >= 1:
        raise UsageError(
            f"--validation {options['validation']} and --test {options['test']}: both at least 0, "
            "together below 1"
        )
    return shares


def _check_unsplit(source: Path, manifest: dict[str, Any]) -> None:
    outputs = {output["path"] for output in manifest["outputs"]}
    if outputs & {"validation.jsonl", "test.jsonl"} or STEP in {
        s["name"] for s in manifest["steps"]
    }:
        raise DatasetError(
            f"{source}: is split already; split the directory that `curate clean` wrote"
        )


def _write(
    source: Path, plan: Plan, writer: DatasetWriter
) -> tuple[Counter[str], dict[str, dict[str, int]], list[Dropped]]:
    """Write what is kept; return how many, in all and of each source, and what is dropped."""
    counts: Counter[str] = Counter()
    by_source: dict[str, dict[str, int]] = {}
    out: list[Dropped] = []
    for number, (_, record) in enumerate(read_originals(source)):
        split = plan.split(number)
        if not split:
            out.append(Dropped(record, STEP, REASON, plan.evidence(number)))
            continue
        counts[split] += 1
        row = by_source.setdefault(record.source, {})
        row[split] = row.get(split, 0) + 1
        writer.keep(record, split)
    return counts, by_source, out


def _account(manifest: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    counts = {name: n for name, n in manifest["counts"].items() if name != "repeated"}
    gone = step["in"] - step["kept"]
    return {
        "sources": manifest["sources"],
        "references": manifest.get("references"),
        "rounds": manifest.get("rounds"),
        "steps": [*manifest["steps"], step],
        "counts": {**counts, "kept": step["kept"], "dropped": counts["dropped"] + gone},
    }


def _copy_ledgers(source: Path, writer: DatasetWriter) -> None:
    for name in LEDGERS:
        for row in read_lines(source / name):
            if name == "dropped.jsonl":
                writer.drop(Dropped(**{**row, "record": Record.from_dict(row["record"])}))
            elif name == "quarantine.jsonl":
                writer.quarantine(Quarantined(**row))
            elif name == CLUSTERS:
                writer.cluster(row.pop("step"), row)
            else:
                writer.edit(Edit(**row))
    for row in read_ledger(source / REFERENCES):
        writer.reference(row["step"], Reference(row["set"], Record.from_dict(row["record"])))
    for row in read_ledger(source / RESTORED):
        writer.restored(row)
