"""Jinja as templates see it: sandboxed, limited, and with spans that take loss.

A template is code that somebody else may have written. It runs in Jinja's immutable sandbox,
without a clock, with a budget of loop turns, of output and of what it makes on its way.
"""

import functools
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes
import jinja2.sandbox

from curate.errors import TemplateError, clip
from curate.prompts.bounds import MAX_OUTPUT, TooMuchError, budget
from curate.prompts.branches import REACHED, mark, noting
from curate.prompts.environment import COUNTED, environment
from curate.prompts.generation import (
    BLOCKS,
    Span,
    Spanned,
    blocks_in,
    concat,
    merged,
)  # fmt: skip
from curate.prompts.templates import Template

__all__ = ["FAULTS", "VARIABLES", "Rendered", "has_generation", "parse", "parsing",
           "reads", "run", "watching"]  # fmt: skip

Variables = Mapping[str, Any]

_reached: ContextVar[set[int] | None] = ContextVar("_reached", default=None)

MAX_LOOPS = 1_000_000
"""Turns that all loops of one rendering may take together."""

VARIABLES = (
    "instruction", "context", "output", "system", "history", "meta", "bos_token", "eos_token",
)  # fmt: skip
"""What a template file can name."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered text with the spans that take loss, in order and not touching each other."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A template ready to run, with the names it reads."""

    template: jinja2.Template
    names: frozenset[str]
    marked: bool


@functools.lru_cache(maxsize=64)
def _compile(template: Template, *, watched: bool = False) -> _Compiled:
    """Return the compiled template; a watched one notes its branches.

    Raises:
        TemplateError: it does not parse, or a file shows the answer outside a generation block.

    """
    tree = parse(template)
    blocks = blocks_in(tree)
    if not template.is_chat:
        _check_answer(template, tree, blocks)
    with parsing(template):
        names = jinja2.meta.find_undeclared_variables(tree)
        again = parse(template)  # compiling changes the tree
        if watched:
            mark(again)
        compiled = environment(not template.is_chat).from_string(again)
    return _Compiled(compiled, frozenset(names), bool(blocks))


def parse(template: Template) -> jinja2.nodes.Template:
    """Return the syntax tree of the template.

    Raises:
        TemplateError: it does not parse.

    """
    with parsing(template):
        return environment(not template.is_chat).parse(template.text)


@contextmanager
def parsing(template: Template) -> Iterator[None]:
    """Say in our words what Jinja, and the Python that it makes, find wrong with a template."""
    try:
        yield
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{_where(template, error.lineno)}: {clip(error.message)}") from None
    except (RecursionError, MemoryError):
        raise TemplateError(f"{_where(template, None)}: it is nested too deep") from None
    except (SyntaxError, ValueError, OverflowError, AssertionError) as error:
        raise TemplateError(f"{_where(template, None)}: {clip(str(error))}") from None


@contextmanager
def watching() -> Iterator[set[int]]:
    """Note the branches that renderings take meanwhile: their numbers in `branches_in`."""
    reached: set[int] = set()
    token = _reached.set(reached)
    try:
        yield reached
    finally:
        _reached.reset(token)


def _check_answer(
    template: Template, tree: jinja2.nodes.Node, blocks: list[jinja2.nodes.CallBlock]
) -> None:
    """Refuse a template that reads the answer where the model, at inference, has none."""
    if not blocks:
        raise TemplateError(
            f"template {template.path or template.name}: no {{% generation %}} block, so nothing "
            "would take loss. Put the answer between {% generation %} and {% endgeneration %}"
        )
    inside = {id(name) for block in blocks for name in block.find_all(jinja2.nodes.Name)}
    for name in tree.find_all(jinja2.nodes.Name):
        if name.name == "output" and name.ctx == "load" and id(name) not in inside:
            raise TemplateError(
                f"{_where(template, name.lineno)}: `output` stands outside {{% generation %}}, "
                "where the model has no answer yet. Use it inside the block only"
            )


def reads(template: Template, name: str) -> bool:
    """Return whether the template uses a variable of that name."""
    return name in _compile(template).names


def has_generation(template: Template) -> bool:
    """Return whether the template has generation blocks; a file always does."""
    return _compile(template).marked


def run(template: Template, variables: Variables) -> Rendered:
    """Return the template rendered with these variables.

    Raises:
        TemplateError: with the line, when the template fails or makes too much.

    """
    reached = _reached.get()
    compiled = _compile(template, watched=reached is not None).template
    blocks: list[str] = []
    counted = _counter()
    given = {**variables, "range": _range(counted), BLOCKS: blocks, COUNTED: counted}
    if reached is not None:
        given[REACHED] = noting(reached)
    try:
        with budget():
            whole = concat(_limited(compiled.root_render_func(compiled.new_context(given))))
    except FAULTS as error:
        line = _line(error)
        hint = "" if template.is_chat else f". A template has {', '.join(VARIABLES)}"
        reason = clip(str(error), 200)
        if isinstance(error, TooMuchError):
            raise TemplateError(f"{_where(template, line)}: {reason}") from None
        if isinstance(error, jinja2.UndefinedError):
            raise TemplateError(f"{_where(template, line)}: {reason}{hint}") from None
        raise TemplateError(f"{_where(template, line)}: {type(error).__name__}: {reason}") from None
    spans = whole.spans if isinstance(whole, Spanned) else ()
    if len(spans) != len(blocks):
        raise TemplateError(
            f"template {template.path or template.name}: text of a {{% generation %}} block went "
            "through a filter, an operator or was shown twice or never, so it is unknown what "
            "takes loss. Filter the values inside the block"
        )
    return Rendered(str.__str__(whole), merged(spans))


FAULTS = (
    jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError,
    RecursionError, MemoryError, TooMuchError,
)  # fmt: skip
"""What template code can raise; a template is data, so none of it is a bug of ours."""


def _limited(parts: Iterable[str]) -> Iterator[str]:
    """Yield the parts; stop a template whose output has no end."""
    size = 0
    for part in parts:
        size += len(part)
        if size > MAX_OUTPUT:
            raise TooMuchError(f"it renders to more than {MAX_OUTPUT:,} characters")
        yield part


def _counter() -> Callable[[Any], Any]:
    """Return what gives a loop its items, at most MAX_LOOPS in all loops together."""
    left = MAX_LOOPS

    def take(number: int) -> None:
        nonlocal left
        left -= number
        if left < 0:
            raise TooMuchError(f"its loops take more than {MAX_LOOPS:,} turns")

    def counted(items: Any) -> Any:  # noqa: ANN401
        if not hasattr(items, "__len__"):
            return _each(items, take)
        take(len(items) + 1)
        return items

    return counted


def _each(items: Iterable[Any], take: Callable[[int], None]) -> Iterator[Any]:
    for item in items:
        take(1)
        yield item


def _range(counted: Callable[[Any], Any]) -> Callable[..., range]:
    """Return a `range` that counts too: a list can be made of one without a loop."""

    def limited(*bounds: int) -> range:
        try:
            made: range = counted(jinja2.sandbox.safe_range(*bounds))
        except OverflowError:
            most = jinja2.sandbox.MAX_RANGE
            raise TooMuchError(f"range makes more than {most:,} numbers") from None
        return made

    return limited


def _line(error: BaseException) -> int | None:
    """Return the line of the template at which the error arose."""
    line = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            line = template.get_corresponding_lineno(number)
    return line


def _where(template: Template, line: int | None) -> str:
    name = template.path or template.name
    return f"template {name}" if line is None else f"template {name}:{line}"
