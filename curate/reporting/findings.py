"""Findings: what is wrong with a row, where, why, and a fingerprint that does not move with it."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple

from curate.engines import Edit
from curate.errors import clip
from curate.records import Dropped, Quarantined, Record, content_hash
from curate.steps.base import text_of
from curate.text import fold

__all__ = ["Collector", "Fate", "Finding", "say"]

Fate = Literal["quarantined", "dropped", "edited"]

_PLACE = re.compile(r"(.*)([:#])(\d+)", re.DOTALL)
_EXCERPT = 60  # characters: enough to see why, and a line of a report holds it


class Finding(NamedTuple):
    """One thing that is wrong with one row.

    Attributes:
        fate: what `curate clean` would do.
        path: the file, as the user gave it.
        position: line (1-based) or index (0-based) of the row; -1 where unknown.
        by_line: whether the position is a line.
        id: of the record; empty for a row that could not be read.
        step: the step that finds it; `read` for a row that could not be read.
        reason: as dropped.jsonl has it; `edits_FIELD` for an edit.
        field: the field it was found in; may be empty.
        message: the evidence, one short line.
        fingerprint: 64 bits made of content, step and reason.

    """

    fate: Fate
    path: str
    position: int
    by_line: bool
    id: str
    step: str
    reason: str
    field: str
    message: str
    fingerprint: int

    @property
    def place(self) -> str:
        """Return `PATH:LINE` or `PATH#INDEX`."""
        mark = ":" if self.by_line else "#"
        return self.path if self.position < 0 else f"{self.path}{mark}{self.position}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as `--json` prints it."""
        where = {} if self.position < 0 else {"line" if self.by_line else "index": self.position}
        return {
            "fingerprint": f"{self.fingerprint:016x}",
            "fate": self.fate,
            "path": self.path,
            **where,
            "id": self.id,
            "step": self.step,
            "reason": self.reason,
            "field": self.field,
            "message": self.message,
        }


class Collector:
    """Gathers findings, but for those whose fingerprint is known.

    The fingerprint is made of the content with step and reason; equal ones are numbered as they
    come. So a row may move, and rows may come before it. Of duplicates it does not tell which came
    first: case and spaces are set aside.
    """

    def __init__(self, known: Collection[int] = ()) -> None:
        self._times: dict[int, int] = {}
        self._paths: dict[str, str] = {}
        self._gone = set(known)
        self._known = frozenset(known)
        self._last: dict[tuple[str, str], str] = {}
        self._key = ("", "")
        self.findings: list[Finding] = []
        self.known = 0

    @property
    def gone(self) -> int:
        """Return how many of the known ones were not met."""
        return len(self._gone)

    def drop(self, dropped: Dropped) -> Finding | None:
        """Return the finding of a dropped record; None where it is known."""
        field = text_of(dropped.evidence.get("field"))
        message = say(dropped.evidence)
        if message in ("", field):
            message = dropped.reason.replace("_", " ")
        if '"' not in message and (begin := _beginning(dropped.record)):
            message += f"; {begin}"
        return self._add("dropped", dropped.record, dropped.step, dropped.reason, field, message,
                         "kept" in dropped.evidence)  # fmt: skip

    def edit(self, edit: Edit, record: Record) -> Finding | None:
        """Return the finding of an edit; None where it is known, or not the first of its kind."""
        field = edit.field.partition("[")[0]
        reason = f"edits_{field}"
        if self._last.get((edit.step, reason)) == edit.id:
            return None
        self._last[edit.step, reason] = edit.id
        message = _change(edit.removed, edit.inserted)
        return self._add("edited", record, edit.step, reason, edit.field, message)

    def quarantine(self, row: Quarantined) -> Finding | None:
        """Return the finding of a row that could not be read; None where it is known."""
        content = row.raw_base64 or row.raw or row.error
        position = row.line or -1
        return self._note(
            Finding("quarantined", self._path(row.path), position, True, "", "read", "unreadable",
                    "", clip(row.error, 200), self._fingerprint(content, "read", "unreadable"))
        )  # fmt: skip

    def _add(
        self, fate: Fate, record: Record, step: str, reason: str, field: str, message: str,
        is_copy: bool = False,
    ) -> Finding | None:  # fmt: skip
        found = _PLACE.fullmatch(record.origin)
        path, position = (found[1], int(found[3])) if found else (record.origin, -1)
        if is_copy:
            content = content_hash([fold(text) for text in record.content()])
        else:
            if self._key[0] != record.id:  # a record may be edited in several fields
                self._key = record.id, record.key
            content = self._key[1]
        return self._note(
            Finding(fate, self._path(path), position, found is not None and found[2] == ":",
                    record.id, step, reason, field, message,
                    self._fingerprint(content, step, reason))
        )  # fmt: skip

    def _note(self, finding: Finding) -> Finding | None:
        if finding.fingerprint in self._known:
            self._gone.discard(finding.fingerprint)
            self.known += 1
            return None
        self.findings.append(finding)
        return finding

    def _path(self, path: str) -> str:
        """Return one string for all the findings of a file."""
        return self._paths.setdefault(path, path)

    def _fingerprint(self, content: str, step: str, reason: str) -> int:
        first = _digest(content, step, reason)
        times = self._times.get(first, 0)
        self._times[first] = times + 1
        return _digest(content, step, reason, str(times)) if times else first


