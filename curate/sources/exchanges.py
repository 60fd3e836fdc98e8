"""Rows whose columns are no plain fields: turns, several instances."""

from typing import Any

from curate.records import ROLES, Turn
from curate.sources.conversations import MisfitError, read_turns
from curate.sources.source import Parts
from curate.sources.strict_json import kind

__all__ = ["as_turns", "is_structured", "read_conversation", "read_exchange", "read_history",
           "read_instances", "with_turns"]  # fmt: skip


def read_history(value: list[Any]) -> list[Turn]:
    """Return the turns of a `history` column: question and answer pairs, or our own turns."""
    turns: list[Turn] = []
    for number, item in enumerate(value, 1):
        if isinstance(item, list) and len(item) == 2 and all(isinstance(t, str) for t in item):
            turns += [
                {"role": "user", "content": item[0]},
                {"role": "assistant", "content": item[1]},
            ]
        elif isinstance(item, dict) and item.get("role") in ROLES and "content" in item:
            turns.append(item)
        else:
            raise MisfitError(f"item {number} of history is {kind(item)}, not [question, answer]")
    return turns


def read_conversation(parts: Parts) -> list[Parts]:
    """Return the record of a row whose turns stand in one list."""
    column = "conversations" if "conversations" in parts else "messages"
    return [with_turns(parts, parts.pop(column), column)]


def with_turns(parts: Parts, turns: Any, column: str) -> Parts:  # noqa: ANN401
    """Return the fields with those of a conversation; its system turn wins over a column's."""
    fields, more = read_turns(turns, column)
    meta = parts["meta"]
    if fields.get("system") and parts.get("system"):
        meta["system"] = parts["system"]
    if parts.get("history"):
        fields["history"] = parts["history"] + fields["history"]
    return {**parts, **fields, "meta": {**meta, **more}}


def read_exchange(parts: Parts) -> list[Parts]:
    """Return the record of a prompt and a completion, each a text or a list of turns."""
    asked, answer = parts.get("instruction"), parts.get("output")
    if not is_structured(asked) and not is_structured(answer):
        return [parts]
    rest = {name: value for name, value in parts.items() if name not in ("instruction", "output")}
    turns = as_turns(asked, "user") + as_turns(answer, "assistant")
    return [with_turns(rest, turns, "the conversation")]


def is_structured(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is a turn or a list of turns."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict)


def as_turns(value: Any, role: str) -> list[Any]:  # noqa: ANN401
    """Return a list of turns, a turn or a text as a list of turns."""
    if isinstance(value, list):
        return value
    return [value if isinstance(value, dict) else {"role": role, "content": value}]


def read_instances(parts: Parts) -> list[Parts]:
    """Return a record for each instance of a self-instruct seed task."""
    instances = parts.pop("instances")
    if not isinstance(instances, list) or not instances:
        raise MisfitError(f"instances is {kind(instances)}, not a list of at least one instance")
    records = []
    for number, instance in enumerate(instances, 1):
        if not isinstance(instance, dict) or "output" not in instance:
            raise MisfitError(f"instance {number} is {kind(instance)}, not input and output")
        given = instance.get("input")
        extra = {key: value for key, value in instance.items() if key not in ("input", "output")}
        meta = {**parts["meta"], "instance": extra} if extra else dict(parts["meta"])
        records.append({**parts, "context": "" if given is None else given,
                        "output": instance["output"], "meta": meta})  # fmt: skip
    return records
