"""The conversation of a record, as ShareGPT and as OpenAI write one."""

import json
from typing import Any

from curate.converting.unheld import UnheldError
from curate.records import Record, Turn
from curate.sources.strict_json import parse

__all__ = ["asked", "ends_in_call", "has_tool_turns", "message_turns", "sharegpt_turns"]

Said = dict[str, Any]

_SPEAKERS = {
    "system": "system",
    "user": "human",
    "assistant": "gpt",
    "tool_call": "function_call",
    "tool": "observation",
}
_TOOL_ROLES = ("tool_call", "tool")


def asked(record: Record) -> str:
    """Return the instruction with the context after a blank line, as the chat template has it."""
    if not record.context:
        return record.instruction
    return f"{record.instruction}\n\n{record.context}"


def ends_in_call(record: Record) -> bool:
    """Return whether the output is a tool call."""
    return bool(record.meta.get("output_role") == "tool_call")


def has_tool_turns(record: Record) -> bool:
    """Return whether a tool is called or answers, in the output too."""
    return ends_in_call(record) or any(turn["role"] in _TOOL_ROLES for turn in record.history)


def sharegpt_turns(record: Record) -> list[Said]:
    """Return the turns of a record, the system prompt aside."""
    return [{"from": _SPEAKERS[t["role"]], "value": t["content"]} for t in _turns(record)]


def message_turns(record: Record) -> list[Said]:
    """Return the messages of a record, the system prompt first.

    A call joins what the assistant says before it, as one message.

    Raises:
        UnheldError: a tool call is no JSON of a name and arguments.
    """
    found: list[Said] = []
    if record.system:
        found.append({"role": "system", "content": record.system})
    for turn in _turns(record):
        if turn["role"] != "tool_call":
            found.append({"role": turn["role"], "content": turn["content"]})
            continue
        calls = [{"type": "function", "function": call} for call in _calls(turn["content"])]
        before = found[-1] if found else {}
        if before.get("role") == "assistant" and before["content"] and "tool_calls" not in before:
            before["tool_calls"] = calls
        else:
            found.append({"role": "assistant", "content": "", "tool_calls": calls})
    return found


def _turns(record: Record) -> list[Turn]:
    """Return the conversation with the context in it and the answer last."""
    answers_as = "tool_call" if ends_in_call(record) else "assistant"
    with_context = record.with_fields(instruction=asked(record))
    return [*with_context.turns(), {"role": answers_as, "content": record.output}]


def _calls(text: str) -> list[dict[str, Any]]:
    """Return the calls that a text writes as JSON, the arguments as OpenAI has them: as text."""
    row, _ = parse(b'{"calls": %b}' % text.encode())
    found = row["calls"] if row and set(row) == {"calls"} else []
    calls = found if isinstance(found, list) else [found]
    if not calls or not all(_is_call(call) for call in calls):
        raise UnheldError("odd_calls")
    return [_as_text(call) for call in calls]


def _is_call(call: object) -> bool:
    return (
        isinstance(call, dict)
        and set(call) == {"name", "arguments"}
        and isinstance(call["name"], str)
    )


def _as_text(call: dict[str, Any]) -> dict[str, Any]:
    name, arguments = call["name"], call["arguments"]
    if arguments is None:
        return {"name": name}
    if isinstance(arguments, dict):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {"name": name, "arguments": arguments}
