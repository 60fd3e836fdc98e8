"""Tell all that happened to one record."""

import difflib
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

from curate.dataset.alike import alike
from curate.dataset.edits import EditIndex, text_of, undo
from curate.dataset.manifest import read_manifest
from curate.dataset.names import REFERENCES, RESTORED
from curate.dataset.reader import read_ledger, read_lines, read_records
from curate.errors import DatasetError, clip
from curate.mixing import is_copy
from curate.records import Record

__all__ = ["explain"]

_AROUND = 30
"""Characters shown on each side of a change."""
_SHOWN = 80
"""Characters shown of a change."""


def explain(directory: Path, id: str) -> dict[str, Any]:
    """Return the story of the record with this id.

    `fate` is `kept` (then `split` says where) or `dropped` (then `step`, `reason`, `evidence`, and
    `survivor`, the record that stayed in its place, if there is one, which may be of another set);
    `record` is the record as it left, `as_read` as it was read, `edits` are the changes on its way,
    each with the place `before` and `after` it, the change between ⟦ and ⟧; `stands_for` the ids
    dropped in its favour, and `restored`, if there, the verdicts that `--restore` set aside.
    `copy_of`, if there, is the record that a merge repeated, of which all the rest is told.
    `similar` and `conflicts` are what clusters.jsonl says of it, whatever became of it. For
    `source:line` of a row that could not be read, `fate` is `quarantined` and `row` is the row.

    Raises:
        DatasetError: the directory has no such record.
    """
    repeated = read_manifest(directory)["counts"].get("repeated", 0)
    try:
        return _story(directory, id, may_be_copy=repeated > 0)
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{directory}: was changed by hand ({error!r}); `curate audit` says where"
        ) from error


def _story(directory: Path, id: str, *, may_be_copy: bool) -> dict[str, Any]:
    story = _kept(directory, id) or _dropped(directory, id) or _quarantined(directory, id)
    if story is None:
        raise DatasetError(f"{directory}: has no record {clip(id)!r}{_nearest(directory, id)}")
    asked = id
    if may_be_copy and is_copy(id):
        id = story["copy_of"] = id.rpartition("#")[0]
    if "record" in story:
        record = replace(Record.from_dict(story["record"]), id=id)
        story["as_read"], story["edits"] = _way(directory, record)
    if back := [row for row in read_ledger(directory / RESTORED) if row["id"] == id]:
        story["restored"] = [{k: v for k, v in row.items() if k != "id"} for row in back]
    story["stands_for"] = [
        row["record"]["id"]
        for row in read_lines(directory / "dropped.jsonl")
        if row["evidence"].get("kept") == id and "set" not in row["evidence"]
    ]
    story["similar"], story["conflicts"] = alike(directory, id)
    return {"id": asked, **story}


def _way(directory: Path, record: Record) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the record as it was read, and its edits in the order in which they were made."""
    with EditIndex(directory) as index:
        edits = index.of(record.id)
    told: list[dict[str, Any]] = []
    for edit in reversed(edits):
        after, record = record, undo(record, [edit])
        row = {name: value for name, value in edit.to_dict().items() if name != "id"}
        row["before"] = _excerpt(text_of(record, edit.field), edit.at, len(edit.removed))
        row["after"] = _excerpt(text_of(after, edit.field), edit.at, len(edit.inserted))
        told.insert(0, row)
    return record.to_dict(), told


def _excerpt(text: str | None, at: int, length: int) -> str:
    """Return a part of a text, marked, with what stands around it.

    >>> _excerpt("Say it in one word, please.", 4, 2)
    'Say ⟦it⟧ in one word, please.'
    """
    text = text or ""
    left, part, right = text[:at], text[at : at + length], text[at + length :]
    if len(part) > _SHOWN:
        part = f"{part[: _SHOWN // 2]} … {part[-_SHOWN // 2 :]}"
    left = left if len(left) <= _AROUND else "…" + left[-_AROUND:]
    return f"{left}⟦{part}⟧{right if len(right) <= _AROUND else right[:_AROUND] + '…'}"


def _kept(directory: Path, id: str) -> dict[str, Any] | None:
    for split, record in read_records(directory):
        if record.id == id:
            return {"fate": "kept", "split": split, "record": record.to_dict()}
    return None


def _dropped(directory: Path, id: str) -> dict[str, Any] | None:
    for row in read_lines(directory / "dropped.jsonl"):
        if row["record"]["id"] == id:
            survivor = _survivor(directory, row["evidence"])
            return {"fate": "dropped", **row} | ({"survivor": survivor} if survivor else {})
    return None


def _survivor(directory: Path, evidence: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record that evidence names, of this directory or of another set."""
    if "set" not in evidence:
        kept = _kept(directory, evidence.get("kept", ""))
        return kept and dict(kept["record"])
    for row in read_ledger(directory / REFERENCES):
        if (row["set"], row["record"]["id"]) == (evidence["set"], evidence["kept"]):
            return dict(row["record"])
    return None


def _quarantined(directory: Path, id: str) -> dict[str, Any] | None:
    for row in read_lines(directory / "quarantine.jsonl"):
        if f"{row['source']}:{row['line']}" == id:
            return {"fate": "quarantined", "row": row}
    return None


def _nearest(directory: Path, id: str) -> str:
    ids = (record.id for _, record in read_records(directory))
    near = difflib.get_close_matches(id, list(itertools.islice(ids, 20_000)), n=1)
    return (
        f"; did you mean {near[0]!r}?"
        if near
        else "; ids look like NAME:LINE, in arrays NAME:INDEX"
    )
