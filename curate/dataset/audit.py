"""Check that a dataset directory holds what its manifest says."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from curate.dataset.digest import ContentDigest
from curate.dataset.edits import EditIndex, undo
from curate.dataset.hashes import check_files
from curate.dataset.manifest import read_manifest
from curate.dataset.mixture import check_mixture
from curate.dataset.names import (
    COMMANDS,
    LEDGER_KEYS,
    REFERENCES,
    RESTORED,
    SPLITS,
    WITHHELD,
)
from curate.dataset.order import read_dropped
from curate.dataset.reader import read_ledger, read_lines, read_records
from curate.dataset.recount import check_kinds, check_sources
from curate.errors import DatasetError, clip
from curate.records import stored_fault

__all__ = ["audit", "check_files"]


def audit(directory: Path) -> list[str]:
    """Return what was checked, a line each, in the order of checking.

    Raises:
        DatasetError: the first thing that does not hold.
    """
    manifest = read_manifest(directory)
    checks = PUBLISHED_CHECKS if WITHHELD in manifest else CHECKS
    try:
        return [check(directory, manifest) for check in checks]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DatasetError(f"{directory}/manifest.json: is incomplete: {error!r}") from error


def _account(directory: Path, manifest: dict[str, Any]) -> str:
    listed = (*manifest["outputs"], *manifest.get(WITHHELD, ()))
    rows = {output["path"]: output["rows"] for output in listed}
    counts = manifest["counts"]
    if manifest["command"] not in COMMANDS:
        raise DatasetError(
            f"{directory}/manifest.json: command is {clip(manifest['command'])}, none of "
            f"{', '.join(COMMANDS)}"
        )
    lines = sum(rows.get(f"{split}.jsonl", 0) for split in SPLITS)
    found = {
        "read": sum(source["rows"] for source in manifest["sources"]),
        "kept": lines - counts.get("repeated", 0),
        "dropped": rows["dropped.jsonl"],
        "quarantined": rows["quarantine.jsonl"],
    }
    for name, number in found.items():
        if counts[name] != number:
            raise DatasetError(f"{directory}: counts.{name} is {counts[name]}, recounted {number}")
    unread = sum(source["quarantined"] for source in manifest["sources"])
    if unread != counts["quarantined"]:
        raise DatasetError(f"{directory}: the sources had {unread} unreadable rows: {counts}")
    if counts["read"] != counts["kept"] + counts["dropped"] + counts["quarantined"]:
        raise DatasetError(f"{directory}: read = kept + dropped + quarantined fails: {counts}")
    balance = "read {read} = kept {kept} + dropped {dropped} + quarantined {quarantined}"
    repeated = f", {counts['repeated']} more lines repeat some" if "repeated" in counts else ""
    return balance.format(**counts) + repeated


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
    ids = _kept(directory, manifest)
    kept = len(ids)
    for dropped in read_dropped(directory):
        _add_new(directory, ids, dropped.record.id)
    _check_named(directory, ids)
    return f"{len(ids)} records have unique ids, {kept} the digest {manifest['digest'][:16]}…"


def _published_records(directory: Path, manifest: dict[str, Any]) -> str:
    kept = len(_kept(directory, manifest))
    return f"{kept} records have unique ids, and the digest {manifest['digest'][:16]}…"


def _kept(directory: Path, manifest: dict[str, Any]) -> set[str]:
    """Return the ids of the records in the splits, after looking at their digest."""
    digest, ids = ContentDigest(), set[str]()
    for split, record in read_records(directory):
        _add_new(directory, ids, record.id)
        digest.add(split, record)
    if digest.hexdigest() != manifest["digest"]:
        raise DatasetError(f"{directory}: the digest of the records is not the manifest's")
    return ids


def _add_new(directory: Path, ids: set[str], id: str) -> None:
    if id in ids:
        raise DatasetError(f"{directory}: id {clip(id)} is there twice")
    ids.add(id)


def _check_named(directory: Path, ids: set[str]) -> None:
    """Raise if a ledger names a record that is not there."""
    others = {(row["set"], row["record"]["id"]) for row in read_ledger(directory / REFERENCES)}
    for name in ("dropped.jsonl", "edits.jsonl", RESTORED):
        for number, row in enumerate(read_ledger(directory / name), 1):
            for id, set_ in _named(row):
                if (set_, id) not in others if set_ else id not in ids:
                    of = f" of {clip(set_)}" if set_ else ""
                    raise DatasetError(
                        f"{directory}/{name}:{number}: there is no record {clip(id)}{of}"
                    )


def _named(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each id that a line names and the set it is of: empty for one of the directory."""
    if "id" in row:
        yield row["id"], ""
    evidence = row.get("evidence", {})
    if evidence.get("kept") is not None:
        yield evidence["kept"], evidence.get("set", "")


