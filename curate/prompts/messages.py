"""A record as chat messages."""

import json
from typing import Any

from curate.errors import TemplateError, clip
from curate.records import Record, Turn

__all__ = ["Message", "messages", "tools"]

Message = dict[str, Any]


def messages(record: Record) -> list[Message]:
    """Return the record as chat messages, the answer last.

    The system prompt is a system turn. The context follows the instruction after a blank line.
    A tool call belongs to the assistant's message before it, if there is one.
    """
    found: list[Message] = []
    if record.system:
        found.append({"role": "system", "content": record.system})
    earlier = [turn for turn in record.history if not turn.get("follows_instruction")]
    later = [turn for turn in record.history if turn.get("follows_instruction")]
    asked = f"{record.instruction}\n\n{record.context}" if record.context else record.instruction
    for turn in [*earlier, {"role": "user", "content": asked}, *later]:
        _add(found, turn)
    found.append(_message({"role": _answers_as(record), "content": record.output}))
    return found


def _answers_as(record: Record) -> str:
    """Return the role of the output: a conversation may end in a tool call."""
    return "tool_call" if record.meta.get("output_role") == "tool_call" else "assistant"


def _add(found: list[Message], turn: Turn) -> None:
    """Add a turn; tool calls join the assistant's message that they follow."""
    message = _message(turn)
    before = found[-1] if found else {}
    if "tool_calls" in message and before.get("role") == "assistant":
        before["tool_calls"] = before.get("tool_calls", []) + message["tool_calls"]
    else:
        found.append(message)


def _message(turn: Turn) -> Message:
    """Return the chat message of one turn."""
    if turn["role"] != "tool_call":
        return {"role": turn["role"], "content": turn["content"]}
    calls = _calls(turn["content"])
    if not calls:
        return {"role": "assistant", "content": turn["content"]}
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": call} for call in calls],
    }


def _calls(text: str) -> list[dict[str, Any]]:
    """Return the calls that the text of a tool_call turn writes as JSON; empty if it does not."""
    try:
        found = json.loads(text)
    except ValueError:
        return []
    calls = found if isinstance(found, list) else [found]
    if not all(isinstance(call, dict) and isinstance(call.get("name"), str) for call in calls):
        return []
    return [{"name": call["name"], "arguments": call.get("arguments", {})} for call in calls]


def tools(record: Record) -> list[Any] | None:
    """Return `meta["tools"]`, a list or its JSON text; None without tools."""
    tools = record.meta.get("tools")
    if isinstance(tools, str) and tools.strip():
        try:
            tools = json.loads(tools)
        except ValueError as error:
            raise TemplateError(f"meta.tools is not JSON ({error}): {clip(tools)}") from None
    if not tools:
        return None
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise TemplateError(f"meta.tools is no list of objects: {clip(repr(tools))}")
    return tools
