"""A record through the chat template of a tokenizer, byte for byte as transformers renders it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from curate.errors import TemplateError, clip
from curate.prompts.generation import Span
from curate.prompts.messages import Message, messages, tools
from curate.prompts.render import Segment, check_texts, guarded, naming, segments
from curate.prompts.sandbox import Rendered, has_generation, run
from curate.prompts.special import SpecialTokens, map_texts, texts_in
from curate.prompts.templates import CHAT, Template
from curate.prompts.tokenizer import Tokenizer
from curate.records import Record

__all__ = ["chat_template", "render_chat", "render_chat_prompt"]

_OTHER = "Use a template file instead: `curate templates` lists them"


def chat_template(tokenizer: Tokenizer | None) -> Template:
    """Return the tokenizer's own chat template, under the name `chat`.

    Raises:
        TemplateError: there is no tokenizer, or it has no chat template.

    """
    if tokenizer is None:
        raise TemplateError(f"template chat is a model's own, and no model is given. {_OTHER}")
    text = getattr(tokenizer, "chat_template", None)
    if isinstance(text, Mapping):
        text = text.get("default")
    if not text:
        name = clip(getattr(tokenizer, "name_or_path", "") or "the model")
        raise TemplateError(
            f"template chat: the tokenizer of {name} has no chat template. {_OTHER}"
        )
    return Template(CHAT, text)


def render_chat_prompt(
    template: Template, record: Record, tokens: SpecialTokens, *, every_turn: bool = False
) -> list[Segment]:
    """Return the segments that the model is given: all messages but the answer.

    Trained segments are the assistant's earlier turns. A template without generation blocks
    does not say where they are; then each is what the template adds to the turns before it, if
    rendering turn by turn is possible at all.

    Raises:
        TemplateError: the template fails, or with `every_turn` hides where a turn is.

    """
    with naming(record):
        check_texts(record)
        return _prompt(_Chat(template, record, tokens), every_turn)


def render_chat(
    template: Template, record: Record, tokens: SpecialTokens, *, every_turn: bool = False
) -> list[Segment]:
    """Return the segments of the whole conversation; the last trained one is the answer.

    The answer begins where the generation prompt ends, because there the model begins to write.
    It ends with the last generation block or, in a template without them, with the last special
    token.

    Raises:
        TemplateError: as above, or the conversation does not begin with its generation prompt.

    """
    with naming(record):
        check_texts(record)
        chat = _Chat(template, record, tokens)
        before = _prompt(chat, every_turn)
        size = sum(len(segment.text) for segment in before)
        whole, spans = chat.spanned(len(chat.messages), prompt=False)
        _check_prefix(template, "".join(segment.text for segment in before), whole.text)
        rest = whole.cut(size)
        # The last line alone, because templates lay out anew what stands around reasoning.
        if chat.messages[-1]["content"].strip().rpartition("\n")[2] not in rest.text:
            raise TemplateError(
                "template chat: it does not show the answer; it may want a message in parts, as "
                f"models for pictures do. {_OTHER}"
            )
        if not has_generation(template):
            end = tokens.end_of_last(rest.masked) or len(rest.text)
        elif spans and spans[-1][1] >= size:
            end = spans[-1][1] - size
        else:
            raise TemplateError(f"template chat: no generation block holds the answer. {_OTHER}")
    answer = replace(rest.cut(0, end), trained=True)
    return [*before, answer, *([rest.cut(end)] if rest.text[end:] else [])]


def _check_prefix(template: Template, prompt: str, whole: str) -> None:
    """Refuse a template that shows another prompt in training than at inference."""
    if whole.startswith(prompt):
        return
    pairs = enumerate(zip(prompt, whole, strict=False))
    at = next((at for at, (one, other) in pairs if one != other), min(len(prompt), len(whole)))
    raise TemplateError(
        f"template {template.name}: at character {at} the conversation goes on with "
        f"{clip(whole[at:], 40)!r} and the generation prompt with {clip(prompt[at:], 40)!r}, so "
        f"the model would be trained on another prompt than it is given. {_OTHER}"
    )


def _prompt(chat: "_Chat", every_turn: bool) -> list[Segment]:
    """Return the segments of all messages but the last, with the generation prompt."""
    count = len(chat.messages) - 1
    whole, spans = chat.spanned(count, prompt=True)
    if not has_generation(chat.template):
        turns = [at for at in range(count) if chat.messages[at]["role"] == "assistant"]
        found = [_turn_span(chat, at, whole.text) for at in turns]
        if every_turn and None in found:
            raise TemplateError(
                "template chat: it has no generation blocks and renders an earlier turn in "
                "another way than a last one, so loss: assistant cannot find the turns. "
                "Use loss: completion, or a template with {% generation %}"
            )
        spans = () if None in found else tuple(span for span in found if span)
    return segments(Rendered(whole.text, spans), whole.data)


def _turn_span(chat: "_Chat", at: int, whole: str) -> Span | None:
    """Return where the assistant's message `at` stands in `whole`; None if that cannot be told."""
    try:
        before = chat.spanned(at, prompt=True)[0]
        after = chat.spanned(at + 1, prompt=False)[0]
    except TemplateError:
        return None
    if not (after.text.startswith(before.text) and whole.startswith(after.text)):
        return None
    start = len(before.text)
    end = chat.tokens.end_of_last(after.masked)
    return start, end if end > start else len(after.text)


class _Chat:
    """One record, and the template that renders more or less of its messages."""

    def __init__(self, template: Template, record: Record, tokens: SpecialTokens) -> None:
        self.template = template
        self.tokens = tokens
        self.messages = messages(record)
        self.tools = tools(record)

    def spanned(self, count: int, *, prompt: bool) -> tuple[Segment, tuple[Span, ...]]:
        """Return the first `count` messages rendered, with the generation prompt or without."""
        said = self.messages[:count]

        def run_with(change: Callable[[str], str]) -> Rendered:
            variables = {
                **self.tokens.names,
                "messages": [_changed(message, change) for message in said],
                "tools": map_texts(self.tools, change),
                "documents": None,
                "add_generation_prompt": prompt,
            }
            return run(self.template, variables)

        data = [text for message in said for text in texts_in(_data(message))]
        rendered, places = guarded(
            self.template, [*data, *texts_in(self.tools)], run_with, self.tokens
        )
        return Segment(rendered.text, trained=False, data=places), rendered.spans


def _data(message: Message) -> list[Any]:
    """Return the parts of a message that come from the record."""
    return [message["content"], [call["function"] for call in message.get("tool_calls", [])]]


def _changed(message: Message, change: Callable[[str], str]) -> Message:
    """Return the message with `change` made to what comes from the record."""
    changed = {**message, "content": change(message["content"])}
    if "tool_calls" in message:
        changed["tool_calls"] = [
            {**call, "function": map_texts(call["function"], change)}
            for call in message["tool_calls"]
        ]
    return changed
