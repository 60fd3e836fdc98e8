"""A record through a template: text in segments, each known to take loss or not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from curate.errors import TemplateError, clip
from curate.prompts.sandbox import Rendered, reads, run
from curate.prompts.special import Guard, SpecialTokens, map_texts, texts_in
from curate.prompts.templates import Template
from curate.records import Record

__all__ = ["Segment", "check_texts", "guarded", "naming", "render", "segments",
           "texts"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of rendered text. The texts of all segments, joined, are the rendered text.

    Attributes:
        text: what stands there.
        trained: whether it takes loss: it came out of a generation block.
        data: places in the text, from 0, that hold characters of the record of which a special
            token must not be made.

    """

    text: str
    trained: bool
    data: frozenset[int] = frozenset()

    def cut(self, start: int, end: int | None = None) -> "Segment":
        """Return the part from `start` up to `end`, its places counted anew."""
        text, data = self.text[start:end], self.data
        if data:
            data = frozenset(at - start for at in data if start <= at < start + len(text))
        return Segment(text, self.trained, data)

    def joined(self, other: "Segment") -> "Segment":
        """Return this segment with another one's text behind it."""
        moved = {at + len(self.text) for at in other.data}
        return replace(self, text=self.text + other.text, data=self.data | moved)

    @property
    def masked(self) -> str:
        """The text with the characters of `data` blotted out: what the template itself wrote."""
        if not self.data:
            return self.text
        return "".join("\0" if at in self.data else char for at, char in enumerate(self.text))


def render(
    template: Template, record: Record, tokens: SpecialTokens | None = None
) -> list[Segment]:
    """Return the segments of a record in a template file; the last trained one is the answer.

    An answer without text is a segment without text. `tokens` tells the special tokens of a
    tokenizer; without them `bos_token` and `eos_token` are empty.

    Raises:
        TemplateError: the template does not parse or fails on this record, or a field of the
            record is no text.

    """
    names = tokens.names if tokens else {}
    special = {"bos_token": "", "eos_token": "", **names}

    def run_with(change: Callable[[str], str]) -> Rendered:
        return run(template, {**special, **_variables(template, record, change)})

    with naming(record):
        check_texts(record)
        shown = texts(record)
        if reads(template, "meta"):
            shown += texts_in(map_texts(record.meta, str))
        rendered, data = guarded(template, shown, run_with, tokens)
        if not rendered.spans:
            raise TemplateError(
                f"template {template.path or template.name}: this record reaches no "
                "{% generation %} block, so nothing would take loss. Let every branch end in one"
            )
    return segments(rendered, data)


@contextmanager
def naming(record: Record) -> Iterator[None]:
    """Let a template error say which record it befell."""
    try:
        yield
    except TemplateError as error:
        raise TemplateError(f"record {clip(record.id)}: {error}") from None


def guarded(
    template: Template,
    data: list[str],
    run_with: Callable[[Callable[[str], str]], Rendered],
    tokens: SpecialTokens | None,
) -> tuple[Rendered, frozenset[int]]:
    """Return the rendering, and its places of which no special token must be made.

    `run_with` renders the record with a change made to each of its texts, `data`.

    Raises:
        TemplateError: the template's logic hangs on special-token strings in the data, so that
            the two renderings differ.

    """
    rendered = run_with(str)
    if not _is_unicode(rendered.text):
        raise TemplateError("meta holds half of a surrogate pair. Clean the dataset first")
    if tokens is None or not tokens.count(rendered.text):
        return rendered, frozenset()
    # A template may look for a text or a key that is a piece of a special token, so that guarding
    # the edges changes what it does; then the whole strings alone are guarded.
    for edges in (True, False):
        guard = Guard.over(partial(tokens.risky, edges=edges), data, template.text)
        if guard is None:
            return rendered, frozenset()
        try:
            again = run_with(guard.hide)
        except TemplateError:
            continue
        if replace(again, text=guard.restore(again.text)) == rendered:
            return rendered, guard.hidden(again.text)
    raise TemplateError(
        f"template {template.path or template.name}: it treats special tokens inside a field in a "
        "way of its own, so they cannot be kept apart from its own. Remove the special tokens "
        "from the record"
    )


def segments(rendered: Rendered, data: frozenset[int] = frozenset()) -> list[Segment]:
    """Return the rendered text cut at its spans; untrained segments without text are left out."""
    whole = Segment(rendered.text, trained=False, data=data)
    found: list[Segment] = []
    at = 0
    for start, end in (*rendered.spans, (len(rendered.text), -1)):
        if at < start:
            found.append(whole.cut(at, start))
        if end >= 0:
            taken = whole.cut(start, end)
            found.append(Segment(taken.text, True, taken.data))
            at = end
    return found


def texts(record: Record) -> list[str]:
    """Return the text fields of the record and the contents of its history."""
    turns = [turn["content"] for turn in record.history]
    other = [] if record.rejected is None else [record.rejected]
    return [record.instruction, record.context, record.output, *other, record.system, *turns]


def check_texts(record: Record) -> None:
    """Refuse a record whose fields are no text.

    Raises:
        TemplateError: naming the field and what it holds.

    """
    for name, value in _fields(record):
        if not isinstance(value, str):
            fault = f"is {type(value).__name__} ({clip(repr(value))}), not text"
        elif not value.isascii() and not _is_unicode(value):
            fault = f"holds half of a surrogate pair ({clip(value)})"
        else:
            continue
        raise TemplateError(f"{name} {fault}. Clean the dataset first: curate clean")


def _fields(record: Record) -> Iterator[tuple[str, Any]]:
    for name in ("instruction", "context", "output", "system"):
        yield name, getattr(record, name)
    for number, turn in enumerate(record.history):
        yield f"history[{number}].content", turn.get("content")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _variables(
    template: Template, record: Record, change: Callable[[str], str]
) -> dict[str, object]:
    """Return what a template sees of the record, `change` made to every text."""
    history = [
        {
            "role": turn.get("role", ""),
            "content": change(turn["content"]),
            "follows_instruction": bool(turn.get("follows_instruction")),
        }
        for turn in record.history
    ]
    found: dict[str, object] = {
        "instruction": change(record.instruction),
        "context": change(record.context),
        "output": change(record.output),
        "system": change(record.system),
        "history": history,
    }
    if reads(template, "meta"):
        found["meta"] = map_texts(record.meta, change)
    return found
