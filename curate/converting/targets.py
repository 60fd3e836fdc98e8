"""The layouts that records are converted to: how a record becomes a row of each."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from curate.converting.turns import (
    asked,
    ends_in_call,
    has_tool_turns,
    message_turns,
    sharegpt_turns,
)
from curate.converting.unheld import UnheldError
from curate.errors import clip
from curate.records import ROLES, TEXT_FIELDS, Record
from curate.sources.layouts import LAYOUTS, make_plan
from curate.sources.source import Row
from curate.sources.strict_json import kind

__all__ = ["TARGETS", "Target", "llama_factory_entry", "to_row"]


@dataclass(frozen=True, slots=True)
class Target:
    """One layout to convert to.

    Attributes:
        name: as `--to` names it.
        layout: the layout as which its rows are read back.
        fill: returns the columns of a record, those of `meta` aside.
        columns: these columns, for people.
        note: what it has no place for, for people.
        label: column of a label.
        packed: whether its readers take .gz and .zst.

    """

    name: str
    layout: str
    fill: Callable[[Record], Row]
    columns: str
    note: str
    label: str = "kto_tag"
    packed: bool = True


def to_row(target: Target, record: Record) -> Row:
    """Return the row of a record, with the columns of `meta` that mean nothing else there.

    Raises:
        UnheldError: the target cannot hold the record.
    """
    _check(record)
    if record.rejected is not None and target.layout != "preference":
        raise UnheldError("pair")
    row = target.fill(record)
    if record.label is not None:
        row[target.label] = record.label
    if record.license:
        row["license"] = record.license
    meta = record.meta
    if any(map(ends_in_call, record.sides())):  # the last turn says so
        meta = {column: value for column, value in meta.items() if column not in _ROLES}
    for column in _free_columns(target.layout, tuple(row), tuple(meta)):
        row[column] = meta[column]
    return row


_ROLES = ("output_role", "rejected_output_role")


def _check(record: Record) -> None:
    """Raise UnheldError where a field or a turn is not what it has to be in every layout."""
    for name in TEXT_FIELDS:
        value = getattr(record, name)
        if not isinstance(value, str) and (name != "rejected" or value is not None):
            raise UnheldError("not_text", f"{name} is {kind(value)}")
    for number, turn in enumerate(record.history, 1):
        if turn.get("role") not in ROLES or not isinstance(turn.get("content"), str):
            raise UnheldError("odd_turn", f"item {number} of history: {clip(turn)}")


@lru_cache(maxsize=1024)
def _free_columns(layout: str, taken: tuple[str, ...], columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns beside which a row is still read as `layout`, and they into `meta`."""
    free: tuple[str, ...] = ()
    for column in columns:
        if column in taken:
            continue
        plan = make_plan((*taken, *free, column), LAYOUTS, {})
        if plan and plan.layout.name == layout and {*free, column} <= set(plan.rest):
            free = (*free, column)
    return free


def _alpaca(record: Record) -> Row:
    if has_tool_turns(record):
        raise UnheldError("tool_turns")
    row = {"instruction": record.instruction, "input": record.context, "output": record.output}
    if record.system:
        row["system"] = record.system
    return row | ({"history": _pairs(record)} if record.history else {})


def _pairs(record: Record) -> list[list[str]]:
    """Return the earlier turns as pairs of question and answer."""
    turns = record.history
    alternate = [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2)
    if not alternate or any(turn.get("follows_instruction") for turn in turns):
        raise UnheldError("unpaired_turns")
    texts = [turn["content"] for turn in turns]
    return [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]


def _llama_factory(record: Record) -> Row:
    """Return an alpaca row with every column that the entry of dataset_info.json names."""
    row = {"instruction": "", "input": "", "output": "", "system": "", "history": []}
    return row | _alpaca(record) | _tools(record)


def _sharegpt(record: Record) -> Row:
    row: Row = {"conversations": sharegpt_turns(record)}
    if record.system:
        row["system"] = record.system
    return row | _tools(record)


def _tools(record: Record) -> dict[str, str]:
    """Return the tools as JSON text: what LLaMA-Factory reads."""
    tools = record.meta.get("tools")
    if not tools:
        return {}
    return {"tools": tools if isinstance(tools, str) else json.dumps(tools, ensure_ascii=False)}


def _messages(record: Record) -> Row:
    return {"messages": message_turns(record)}


def _prompt_completion(record: Record) -> Row:
    if has_tool_turns(record):
        raise UnheldError("tool_turns")
    if record.history:
        raise UnheldError("earlier_turns")
    if record.system:
        raise UnheldError("system_prompt")
    return {"prompt": asked(record), "completion": record.output}


def _preference(record: Record) -> Row:
    """Return the messages before the answers, and a message for each, as TRL has them."""
    if record.rejected is None:
        raise UnheldError("no_pair")
    (*prompt, chosen), (*same, rejected) = (message_turns(side) for side in record.sides())
    if prompt != same:  # a call joined what the assistant said before it
        raise UnheldError("odd_calls")
    return {"prompt": prompt, "chosen": [chosen], "rejected": [rejected]}


_JOINED = "The context is joined to the instruction after a blank line."

TARGETS: tuple[Target, ...] = (
    Target("alpaca", "alpaca", _alpaca,
           "`instruction`, `input`, `output`; `system` and `history` (pairs of question and "
           "answer) where there are any",
           "No tool turns, no earlier turns that are not in pairs."),
    Target("sharegpt", "sharegpt", _sharegpt,
           "`conversations` of `from` (human, gpt, function_call, observation) and `value`; "
           "`system`, `tools` as JSON text",
           _JOINED),
    Target("messages", "messages", _messages,
           "`messages` of `role` and `content`, the system prompt first, calls as `tool_calls`; "
           "`tools` as they were read",
           f"{_JOINED} No tool call that is not JSON of a name and arguments."),
    Target("prompt-completion", "prompt_completion", _prompt_completion,
           "`prompt`, `completion`, both text",
           f"{_JOINED} No system prompt, no earlier turns, no tool turns.", label="label"),
    Target("preference", "preference", _preference,
           "`prompt`, `chosen`, `rejected`, each a list of `role` and `content`, as TRL reads them",
           f"{_JOINED} No record without a rejected answer. The other targets hold no pairs."),
    Target("llama-factory", "alpaca", _llama_factory,
           "alpaca with `system` and `history` in every row, and the entry for "
           "`dataset_info.json` on stdout",
           "As alpaca; no .gz or .zst.", packed=False),
)  # fmt: skip
"""Every target, in the order of the help."""


def llama_factory_entry(name: str, file_name: str, *, tools: bool) -> dict[str, Any]:
    """Return what `dataset_info.json` has to say of a file of the target llama-factory."""
    columns = {"prompt": "instruction", "query": "input", "response": "output",
               "system": "system", "history": "history"}  # fmt: skip
    if tools:
        columns["tools"] = "tools"
    return {name: {"file_name": file_name, "columns": columns}}
