"""Rows with two answers, of which one is preferred."""

import re
from typing import Any

from curate.sources.conversations import MisfitError, said_by
from curate.sources.exchanges import as_turns, is_structured, with_turns
from curate.sources.source import Parts
from curate.sources.strict_json import kind

__all__ = ["read_preference"]

_PROMPTS = ("conversations", "messages", "prompt", "instruction", "question")
_SPEAKER = re.compile(r"(?:\A|\n\n)(Human|Assistant):")
"""Before each turn of a dialogue in one text (Bai et al. 2022, the data of "Training a Helpful and
Harmless Assistant")."""


def read_preference(parts: Parts) -> list[Parts]:
    """Return the record of a prompt, its chosen answer as `output`, and the rejected one.

    The answers are texts, turns, or whole dialogues that part at the last answer.

    Raises:
        MisfitError: no column holds the prompt, an answer is missing, or they part earlier.
    """
    sides = [parts.pop("output"), parts.pop("rejected")]
    if sides[1] is None:
        raise MisfitError("rejected is null, not an answer")
    meta = parts["meta"]
    prompts = {name: parts.pop(name) for name in _PROMPTS if name in parts}
    if not prompts:
        sides = [_dialogue(side) for side in sides]
    structured = any(is_structured(value) for value in prompts.values())
    if not structured and all(isinstance(s, list) and said_by(s, "user") for s in sides):
        meta.update(prompts)  # each side is the whole conversation and repeats the prompt
        return [_pair(parts, sides[0], sides[1])]
    if not prompts:
        raise MisfitError(f"chosen is {kind(sides[0])}, and no column holds the prompt")
    asked = prompts.pop(next(iter(prompts)))
    meta.update(prompts)
    if not is_structured(asked) and not any(map(is_structured, sides)):
        return [{**parts, "instruction": asked, "output": sides[0], "rejected": sides[1]}]
    before = as_turns(asked, "user")
    return [_pair(parts, *(before + as_turns(side, "assistant") for side in sides))]


def _pair(parts: Parts, better: list[Any], worse: list[Any]) -> Parts:
    """Return the fields of two conversations that part at the last answer.

    What `meta` says of the other answer alone has names that begin with `rejected_`.
    """
    one = with_turns(parts, better, "chosen")
    two = with_turns(parts, worse, "rejected")
    if any(one.get(name) != two.get(name) for name in ("system", "history", "instruction")):
        at = next((n for n, (a, b) in enumerate(zip(better, worse, strict=False), 1) if a != b),
                  min(len(better), len(worse)) + 1)  # fmt: skip
        raise MisfitError(f"chosen and rejected part at turn {at}, before the last answer")
    ours, theirs = one["meta"], two["meta"]
    if "output_role" in ours:
        theirs = {"output_role": "assistant", **theirs}
    only = {f"rejected_{key}": value for key, value in theirs.items()
            if key not in ours or ours[key] != value}  # fmt: skip
    return {**one, "rejected": two["output"], "meta": {**ours, **only}}


def _dialogue(text: Any) -> Any:  # noqa: ANN401
    r"""Return the turns of a dialogue that is one text; anything else as it is.

    >>> _dialogue("\n\nHuman: Hi\n\nAssistant: Hello.\nYes?")
    [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Hello.\nYes?'}]
    """
    found = list(_SPEAKER.finditer(text)) if isinstance(text, str) else []
    if not found or text[: found[0].start()].strip():
        return text
    ends = [*(place.start() for place in found[1:]), len(text)]
    roles = {"Human": "user", "Assistant": "assistant"}
    return [
        {"role": roles[place[1]], "content": text[place.end() : end].removeprefix(" ")}
        for place, end in zip(found, ends, strict=True)
    ]
