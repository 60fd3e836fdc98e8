"""How much text a template may make: a width or a count in it must not fill the memory."""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jinja2.runtime
import jinja2.sandbox

from curate.prompts.work import TooMuchError, held, weigh, work, working

__all__ = ["MAX_OUTPUT", "EscapeFormatter", "Formatter", "TooMuchError", "bounded", "budget",
           "check_operator", "spend"]  # fmt: skip

MAX_OUTPUT = 10_000_000
"""Characters that one record may render to, and the longest text or list that `*` may make."""
_MAX_PRODUCT = 10 * MAX_OUTPUT
"""What the two largest arguments of a filter or method that makes a text longer may come to."""
_MAX_MADE = 20 * MAX_OUTPUT
"""Characters that all filters, methods and operators of one rendering may make together."""

_GROWING = frozenset(
    "batch center expandtabs indent join ljust pprint replace rjust round slice string sum "
    "to_bytes tojson translate wordwrap zfill".split()
)
"""Filters and methods of text that make more than they are given."""
_SLOW = frozenset(
    "pprint rsplit split splitlines striptags sum title urlize wordcount wordwrap".split()
)
"""Those that take long for what they are given."""
_SERIAL = frozenset(
    "batch dictsort groupby map max min reject rejectattr select selectattr slice sort "
    "unique".split()
)
"""Filters that take a text apart into its characters."""
_PRINTED = re.compile(r"%(?:\([^()]*\))?[#0\- +]*(\*|\d*)(?:\.(\*|\d*))?")
_left: ContextVar[int] = ContextVar("_left", default=_MAX_MADE)


@contextmanager
def budget() -> Iterator[None]:
    """Let a rendering make what one may, whatever others made."""
    token = _left.set(_MAX_MADE)
    try:
        with working():
            yield
    finally:
        _left.reset(token)


def spend(size: int, name: str) -> None:
    """Count characters that are made.

    Raises:
        TooMuchError: these are too many, or those of the whole rendering.

    """
    left = _left.get() - size
    if size > MAX_OUTPUT:
        raise TooMuchError(f"{name} makes more than {MAX_OUTPUT:,} characters or items")
    if left < 0:
        raise TooMuchError(f"it makes more than {_MAX_MADE:,} characters on its way")
    _left.set(left)


def check_operator(operator: str, left: Any, right: Any) -> None:  # noqa: ANN401
    """Count what an operator is about to make.

    Raises:
        TooMuchError: it is too much.

    """
    work(weigh(left) + weigh(right))
    sized = [hasattr(value, "__len__") for value in (left, right)]
    if operator == "**" and not (abs(left) <= MAX_OUTPUT and abs(right) <= 64):
        raise TooMuchError("the power is too large")
    if operator == "*" and any(sized):
        spend(_count(left) * _count(right), "*")
    elif operator == "*" and isinstance(left, int) and isinstance(right, int):
        weigh(1 << (left.bit_length() + right.bit_length()))
    elif operator == "+" and all(sized):
        spend(len(left) + len(right), "+")
    elif operator == "%" and isinstance(left, str):
        _check_printed(left, right)


def bounded(
    name: str, call: Callable[..., Any], *, owner: tuple[Any, ...] = (), skip: int = 0
) -> Callable[..., Any]:
    """Return a filter, test or method whose work and result are counted.

    What may grow is counted before it is made. `owner` holds the text or number that a method
    belongs to; the first `skip` arguments of a filter are Jinja's own.
    """
    each, factor = name in _SERIAL, 64 if name in _SLOW else 1

    @functools.wraps(call)
    def counted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        args = (*args[:skip], *map(_settled, args[skip:]))
        given = [*owner, *args[skip:], *kwargs.values()]
        work(sum([weigh(value, each=each) for value in given]) * factor)
        if name in _GROWING:
            _check_growth(name, given)
        elif name == "format":  # the filter
            _check_printed(str(args[skip]), kwargs or args[skip + 1 :])
        made = call(*args, **kwargs)
        if isinstance(made, str | bytes):
            spend(len(made), name)
            return made
        return held(made)

    return counted


def _settled(value: Any) -> Any:  # noqa: ANN401
    """Return a list in place of what gives its items one by one."""
    if type(value) is str or not isinstance(value, Iterator):
        return value
    if not isinstance(value, jinja2.runtime.LoopContext):
        return held(list(value))
    return value


def _check_growth(name: str, values: Iterable[Any]) -> None:
    sizes = sorted(max(1, _weight(value)) for value in values)
    if sizes and sizes[-1] * (sizes[-2] if len(sizes) > 1 else 1) > _MAX_PRODUCT:
        raise TooMuchError(f"{name} makes more than {MAX_OUTPUT:,} characters or items")


def _check_printed(form: str, values: Any) -> None:  # noqa: ANN401
    """Count the widths of `form % values`, and the values as often as they may stand there."""
    if re.search(r"%\([^()]*\(", form):
        raise TooMuchError("a name in % holds a parenthesis, so its width cannot be told")
    given = [*values] if isinstance(values, tuple) else [values]
    star = max((abs(value) for value in given if isinstance(value, int)), default=0)
    widths = [width for widths in _PRINTED.findall(form) for width in widths if width]
    spend(sum(star if width == "*" else int(width) for width in widths), "%")
    _check_growth("%", [[v for v in given if not isinstance(v, int)], form.count("%")])


class _Widths:
    """Counts the widths and values of `str.format`."""

    def format_field(self, value: Any, format_spec: str) -> Any:  # noqa: ANN401
        """Return the value as text, if that is not too much."""
        shown = 0 if isinstance(value, int) else _weight(value)
        spend(sum(map(int, re.findall(r"\d+", format_spec))) + shown, "format")
        return super().format_field(value, format_spec)  # type: ignore[misc]


class Formatter(_Widths, jinja2.sandbox.SandboxedFormatter):
    """The sandbox's own `str.format`, counted."""


class EscapeFormatter(_Widths, jinja2.sandbox.SandboxedEscapeFormatter):
    """The one for text that is marked as safe."""


def _count(value: Any) -> int:  # noqa: ANN401
    return len(value) if hasattr(value, "__len__") else int(value)


def _weight(value: Any) -> int:  # noqa: ANN401
    """Return a number's size, or about how many characters anything else shows as.

    Counted up to the limit only: a list may hold one text a million times.

    >>> _weight(-7), _weight("abc"), _weight(["ab", ["c"], {"d": "ef"}])
    (7, 3, 11)
    """
    if isinstance(value, int | float):
        return int(min(abs(value), _MAX_PRODUCT + 1))
    total, rest = 0, [value]
    while rest and total <= _MAX_PRODUCT:
        item = rest.pop()
        total += len(item) if hasattr(item, "__len__") else 1
        if isinstance(item, Mapping):
            rest += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple):
            rest += item
    return total
