"""Read a row back and say what is no longer as it was."""

from functools import lru_cache

from curate.converting.turns import asked, ends_in_call
from curate.converting.unheld import UnheldError
from curate.records import Record, Turn
from curate.sources.layouts import LAYOUTS, Plan, make_plan
from curate.sources.source import Row

__all__ = ["CHANGED", "changes", "lost_columns", "read_back"]

CHANGED = {
    "context_joined": "the context stands in the prompt now, after a blank line",
    "calls_rewritten": "tool calls have the same name and arguments, in other letters",
    "tools_as_text": "tools stand as JSON text",
    "turn_fields": "what turns hold beside role and content (a weight, a call's id) stands in "
                   "the column turn_fields",
}  # fmt: skip
"""What a row can hold otherwise than the record, in words."""


def read_back(row: Row) -> Record:
    """Return the record that the reader makes of a row."""
    [parts] = _plan(tuple(row)).read(row)
    return Record(id="", **parts)


@lru_cache(maxsize=1024)
def _plan(columns: tuple[str, ...]) -> Plan:
    plan = make_plan(columns, LAYOUTS, {})
    if plan is None:
        raise RuntimeError(f"no layout fits the columns of a target: {columns}")
    return plan


def changes(record: Record, back: Record) -> list[str]:
    """Return in which ways of CHANGED a record read back differs.

    Raises:
        UnheldError: it differs in another way.
    """
    found = []
    expected = record
    if record.context and not back.context:
        found.append("context_joined")
        expected = record.with_fields(instruction=asked(record), context="")
    if _without_calls(expected) != _without_calls(back):
        raise UnheldError("other_order")
    if _calls(record) != _calls(back):
        found.append("calls_rewritten")
    if "tools" in back.meta and back.meta["tools"] != record.meta["tools"]:
        found.append("tools_as_text")
    if "turn_fields" in back.meta:
        found.append("turn_fields")
    return found


def _without_calls(record: Record) -> list[object]:
    """Return what has to come back letter by letter; of a call only that it is one."""
    output = None if ends_in_call(record) else record.output
    turns = [(t["role"], _follows(t), _words(t)) for t in record.history]
    same = [record.instruction, record.context, record.system, output, record.license, record.label]
    if record.rejected is not None:
        worse = record.sides()[1]
        same.append(None if ends_in_call(worse) else worse.output)
    return [*same, *turns]


def _words(turn: Turn) -> str | None:
    return None if turn["role"] == "tool_call" else turn["content"]


def _follows(turn: Turn) -> bool:
    return bool(turn.get("follows_instruction"))


def _calls(record: Record) -> list[str]:
    calls = [turn["content"] for turn in record.history if turn["role"] == "tool_call"]
    sides = [record] if record.rejected is None else record.sides()
    return calls + [side.output for side in sides if ends_in_call(side)]


def lost_columns(record: Record, back: Record) -> list[str]:
    """Return the columns of `meta` and the keys of turns that are not read back."""
    lost = [column for column in record.meta if column not in back.meta]
    extra = {key for turn in record.history for key in turn} - {
        "role", "content", "follows_instruction",
    }  # fmt: skip
    return lost + [f"history.{key}" for key in sorted(extra)]
