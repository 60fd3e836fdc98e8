"""Compare two dataset directories: which records came, went or changed, and by which step."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from curate.dataset.manifest import read_manifest
from curate.dataset.order import read_dropped
from curate.dataset.reader import read_lines, read_records
from curate.errors import DatasetError
from curate.records import FIELDS, Record

__all__ = ["diff"]

Change = tuple[str, str, str, dict[str, Any]]
"""Kind, step, reason, and what is said of the record."""

_COMPARED = tuple(name for name in FIELDS if name not in ("id", "source", "origin"))
"""What a record is; the others say where it was read."""


def diff(before: Path, after: Path) -> dict[str, Any]:
    """Return what differs between the records of two dataset directories.

    Records are matched by id, and by content where the other directory never read the id.
    `changes` is a list of kind (`went`, `came`, `changed`, `moved` to another split), step, reason
    and records. A record that went has the step that dropped it in `after`, one that came the step
    that dropped it in `before`; the step is empty where none did it (`unreadable`, `not read`).
    `steps` and `versions` hold what differs there, `same` counts what stayed as it was. Ids and
    hashes are held, no texts.

    Raises:
        DatasetError: one of them is no dataset directory, or was changed by hand.
    """
    old, new = _Side.read(before), _Side.read(after)
    pairs = _pairs(old, new)
    partners = {ours: theirs for theirs, ours in pairs.items()}
    changes = [
        *_left("went", old, new, pairs),
        *_left("came", new, old, partners),
        *_changed(old, new, pairs),
    ]
    grouped: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for kind, step, reason, entry in changes:
        grouped[kind, step, reason].append(entry)
    kept = [(a, b) for a, b in pairs.items() if a in old.kept and b in new.kept]
    return {
        "records": [len(old.kept), len(new.kept)],
        "same": sum(old.kept[a] == new.kept[b] for a, b in kept),
        "changes": [
            {"kind": kind, "step": step, "reason": reason, "records": records}
            for (kind, step, reason), records in grouped.items()
        ],
        "steps": _differing(_settings(old), _settings(new)),
        "versions": _differing(old.manifest["versions"], new.manifest["versions"]),
    }


@dataclass(frozen=True, slots=True)
class _Kept:
    """A record of a split: the hashes of the fields that are compared."""

    split: str
    fields: tuple[bytes, ...]


@dataclass(slots=True)
class _Side:
    """What a directory says of every row that was read."""

    path: Path
    manifest: dict[str, Any]
    kept: dict[str, _Kept] = field(default_factory=dict)
    dropped: dict[str, tuple[str, str]] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "_Side":
        side = cls(path, read_manifest(path))
        try:
            for split, record in read_records(path):
                side.kept[record.id] = _Kept(split, _hashes(record))
                side.keys[record.id] = record.key
            for dropped in read_dropped(path):
                side.dropped[dropped.record.id] = (dropped.step, dropped.reason)
                side.keys[dropped.record.id] = dropped.record.key
            for row in read_lines(path / "quarantine.jsonl"):
                side.unreadable.add(f"{row['source']}:{row['line']}")
            _settings(side), side.manifest["versions"].keys()
        except (KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"{path}: was changed by hand ({error!r}); `curate audit` says where"
            ) from error
        return side

    def read_it(self, id: str) -> bool:
        """Return whether a row with this id was read here."""
        return id in self.keys or id in self.unreadable


def _hashes(record: Record) -> tuple[bytes, ...]:
    values = (orjson.dumps(getattr(record, name)) for name in _COMPARED)
    return tuple(hashlib.blake2b(value, digest_size=8).digest() for value in values)


def _settings(side: _Side) -> dict[str, Any]:
    return {step["name"]: step["settings"] for step in side.manifest["steps"]}


def _pairs(old: _Side, new: _Side) -> dict[str, str]:
    """Return id → id of the records that both have: by id, the rest by content, in order."""
    free: dict[str, list[str]] = defaultdict(list)
    for id in [*reversed(new.dropped), *reversed(new.kept)]:  # taken from the end: kept ones first
        if not old.read_it(id):
            free[new.keys[id]].append(id)
    pairs = {}
    for id, key in old.keys.items():
        if id in new.keys:
            pairs[id] = id
        elif not new.read_it(id) and free.get(key):
            pairs[id] = free[key].pop()
    return pairs


def _left(kind: str, here: _Side, there: _Side, pairs: Mapping[str, str]) -> Iterator[Change]:
    """Yield the records that are kept here and not there."""
    for id in here.kept:
        other = pairs.get(id, id)
        if other in there.kept:
            continue
        entry = {"id": id} | ({"other_id": other} if other != id else {})
        if other in there.dropped:
            yield kind, *there.dropped[other], entry
        else:
            yield kind, "", "unreadable" if other in there.unreadable else "not read", entry


def _changed(old: _Side, new: _Side, pairs: Mapping[str, str]) -> Iterator[Change]:
    kept = [(a, b) for a, b in pairs.items() if a in old.kept and b in new.kept]
    other = {(a, b): _fields(old.kept[a], new.kept[b]) for a, b in kept}
    edits = (
        _edits(old, {a for (a, _), fields in other.items() if fields}),
        _edits(new, {b for (_, b), fields in other.items() if fields}),
    )
    for (a, b), fields in other.items():
        entry: dict[str, Any] = {"id": a} | ({"other_id": b} if a != b else {})
        if fields:
            steps = {step for step, _ in edits[0].get(a, set()) ^ edits[1].get(b, set())}
            yield "changed", ", ".join(sorted(steps)), ", ".join(fields), entry
        if (split := old.kept[a].split) != new.kept[b].split:
            yield "moved", "split", f"{split} → {new.kept[b].split}", entry


def _fields(a: _Kept, b: _Kept) -> Sequence[str]:
    pairs = zip(_COMPARED, a.fields, b.fields, strict=True)
    return [name for name, ours, theirs in pairs if ours != theirs]


def _edits(side: _Side, ids: set[str]) -> dict[str, set[tuple[str, bytes]]]:
    """Return step and hash of each edit of the records."""
    edits: dict[str, set[tuple[str, bytes]]] = defaultdict(set)
    for row in read_lines(side.path / "edits.jsonl") if ids else ():
        if row.get("id") in ids:
            what = orjson.dumps({**row, "id": ""}, option=orjson.OPT_SORT_KEYS)
            edits[row["id"]].add((row["step"], hashlib.blake2b(what, digest_size=8).digest()))
    return edits


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what has another value, null where it is not there.

    >>> _differing({"a": 1, "b": 2}, {"b": 3, "c": 4})[:2]
    [{'name': 'a', 'before': 1, 'after': None}, {'name': 'b', 'before': 2, 'after': 3}]
    """
    return [
        {"name": name, "before": before.get(name), "after": after.get(name)}
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]