def _edits(directory: Path, manifest: dict[str, Any]) -> str:
    """Check that the edits of every record can be undone, in the order of the steps."""
    names = [step["name"] for step in manifest["steps"]]
    edited: Counter[str] = Counter()
    total = 0
    with EditIndex(directory) as index:
        records = (record for _, record in read_records(directory))
        for record in chain(records, (dropped.record for dropped in read_dropped(directory))):
            if record.id not in index.ids:
                continue
            edits = index.of(record.id)
            if odd := [edit.step for edit in edits if edit.step not in names]:
                raise DatasetError(f"{index.path}: {clip(record.id)}: no step {clip(odd[0])} ran")
            places = [names.index(edit.step) for edit in edits]
            if places != sorted(places):
                raise DatasetError(f"{index.path}: edits of {clip(record.id)} are out of order")
            try:
                undo(record, edits)
            except DatasetError as error:
                raise DatasetError(f"{index.path}: {error}") from error
            edited.update({edit.step for edit in edits})
            total += len(edits)
    for step in manifest["steps"]:
        if step["edited"] != edited[step["name"]]:
            raise DatasetError(
                f"{index.path}: {edited[step['name']]} records edited by {step['name']}, "
                f"the manifest says {step['edited']}"
            )
    return f"{total} edits fit the records, so that each can be undone"


def _ledgers(directory: Path, manifest: dict[str, Any]) -> str:
    """Check that every line of a ledger has the keys of its kind."""
    for name, (keys, optional) in LEDGER_KEYS.items():
        path = directory / name
        for number, row in enumerate(read_ledger(path), 1):
            if not keys <= set(row) <= keys | optional:
                raise DatasetError(f"{path}:{number}: its keys are {clip(', '.join(row))}")
            if "record" in keys and (fault := stored_fault(row["record"])):
                raise DatasetError(f"{path}:{number}: record: {fault}")
            for key, kind in _KINDS.items():
                if key in row and type(row[key]) is not kind:
                    raise DatasetError(f"{path}:{number}: {key} is {clip(row[key])}")
    return "every line of the ledgers has the keys of its kind"


def _withheld(directory: Path, manifest: dict[str, Any]) -> str:
    names = ", ".join(clip(output["path"]) for output in manifest[WITHHELD])
    return f"not checked, for they were not published: {names}"


_KINDS = {"evidence": dict, "step": str, "reason": str, "id": str, "field": str, "at": int,
          "removed": str, "inserted": str, "source": str, "path": str, "line": int,
          "offset": int, "error": str, "raw": str, "raw_base64": str}  # fmt: skip

CHECKS: tuple[Callable[[Path, dict[str, Any]], str], ...] = (
    check_files,
    _account,
    _steps,
    _ledgers,
    check_sources,
    _dropped,
    _records,
    check_mixture,
    check_kinds,
    _edits,
)
PUBLISHED_CHECKS = (check_files, _account, _steps, _published_records, check_kinds, _withheld)
"""Those of a directory that was published without its ledgers."""
