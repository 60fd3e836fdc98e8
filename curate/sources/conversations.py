"""A conversation to one record: the last exchange is asked and learned, the rest is history."""

import json
from collections.abc import Iterator
from typing import Any

from curate.errors import clip
from curate.records import Turn
from curate.sources.strict_json import kind, parse

__all__ = ["MisfitError", "read_turns", "said_by"]

_NAMES = {
    "system": ("system", "developer"),
    "user": ("user", "human", "prompter"),
    "assistant": ("assistant", "gpt", "chatgpt", "bard", "bing", "claude", "model", "bot", "ai"),
    "tool_call": ("tool_call", "function_call"),
    "tool": ("tool", "observation", "function", "tool_response", "function_response"),
}
_ROLE = {name: role for role, names in _NAMES.items() for name in names}
_SPOKEN = ("assistant", "tool_call")


class MisfitError(ValueError):
    """A row that its layout cannot read; the text says why."""


def said_by(turns: Any, role: str) -> bool:  # noqa: ANN401
    """Return whether some turn of a conversation has this role."""
    return any(isinstance(turn, dict) and _ROLE.get(_speaker(turn)[0]) == role for turn in turns)


def read_turns(turns: Any, column: str) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401
    """Return the record's fields, and what else the conversation holds, for `meta`.

    Fields: instruction, output, history and, where the first turn is one, system. For meta:
    `trailing_turns` after the output, `turn_fields` (keys of a turn that history has no place
    for), `output_role` where the output is a tool call.

    Raises:
        MisfitError: a turn cannot be read, or there is no exchange.

    """
    if not isinstance(turns, list):
        raise MisfitError(f"{column} is {kind(turns)}, not a list of turns")
    said: list[Turn] = []
    extra: list[dict[str, Any]] = []
    for number, turn in enumerate(turns, 1):
        if not isinstance(turn, dict):
            raise MisfitError(f"turn {number} of {column} is {kind(turn)}, not an object")
        try:
            said += _said(turn)
        except MisfitError as error:
            raise MisfitError(f"turn {number} of {column}: {error}") from None
        if left := _left(turn):
            extra.append({"turn": number, **left})
    fields, more = _exchange(said, column)
    if extra:
        more["turn_fields"] = extra
    return fields, more


def _exchange(said: list[Turn], column: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields and the rest of a conversation whose turns are read."""
    fields: dict[str, Any] = {}
    if said and said[0]["role"] == "system":
        fields["system"] = said[0]["content"]
        said = said[1:]
    roles = [turn["role"] for turn in said]
    last = next((i for i in reversed(range(len(said))) if roles[i] in _SPOKEN), -1)
    if last < 0:
        found = ", ".join(dict.fromkeys(roles)) or "none"
        raise MisfitError(f"{column} has no assistant turn (roles found: {found})")
    asked = next((i for i in reversed(range(last)) if roles[i] == "user"), -1)
    if asked < 0:
        raise MisfitError(f"{column} has no user turn before its last assistant turn")
    between = [{**turn, "follows_instruction": True} for turn in said[asked + 1 : last]]
    fields["instruction"] = said[asked]["content"]
    fields["output"] = said[last]["content"]
    fields["history"] = said[:asked] + between
    more: dict[str, Any] = {}
    if said[last + 1 :]:
        more["trailing_turns"] = said[last + 1 :]
    if roles[last] != "assistant":
        more["output_role"] = roles[last]
    return fields, more


def _speaker(turn: dict[str, Any]) -> tuple[str, str]:
    """Return who speaks, in lower case, and the key under which the words are."""
    by, words = ("from", "value") if "from" in turn else ("role", "content")
    speaker = turn.get(by)
    return (speaker.strip().lower() if isinstance(speaker, str) else ""), words


def _said(turn: dict[str, Any]) -> Iterator[Turn]:
    """Yield the turns that one turn stands for: what is said, then what tools are called."""
    speaker, words = _speaker(turn)
    role = _ROLE.get(speaker)
    if role is None:
        found = clip(repr(turn.get("role", turn.get("from"))))
        raise MisfitError(f"role {found} is unknown (known: {', '.join(_ROLE)})")
    calls = _calls(turn) if role == "assistant" else []
    content = turn.get(words)
    if content or not calls:
        yield {"role": role, "content": _text(content, words)}
    if calls:
        # As ShareGPT files write calls, the arguments in the order in which they were given.
        called = calls[0] if len(calls) == 1 else calls
        yield {"role": "tool_call", "content": json.dumps(called, ensure_ascii=False)}


def _text(content: Any, words: str) -> str:  # noqa: ANN401
    """Return the text of a turn; a list of text parts is joined."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise MisfitError(f"{words} is {kind(content)}, not text")
    for part in content:
        if not isinstance(part, dict) or not isinstance(part.get("text"), str):
            found = part.get("type") if isinstance(part, dict) else part
            raise MisfitError(f"{words} holds a part that is not text ({clip(repr(found))})")
    return "".join(part["text"] for part in content)


def _calls(turn: dict[str, Any]) -> list[Any]:
    """Return the tool calls of an assistant turn, each as its name and arguments."""
    calls = turn.get("tool_calls") or []
    if turn.get("function_call"):
        calls = [turn["function_call"]]
    if not isinstance(calls, list):
        raise MisfitError(f"tool_calls is {kind(calls)}, not a list")
    return [_call(call) for call in calls]


def _call(call: Any) -> dict[str, Any]:  # noqa: ANN401
    inner = call.get("function", call) if isinstance(call, dict) else call
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
        raise MisfitError(f"tool call {clip(repr(call))} has no name")
    arguments = inner.get("arguments")
    if isinstance(arguments, str):
        parsed, fault = parse(arguments.encode())
        arguments = arguments if fault else parsed
    return {"name": inner["name"], "arguments": arguments}


def _left(turn: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a turn that history has no place for: a name, a call's id, a weight."""
    words = _speaker(turn)[1]
    known = ("from" if words == "value" else "role", words, "function_call")
    left = {key: value for key, value in turn.items() if key not in known and value is not None}
    calls = left.get("tool_calls")
    if isinstance(calls, list) and all(map(_is_plain_call, calls)):
        del left["tool_calls"]
    return left


def _is_plain_call(call: Any) -> bool:  # noqa: ANN401
    """Return whether the turn of a tool call says all that there is to it."""
    return isinstance(call, dict) and call.keys() <= {"type", "function"}
