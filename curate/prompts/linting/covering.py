"""Records that cover what a template must render: with and without each field."""

import itertools
from typing import Any

from curate.records import Record, Turn

__all__ = ["PLAIN", "covering"]

PLAIN = Record(id="neither context, system nor history", instruction="Qx1", output="Ax1")
"""The shortest record there is."""

_LONG = "A line of text, with 1,234 and a comma.\n" * 250


def covering() -> list[Record]:
    """Return the records; the id says what is in each, the plain one comes first.

    All of them pass the schema. Every combination of context, system prompt and kind of history is
    there, so a branch that hangs on which of them are given is taken by one; a record with long
    texts of several lines serves branches that ask for size.
    """
    found = [PLAIN]
    for context, system, (kind, history) in itertools.product(
        ("", "Cx1"), ("", "Sx1"), _HISTORIES.items()
    ):
        parts = [name for name, text in (("context", context), ("system", system)) if text]
        record = PLAIN.with_fields(context=context, system=system, history=history)
        name = " + ".join([*parts, *([kind] if kind else [])])
        if name:
            found.append(record.with_fields(id=name))
    long = {name: _LONG for name in ("instruction", "context", "system", "output")}
    history = [{**turn, "content": _LONG} for turn in _HISTORIES["two exchanges"]]
    return [*found, PLAIN.with_fields(id="long texts", history=history, **long)]


def _turn(role: str, content: str, **more: Any) -> Turn:  # noqa: ANN401
    return {"role": role, "content": content, **more}


_EXCHANGE = [_turn("user", "Ux1"), _turn("assistant", "Bx1")]
_CALL = '{"name": "fx1", "arguments": {"x": 1}}'
_TOOLS = [_turn("user", "Ux2"), _turn("tool_call", _CALL), _turn("tool", "Tx1"),
          _turn("assistant", "Bx2")]  # fmt: skip
_FOLLOWING = [
    _turn("tool_call", _CALL, follows_instruction=True),
    _turn("tool", "Tx2", follows_instruction=True),
]
_HISTORIES: dict[str, list[Turn]] = {
    "": [],
    "one exchange": _EXCHANGE,
    "two exchanges": [*_EXCHANGE, _turn("user", "Ux3"), _turn("assistant", "Bx3")],
    "a system turn in the history": [*_EXCHANGE, _turn("system", "Sx2"), *_EXCHANGE],
    "earlier tool turns": _TOOLS,
    "tool turns after the instruction": _FOLLOWING,
    "all kinds of turns": [*_EXCHANGE, *_TOOLS, *_FOLLOWING],
}
