"""`{% generation %}`: the spans of a rendered text that take loss.

A span is carried forward with the text from its block, through macros and `set` blocks, to the
end. Nobody searches the rendered text for it, so no field can imitate one.
"""

from collections.abc import Callable, Iterable

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.runtime

__all__ = ["BLOCKS", "Generation", "Span", "Spanned", "blocks_in", "concat", "merged"]

Span = tuple[int, int]
"""Start and end, in characters of the rendered text."""

BLOCKS = "generation blocks"
"""Where a rendering notes its blocks: with a blank, so that no template can name it."""


class Spanned(str):
    """Text that knows which of its spans came out of a generation block."""

    spans: tuple[Span, ...]

    def __new__(cls, text: str, spans: Iterable[Span]) -> "Spanned":
        """Return the text with its spans."""
        made = super().__new__(cls, text)
        made.spans = tuple(spans)
        return made

    def __str__(self) -> "Spanned":
        return self


def concat(parts: Iterable[str]) -> str:
    """Return the parts joined, with their spans where they have any."""
    parts = list(parts)
    text = "".join(parts)
    if not any(isinstance(part, Spanned) for part in parts):
        return text
    spans: list[Span] = []
    at = 0
    for part in parts:
        if isinstance(part, Spanned):
            spans += [(at + start, at + end) for start, end in part.spans]
        at += len(part)
    return Spanned(text, spans)


class Generation(jinja2.ext.Extension):
    """`{% generation %}…{% endgeneration %}`: what stands between takes loss."""

    tags = {"generation"}  # noqa: RUF012  # jinja2 declares it so

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node:
        """Return the block as a call of `_mark` with what stands in it."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        call = self.call_method("_mark", [jinja2.nodes.ContextReference()])
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _mark(self, context: jinja2.runtime.Context, caller: Callable[[], str]) -> str:
        text = str.__str__(caller())
        context.get(BLOCKS).append(text)
        return Spanned(text, [(0, len(text))])


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans, those that touch made one."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and merged[-1][1] == start:
            start = merged.pop()[0]
        merged.append((start, end))
    return tuple(merged)


def blocks_in(tree: jinja2.nodes.Node) -> list[jinja2.nodes.CallBlock]:
    """Return the generation blocks of a parsed template."""
    return [node for node in tree.find_all(jinja2.nodes.CallBlock) if _is_generation(node)]


def _is_generation(node: jinja2.nodes.CallBlock) -> bool:
    called = node.call.node
    return (
        isinstance(called, jinja2.nodes.ExtensionAttribute)
        and called.identifier == Generation.identifier
    )
