"""What a template makes of records, told from the rendered text."""

import re
from collections.abc import Iterator

from curate.errors import clip
from curate.prompts.linting.findings import Finding
from curate.prompts.linting.rendering import Shown, Stage
from curate.prompts.tokenizer import Tokenizer
from curate.prompts.tokens import Tokens
from curate.records import Record

__all__ = ["check_answer", "check_bos", "check_fields", "check_space", "check_tail"]

_LOOKS_SPECIAL = re.compile(r"<\|[^<>|]+\|>|</?[\w-]+>|\[/?[A-Z]+\]")
"""What most models write their special tokens like."""


def check_answer(stage: Stage) -> Iterator[Finding]:
    """Yield whether the last loss part is something else than the answer, or the prompt has it."""
    for shown in stage.shown:
        other = stage.show(shown.record.with_fields(output="Another answer"))
        if other is None:
            continue
        if other.answer.text == shown.answer.text:
            message = f"the last loss part is not the answer{_of(shown)}"
            yield Finding("loss-not-last", message)
            return
        if other.prompt != shown.prompt:
            yield Finding(
                "output-leak", f"the prompt is another one with another answer{_of(shown)}"
            )
            return


def check_tail(stage: Stage, *, has_model: bool) -> Iterator[Finding]:
    """Yield what stands behind the answer."""
    for shown in stage.shown:
        tail = shown.tail.strip().removeprefix(stage.tokens.eos).strip()
        if not tail or (stage.template.is_chat and stage.tokens.stands_last(shown.answer.masked)):
            continue
        if has_model and tail.startswith(tuple(stage.tokens.strings)):
            message = f"`{clip(tail, 40)}` ends the turn behind the loss part{_of(shown)}"
            yield Finding("eos-outside-loss", message)
        elif not has_model and (found := _LOOKS_SPECIAL.match(tail)):
            message = f"{found[0]} stands behind the loss part{_of(shown)}"
            yield Finding("eos-outside-loss", message, softened=True)
        else:
            message = f"`{clip(tail, 40)}` stands behind the answer{_of(shown)}"
            yield Finding("text-after-answer", message)
        return


def check_space(stage: Stage, tokenizer: Tokenizer | None) -> Iterator[Finding]:
    """Yield whether the prompt ends in a space that a tokenizer would join with the answer."""
    for shown in stage.shown:
        if not shown.prompt.endswith((" ", "\t", "\u00a0")):
            continue
        message = f"it ends in `{clip(shown.prompt[-20:])}`{_of(shown)}"
        if tokenizer is not None:
            joined = _joins(tokenizer, shown)
            if joined is None:
                continue
            message += f"; this tokenizer makes one token of it and the answer, `{clip(joined)}`"
        yield Finding("prompt-ends-in-space", message)
        return


def _joins(tokenizer: Tokenizer, shown: Shown) -> str | None:
    """Return the token that spans the end of the prompt and the answer; None if there is none."""
    before = tokenizer.encode(shown.prompt, add_special_tokens=False)
    joined = tokenizer.encode(shown.prompt + shown.answer.text, add_special_tokens=False)
    for one, other in zip(before, joined, strict=False):
        if one != other:
            return tokenizer.decode([other])
    return None


def check_fields(stage: Stage) -> Iterator[Finding]:
    """Yield the fields and kinds of turns whose text changes nothing."""
    told: set[str] = set()
    for shown in stage.shown:
        for name, record in _changes(shown.record):
            if name in told:
                continue
            other = stage.show(record)
            if other is not None and other.text == shown.text:
                told.add(name)
                yield Finding("ignored-field", f"{name} changes nothing{_of(shown)}")


def _changes(record: Record) -> Iterator[tuple[str, Record]]:
    """Yield the record with one text changed at a time, and what that text is."""
    for name in ("instruction", "context", "system"):
        if text := getattr(record, name):
            yield name, record.with_fields(**{name: text.replace("x", "y")})
    for at, turn in enumerate(record.history):
        changed = {**turn, "content": turn["content"].replace("x", "y")}
        if changed != turn:
            history = [*record.history[:at], changed, *record.history[at + 1 :]]
            where = "after the instruction" if turn.get("follows_instruction") else "in the history"
            yield f"a {turn['role']} turn {where}", record.with_fields(history=history)


def check_bos(stage: Stage, tokens: Tokens | None) -> Iterator[Finding]:
    """Yield whether BOS would stand twice in a record without history.

    A tokenizer whose BOS is its EOS is left out: there an end looks like a beginning.
    """
    bos = stage.tokens.names.get("bos_token")
    if not bos or bos == stage.tokens.eos or (tokens is not None and tokens.bos is None):
        return
    for shown in stage.shown:
        if shown.record.history:
            continue
        places = [found.start() for found in re.finditer(re.escape(bos), _masked(shown))]
        if len(places) > 1 or (any(places) and not stage.template.is_chat):
            times = f"{len(places)} times" if len(places) > 1 else "not at the start"
            yield Finding("double-bos", f"the template writes BOS {times}{_of(shown)}")
            return


def _masked(shown: Shown) -> str:
    return "".join(segment.masked for segment in [*shown.before, *shown.rest])


def _of(shown: Shown) -> str:
    return f" (a record with {shown.record.id})"
