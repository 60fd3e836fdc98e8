"""Check that a dataset directory holds what its manifest says."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curate.dataset.digest import ContentDigest
from curate.dataset.names import LEDGER_KEYS, SPLITS
from curate.dataset.reader import read_lines, read_manifest, read_records
from curate.errors import DatasetError, clip
from curate.records import stored_fault

__all__ = ["audit"]


def audit(directory: Path) -> list[str]:
    """Return what was checked, a line each, in the order of checking.

    Raises:
        DatasetError: the first thing that does not hold.
    """
    manifest = read_manifest(directory)
    try:
        return [check(directory, manifest) for check in CHECKS]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DatasetError(f"{directory}/manifest.json: is incomplete: {error!r}") from error


def _files(directory: Path, manifest: dict[str, Any]) -> str:
    listed = {output["path"] for output in manifest["outputs"]}
    for name in [f"{split}.jsonl" for split in SPLITS]:
        if (directory / name).exists() and name not in listed:
            raise DatasetError(f"{directory / name}: is not in the manifest")
    for output in manifest["outputs"]:
        path = directory / output["path"]
        rows, sha256 = _count_and_hash(path)
        if rows != output["rows"]:
            raise DatasetError(f"{path}: has {rows} rows, the manifest says {output['rows']}")
        if sha256 != output["sha256"]:
            raise DatasetError(f"{path}: its SHA-256 is not the manifest's: the file was changed")
    return f"{len(listed)} files have the rows and hashes of the manifest"


def _count_and_hash(path: Path) -> tuple[int, str]:
    digest, rows = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            for line in file:
                digest.update(line)
                rows += 1
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    return rows, digest.hexdigest()


def _account(directory: Path, manifest: dict[str, Any]) -> str:
    rows = {output["path"]: output["rows"] for output in manifest["outputs"]}
    counts = manifest["counts"]
    kept = sum(rows.get(f"{split}.jsonl", 0) for split in SPLITS)
    found = {
        "read": sum(source["rows"] for source in manifest["sources"]),
        "kept": kept,
        "dropped": rows["dropped.jsonl"],
        "quarantined": rows["quarantine.jsonl"],
    }
    for name, number in found.items():
        if counts[name] != number:
            raise DatasetError(f"{directory}: counts.{name} is {counts[name]}, recounted {number}")
    if counts["read"] != counts["kept"] + counts["dropped"] + counts["quarantined"]:
        raise DatasetError(f"{directory}: read = kept + dropped + quarantined fails: {counts}")
    return "read {read} = kept {kept} + dropped {dropped} + quarantined {quarantined}".format(
        **counts
    )


def _steps(directory: Path, manifest: dict[str, Any]) -> str:
    flow = manifest["counts"]["read"] - manifest["counts"]["quarantined"]
    for step in manifest["steps"]:
        if step["in"] != flow or step["kept"] != flow - sum(step["dropped"].values()):
            raise DatasetError(f"{directory}: step {step['name']} does not take up {flow} records")
        flow = step["kept"]
    if flow != manifest["counts"]["kept"]:
        raise DatasetError(f"{directory}: {flow} records left the last step, not the number kept")
    return f"{len(manifest['steps'])} steps hand on what they keep"


def _dropped(directory: Path, manifest: dict[str, Any]) -> str:
    reasons = Counter(
        (row.get("step"), row.get("reason")) for row in read_lines(directory / "dropped.jsonl")
    )
    for step in manifest["steps"]:
        for reason, number in step["dropped"].items():
            found = reasons.pop((step["name"], reason), 0)
            if found != number:
                raise DatasetError(
                    f"{directory}/dropped.jsonl: {found} × {step['name']}/{reason}, "
                    f"the manifest says {number}"
                )
    if reasons:
        raise DatasetError(f"{directory}/dropped.jsonl: {clip(next(iter(reasons)))} is of no step")
    return "every dropped record has its step and reason"


def _records(directory: Path, manifest: dict[str, Any]) -> str:
    digest, ids = ContentDigest(), set()
    for split, record in read_records(directory):
        if record.id in ids:
            raise DatasetError(f"{directory}: id {clip(record.id)} is there twice")
        ids.add(record.id)
        digest.add(split, record)
    if digest.hexdigest() != manifest["digest"]:
        raise DatasetError(f"{directory}: the digest of the records is not the manifest's")
    return f"{len(ids)} records have unique ids and the digest {manifest['digest'][:16]}…"


def _ledgers(directory: Path, manifest: dict[str, Any]) -> str:
    """Check that every line of a ledger has the keys of its kind."""
    for name, (keys, optional) in LEDGER_KEYS.items():
        path = directory / name
        for number, row in enumerate(read_lines(path), 1):
            if not keys <= set(row) <= keys | optional:
                raise DatasetError(f"{path}:{number}: its keys are {clip(', '.join(row))}")
            if name == "dropped.jsonl" and (fault := stored_fault(row["record"])):
                raise DatasetError(f"{path}:{number}: record: {fault}")
            if name == "dropped.jsonl" and not isinstance(row["evidence"], dict):
                raise DatasetError(f"{path}:{number}: evidence is {clip(row['evidence'])}")
    return "every line of the ledgers has the keys of its kind"


CHECKS: tuple[Callable[[Path, dict[str, Any]], str], ...] = (
    _files,
    _account,
    _steps,
    _ledgers,
    _dropped,
    _records,
)
