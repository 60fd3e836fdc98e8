"""The record and the two ways in which a row can leave: dropped or quarantined."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from curate.errors import clip

__all__ = ["ANSWER_NOTES", "FIELDS", "PREFERENCE_FIELDS", "ROLES", "TEXT_FIELDS", "Dropped",
           "Quarantined", "Record", "Reference", "Turn", "content_hash",
           "stored_fault"]  # fmt: skip

Turn = dict[str, Any]
"""One turn of `history`: `role` (one of ROLES), `content` (text) and, for the tool turns between
the instruction and its answer, `follows_instruction: true`."""

TEXT_FIELDS = ("instruction", "context", "output", "system", "rejected")
"""The fields of a record that are text; the turns of `history` hold text too. `rejected` is None
where there is none."""

ANSWER_NOTES = ("output_role", "trailing_turns", "turn_fields")
"""What the reader of conversations notes of an answer in `meta`."""

ROLES = ("system", "user", "assistant", "tool_call", "tool")


@dataclass(frozen=True, slots=True)
class Record:
    """One instruction–context–output record.

    The text fields hold what was read. A value that is no text (null, a number) stays as it is
    until the step `validate` drops the record with the value as evidence; nothing turns it into
    text.

    Attributes:
        id: `source:position`, unique in a run.
        instruction: what is asked, the last user turn of a conversation.
        context: the material that the instruction is about; often empty.
        output: the answer that is learned.
        system: the system prompt; often empty.
        history: earlier turns in order, tool calls and results included. Turns that stand between
            the instruction and the output carry `follows_instruction: true`.
        source: name of the source.
        origin: `PATH:LINE` (1-based), or `PATH#INDEX` (0-based) in arrays and Parquet.
        license: licence of the row or of its source; empty where unknown.
        meta: every column that has no name here, kept as it was.
        rejected: in a preference pair the answer that is worse than `output`; else None.
        label: in a labelled answer whether `output` is desirable; else None.

    """

    id: str
    instruction: str
    context: str = ""
    output: str = ""
    system: str = ""
    history: list[Turn] = field(default_factory=list)
    source: str = ""
    origin: str = ""
    license: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    rejected: str | None = None
    label: bool | None = None

    @property
    def key(self) -> str:
        """Content hash, 32 hexadecimal digits.

        Content is instruction, context, output, system, history, the tools in `meta`, and the
        rejected answer or the label where there is one.
        Each part is preceded by its length, so that no two contents share a byte string.

        >>> a = Record(id="a:1", instruction="ab", context="c")
        >>> b = Record(id="b:1", instruction="a", context="bc")
        >>> a.key == b.key, a.key == dataclasses.replace(a, id="z:9").key
        (False, True)
        """
        return content_hash(self.content())

    def content(self) -> list[str]:
        """Return the texts that make the record what it is, in a fixed order."""
        parts = [self.instruction, self.context, self.output, self.system]
        for turn in self.history:
            follows = "1" if turn.get("follows_instruction") else ""
            parts += [turn.get("role", ""), turn.get("content", ""), follows]
        if "tools" in self.meta:  # what the model may call: it sees them
            parts.append(json.dumps(self.meta["tools"], sort_keys=True, default=repr))
        if self.rejected is not None:
            parts += ["rejected", self.rejected]
        if self.label is not None:
            parts += ["label", str(self.label)]
        return [part if isinstance(part, str) else f"\0{part!r}" for part in parts]

    def turns(self) -> list[Turn]:
        """Return the conversation before the output, in order: history with the instruction.

        The system prompt and the context are not part of it.
        """
        before = [turn for turn in self.history if not turn.get("follows_instruction")]
        after = [turn for turn in self.history if turn.get("follows_instruction")]
        return [*before, {"role": "user", "content": self.instruction}, *after]

    def sides(self) -> tuple["Record", "Record"]:
        """Return the two records that a preference pair is: with the better answer, and the worse.

        What the reader noted of the rejected answer alone, under names that begin with `rejected_`,
        is said of the answer there.

        >>> pair = Record(id="a:1", instruction="Add 2 and 2.", output="4", rejected="5")
        >>> [side.output for side in pair.sides()]
        ['4', '5']
        """
        noted = {f"rejected_{name}": name for name in ANSWER_NOTES}
        mine = {name: value for name, value in self.meta.items() if name not in noted}
        other = {noted[name]: value for name, value in self.meta.items() if name in noted}
        better = self.with_fields(rejected=None, meta=mine)
        return better, better.with_fields(output=self.rejected, meta={**mine, **other})

    def to_dict(self) -> dict[str, Any]:
        """Return the record as it is written, keys in the order of the attributes.

        What only preferences have, `rejected` and `label`, is left out where there is none.
        """
        row: dict[str, Any] = {
            "id": self.id,
            "instruction": self.instruction,
            "context": self.context,
            "output": self.output,
            "system": self.system,
            "history": self.history,
            "source": self.source,
            "origin": self.origin,
            "license": self.license,
            "meta": self.meta,
        }
        if self.rejected is not None:
            row["rejected"] = self.rejected
        if self.label is not None:
            row["label"] = self.label
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Record":
        """Return the record that `to_dict` wrote."""
        return cls(
            row["id"], row["instruction"], row["context"], row["output"], row["system"],
            row["history"], row["source"], row["origin"], row["license"], row["meta"],
            row.get("rejected"), row.get("label"),
        )  # fmt: skip

    def __reduce__(self) -> tuple[type["Record"], tuple[object, ...]]:
        """Return how to make it anew: a third of the time that pickle takes by itself."""
        return Record, (
            self.id, self.instruction, self.context, self.output, self.system, self.history,
            self.source, self.origin, self.license, self.meta, self.rejected, self.label,
        )  # fmt: skip

    def with_fields(self, **changes: object) -> "Record":
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]


_STORED = {"id": str, "history": list, "source": str, "origin": str, "license": str, "meta": dict}


def stored_fault(row: object) -> str:
    """Return what keeps a row from being a record that `to_dict` wrote; empty if nothing does.

    >>> stored_fault({"id": "a:1"})
    'its keys are id; a record has id, instruction, context, output, system, history, source, \
origin, license, meta'
    """
    if not isinstance(row, dict) or set(row) - set(PREFERENCE_FIELDS) != set(FIELDS):
        found = ", ".join(map(str, row)) if isinstance(row, dict) else type(row).__name__
        return f"its keys are {clip(found)}; a record has {', '.join(FIELDS)}"
    for name, kind in _STORED.items():
        if not isinstance(row[name], kind):
            return f"{name} is {clip(row[name])}, not {kind.__name__}"
    if not all(isinstance(turn, dict) for turn in row["history"]):
        return "history holds what is no turn"
    return ""


PREFERENCE_FIELDS = ("rejected", "label")
"""What only preference pairs and labelled answers have."""

FIELDS = tuple(f.name for f in dataclasses.fields(Record) if f.name not in PREFERENCE_FIELDS)
"""What every record has, in the order in which it is written."""


def content_hash(parts: Iterable[str]) -> str:
    """Return 32 hexadecimal digits that identify a sequence of texts.

    Lone surrogates, which JSON can carry, hash as they are.
    """
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    framed = b"".join([b"%d:%b" % (len(data), data) for data in encoded])
    return hashlib.blake2b(framed, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Dropped:
    """A record that a step took out, with the reason and the evidence."""

    record: Record
    step: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the line of dropped.jsonl."""
        return {
            "record": self.record.to_dict(),
            "step": self.step,
            "reason": self.reason,
            "evidence": self.evidence,
        }


class Reference(NamedTuple):
    """A record of another set, with which those of a run are compared.

    Its `id` is unique in its set and nowhere else: a record is named by set and id. `stored` is
    what an index holds of this record and of those that come right before and behind it with the
    same `stored`: all of them together, in this order.
    """

    set: str
    record: Record
    stored: Any = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that could not be read, as it stood.

    Attributes:
        source: name of the source.
        path: path of the file, as the user gave it.
        line: 1-based line on which the row starts; 0 where the format has no lines.
        offset: 0-based byte offset of the row in the uncompressed file; -1 where unknown.
        error: what is wrong with it.
        raw: the row as text.
        raw_base64: the row's bytes where they are not valid UTF-8; then `raw` is empty.

    """

    source: str
    path: str
    line: int
    offset: int
    error: str
    raw: str = ""
    raw_base64: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the line of quarantine.jsonl."""
        row = dataclasses.asdict(self)
        if self.raw_base64 is None:
            del row["raw_base64"]
        return row
