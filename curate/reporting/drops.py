"""Samples of what was dropped: some of each reason, and more of all for the search."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from curate.records import Record
from curate.reporting.findings import say
from curate.reporting.sampling import Smallest
from curate.reporting.sections.texts import clipped, one_line, plain

__all__ = ["EACH", "Drops"]

EACH = 20
"""Records that are shown of each reason."""
_SEARCHED = 1200
_ID, _SHOWN, _LINE = 120, 300, 200  # characters
_FIELDS = ("instruction", "context", "output")

Shown = dict[str, Any]


class Drops:
    """Counts what was dropped by step and reason, and holds what is shown of it, clipped.

    Both samples are the records whose ids have the smallest hashes.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.searched = Smallest[Shown](_SEARCHED)
        self.unreadable = Smallest[Shown](EACH)
        self._samples: dict[tuple[str, str], Smallest[Shown]] = {}

    def add(self, line: Mapping[str, Any]) -> None:
        """Take in a line of dropped.jsonl."""
        kind = line["step"], line["reason"]
        self.counts[kind] += 1
        id = line["record"]["id"]
        sample = self._samples.setdefault(kind, Smallest(EACH))
        sample.add(id, lambda: _shown(line))
        self.searched.add(id, lambda: _listed(line))

    def add_unreadable(self, row: Mapping[str, Any]) -> None:
        """Take in a line of quarantine.jsonl."""
        place = f"{row['path']}:{row['line']}" if row["line"] else row["path"]
        self.unreadable.add(f"{place}:{row['offset']}", lambda: _unread(row, place))

    def sample(self, step: str, reason: str) -> list[Shown]:
        """Return what is shown of a reason."""
        found = self._samples.get((step, reason))
        return found.items() if found else []


def _shown(line: Mapping[str, Any]) -> Shown:
    """Return the record with its texts, and why it was dropped, in words."""
    record = line["record"]
    texts = {name: clipped(plain(record[name]), _SHOWN) for name in _FIELDS}
    return {
        "id": clipped(record["id"], _ID),
        "origin": clipped(record["origin"], _ID),
        "why": clipped(say(line["evidence"]), _SHOWN),
        "texts": [(name, text) for name, text in texts.items() if text],
        "turns": len(record["history"]),
    }


def _unread(row: Mapping[str, Any], place: str) -> Shown:
    """Return a row that could not be read, and why."""
    return {
        "place": clipped(place, _ID),
        "error": clipped(row["error"], _SHOWN),
        "raw": clipped(row.get("raw_base64") or row["raw"], _SHOWN),
        "is_base64": "raw_base64" in row,
    }


def _listed(line: Mapping[str, Any]) -> Shown:
    """Return a line for the search."""
    record = Record.from_dict(line["record"])
    prompt = f"{plain(record.instruction)[:_LINE]} {plain(record.context)[:_LINE]}"
    return {
        "id": clipped(record.id, _ID),
        "step": line["step"],
        "reason": line["reason"],
        "prompt": one_line(prompt, _LINE),
        "answer": one_line(plain(record.output), _LINE),
    }
