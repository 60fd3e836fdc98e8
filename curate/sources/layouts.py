"""The layouts that instruction data comes in, and how a row of each becomes a record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from curate.records import Record
from curate.sources.exchanges import (
    read_conversation,
    read_exchange,
    read_history,
    read_instances,
)
from curate.sources.preferences import read_preference
from curate.sources.source import Parts, Row

__all__ = ["EITHER", "LAYOUTS", "TARGETS", "UNANSWERED", "Layout", "Plan", "make_plan"]

TARGETS = ("instruction", "context", "output", "system", "history", "license", "rejected",
           "label", "conversations", "messages")  # fmt: skip
"""What `--map` can name on its left side."""

_SHARED = {"system": ("system", "system_prompt"), "history": ("history",), "license": ("license",),
           "rejected": ("rejected",), "label": ("kto_tag",)}  # fmt: skip
"""Columns that mean the same in every layout."""

EITHER = ("input", "context")
"""Two names for the context. A row with both does not say which one it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows with the same columns are read.

    Attributes:
        layout: the layout.
        fields: field and column, for each field that a column holds as it is.
        rest: columns for `meta`.
        direct: the columns of instruction, context (None: there is none) and output, where these
            are all the fields there are and nothing has to be turned.

    """

    layout: "Layout"
    fields: Mapping[str, str]
    rest: tuple[str, ...]
    direct: tuple[str, str | None, str] | None

    def record(self, row: Row, id_: str, source: str, origin: str, license_: str) -> Record:
        """Return the record of a row whose plan is direct. This is the path of most rows."""
        instruction, context, output = self.direct or ("", None, "")
        given = "" if context is None or row[context] is None else row[context]
        meta = {column: row[column] for column in self.rest}
        asked, answer = row[instruction], row[output]
        return Record(id_, asked, given, answer, "", [], source, origin, license_, meta)

    def read(self, row: Row) -> list[Parts]:
        """Return the fields of each record that the row holds.

        Raises:
            MisfitError: a column does not hold what the layout wants.

        """
        parts = {name: row[column] for name, column in self.fields.items()}
        parts["meta"] = {column: row[column] for column in self.rest}
        self._tidy(parts)
        self._tidy_preference(parts)
        return [parts] if self.layout.read is None else self.layout.read(parts)

    def _tidy(self, parts: Parts) -> None:
        """Turn null into nothing where a field is optional; leave to `meta` what is no field."""
        for name in ("context", "system"):
            if name in parts and parts[name] is None:
                parts[name] = ""
        if "license" in parts and (not isinstance(parts["license"], str) or not parts["license"]):
            value = parts.pop("license")
            if value:
                parts["meta"][self.fields["license"]] = value
        if "history" in parts:
            value = parts.pop("history")
            if isinstance(value, list):
                parts["history"] = read_history(value)
            elif value:
                parts["meta"][self.fields["history"]] = value

    def _tidy_preference(self, parts: Parts) -> None:
        """Leave to `meta` a label that is none, and what is called rejected beside no chosen."""
        if "label" in parts and not isinstance(parts["label"], bool):
            parts["meta"][self.fields["label"]] = parts.pop("label")
        if "rejected" not in parts or "rejected" in self.layout.required:
            return
        if not isinstance(parts["rejected"], str):
            parts["meta"][self.fields["rejected"]] = parts.pop("rejected")


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay out a row.

    Attributes:
        name: as `--layout` and the manifest name it.
        required: columns that a row of this layout has.
        fields: field to column, for what is taken as it is.
        read: turns these fields and `meta` into those of records; None: they are a record's.

    """

    name: str
    required: tuple[str, ...]
    fields: Mapping[str, str]
    read: Callable[[Parts], list[Parts]] | None = None


def _texts(instruction: str, context: str, output: str) -> dict[str, str]:
    """Return the columns of the three texts; an empty name: the layout has no such column."""
    fields = {"instruction": instruction, "context": context, "output": output}
    return {name: column for name, column in fields.items() if column}


_TURNS = {"conversations": "conversations", "messages": "messages"}
_PROMPTS = {"prompt": "prompt", "question": "question"}
_DIRECT = ("instruction", "context", "output")

LAYOUTS: tuple[Layout, ...] = (
    Layout("preference", ("chosen", "rejected"),
           {**_texts("instruction", "input", "chosen"), "rejected": "rejected", **_PROMPTS,
            **_TURNS}, read_preference),
    Layout("sharegpt", ("conversations",), {"conversations": "conversations"}, read_conversation),
    Layout("messages", ("messages",), {"messages": "messages"}, read_conversation),
    Layout("self_instruct", ("instruction", "instances"),
           {"instruction": "instruction", "instances": "instances"}, read_instances),
    Layout("humaneval", ("prompt", "canonical_solution"),
           _texts("prompt", "", "canonical_solution")),
    Layout("curate", ("instruction", "context", "output"),
           {**_texts("instruction", "context", "output"), "label": "label"}),
    Layout("alpaca", ("instruction", "output"), _texts("instruction", "input", "output")),
    Layout("dolly", ("instruction", "context", "response"),
           _texts("instruction", "context", "response")),
    Layout("instruction_response", ("instruction", "response"),
           _texts("instruction", "input", "response")),
    Layout("prompt_completion", ("prompt", "completion"),
           {**_texts("prompt", "context", "completion"), "label": "label"}, read_exchange),
    Layout("question_answer", ("question", "answer"), _texts("question", "context", "answer")),
    Layout("problem_solution", ("problem", "solution"), _texts("problem", "", "solution")),
)  # fmt: skip
"""Tried in this order: the more a layout demands, the earlier it stands."""

UNANSWERED = tuple(
    Layout(f"{column}_only", (column,),
           _texts(column, "input" if column == "instruction" else "context", ""))
    for column in ("question", "prompt", "problem", "instruction", "query", "input", "text")
)  # fmt: skip
"""Those of questions without an answer; tried last, and for evaluation sets alone."""


def make_plan(
    columns: tuple[str, ...], layouts: tuple[Layout, ...], mapping: Mapping[str, str]
) -> Plan | None:
    """Return how to read rows with these columns; None where no layout fits.

    A mapped column stands for the field of that name, and the field is then read from nowhere
    else.
    """
    names = {column: column for column in columns}
    for target, column in mapping.items():
        if column not in columns:
            return None
        names[target] = column
    forced = {target for target in mapping if target not in _SHARED}
    for layout in layouts:
        if names.keys() >= set(layout.required) and layout.fields.keys() >= forced:
            break
    else:
        return None
    if set(EITHER) <= names.keys() and "context" in layout.fields and "context" not in mapping:
        return None
    fields = {name: names[column] for name, column in layout.fields.items() if column in names}
    for name, choices in _SHARED.items():
        if found := next((c for c in choices if c in names), None):
            fields[name] = names[found]
    fields.update(mapping)
    taken = set(fields.values())
    rest = tuple(column for column in columns if column not in taken)
    direct = None
    if layout.read is None and {"instruction", "output"} <= fields.keys() <= set(_DIRECT):
        direct = fields["instruction"], fields.get("context"), fields["output"]
    return Plan(layout, fields, rest, direct)