def _digest(*parts: str) -> int:
    """Return 64 bits: among a million findings two are mixed up once in 30 million runs."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def say(evidence: Mapping[str, Any]) -> str:
    """Return evidence as one short line.

    >>> say({"field": "output", "found": "As an AI, I cannot"})
    'output: "As an AI, I cannot"'
    >>> say({"kept": "facts:3", "score": 1.0, "field": "both"})
    'same as facts:3'
    >>> say({"field": "output", "chars": 120024, "limit": 100000})
    'output: chars 120,024, limit 100,000'
    """
    rest = dict(evidence)
    field, kept, score = (rest.pop(key, "") for key in ("field", "kept", "score"))
    parts = []
    if kept:
        same = score in (1.0, "")
        parts.append(f"same as {clip(kept)}" if same else f"like {clip(kept)}, score {clip(score)}")
        field = ""
    if isinstance(rest.get("found"), str) and "value" in rest:  # a type, and the value of it
        parts.append(f"{clip(rest.pop('found'))} {_quote(rest.pop('value'))}")
    for key, value in rest.items():
        if isinstance(value, Mapping):
            parts.append(", ".join(clip(f"{number} {name}") for name, number in value.items()))
        elif key in ("found", "value"):
            parts.append(_quote(value))
        elif isinstance(value, int) and not isinstance(value, bool):
            parts.append(f"{key} {value:,}")
        else:
            parts.append(f"{key} {clip(value, _EXCERPT)}")
    text = ", ".join(parts)
    return f"{clip(field)}: {text}" if field and text else text or clip(field)


def _quote(value: object) -> str:
    return f'"{clip(value, _EXCERPT)}"'


def _change(removed: str, inserted: str) -> str:
    r"""Return what was taken out and what came in its place.

    >>> _change("</s>", ""), _change("Ã©", "é"), _change("", "x")
    ('removes "</s>"', '"Ã©" becomes "é"', 'adds "x"')
    >>> _change("\r\nTwo\r", "\nTwo"), _change("e\u0301", "\xe9")
    ('line ends \\r become \\n', 'composes "é" (Unicode NFC)')
    """
    if "\r" in removed and _unix(removed).rstrip("\n") == inserted.rstrip("\n"):
        return r"line ends \r become \n"
    if inserted and unicodedata.normalize("NFC", removed) == inserted:
        return f"composes {_quote(inserted)} (Unicode NFC)"
    if not removed or not inserted:
        return f"adds {_quote(inserted)}" if inserted else f"removes {_quote(removed)}"
    return f"{_quote(removed)} becomes {_quote(inserted)}"


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _beginning(record: Record) -> str:
    """Return how the prompt or else the answer begins; empty where neither says anything."""
    for field in ("instruction", "output"):
        if text := text_of(getattr(record, field)).strip():
            return f"{field}: {_quote(text)}"
    return ""
