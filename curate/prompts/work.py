"""How much work a template may make: what it does must not take for ever.

Steps are counted, not seconds, so that a template fails everywhere or nowhere. A step is what one
piece of a template's syntax takes, or one item of a list that a filter goes through: about a tenth
of a microsecond. Lists made by a template are kept so small that nothing done to one takes long.
"""

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jinja2.runtime

__all__ = ["CALL", "MAX_WORK", "TooMuchError", "held", "touched", "weigh", "work", "working"]

MAX_WORK = 25_000_000
"""Steps that one rendering may take."""
CALL = 100
"""Steps of a call, whatever it is given."""
_MAX_ITEMS = 1_000_000
"""Items that a list made by a template may hold, with those of the lists in it."""
_MAX_CHARACTERS = 100_000_000
"""Characters that the texts in such a list may have, each as often as it stands there."""
_MAX_BITS = 100_000
"""Size of the largest whole number."""
_ITEM = 10
"""Steps for each item of a list that something is done to."""
_CHARACTERS = 16
"""Characters of a text that something is done to in one step."""

_VIEWS = (KeysView, ValuesView, ItemsView)
_SERIES = (list, tuple, set, frozenset, *_VIEWS)
_HOLDING = (dict, *_SERIES)
_PLAIN = frozenset({bool, float, type(None), jinja2.runtime.Macro, jinja2.runtime.Context})


class TooMuchError(Exception):
    """A template makes more than it may."""


_left: ContextVar[list[int]] = ContextVar("_left")


@contextmanager
def working() -> Iterator[None]:
    """Let a rendering take the steps that one may."""
    token = _left.set([MAX_WORK])
    try:
        yield
    finally:
        _left.reset(token)


def work(steps: int) -> None:
    """Count steps; those outside a rendering, while a template is compiled, are not counted.

    Raises:
        TooMuchError: the rendering took too many.

    """
    left = _left.get(None)
    if left is None:
        return
    left[0] -= steps
    if left[0] < 0:
        raise TooMuchError(f"its loops and calls take more than {MAX_WORK:,} steps")


def weigh(value: Any, *, each: bool = False) -> int:  # noqa: ANN401
    """Return the steps that it takes to do something to a value, or to `each` of its items.

    >>> weigh("x" * 160), weigh([1, [2, "y"]]), weigh(7)
    (10, 40, 1)

    Raises:
        TooMuchError: the value is more than a template may hold.

    """
    kind = type(value)
    if kind is str or isinstance(value, str | bytes):
        return len(value) * _ITEM if each else len(value) // _CHARACTERS
    if kind in _PLAIN:
        return 1
    if isinstance(value, int):
        if value.bit_length() > _MAX_BITS:
            raise TooMuchError("a whole number is too large")
        return 1
    if not isinstance(value, _HOLDING):
        return 1
    items, characters = _size(value)
    return items * _ITEM + characters // _CHARACTERS


def _size(value: Any) -> tuple[int, int]:  # noqa: ANN401
    """Return how many items a list or dictionary holds, deep down, and characters of text."""
    items = characters = 0
    rest = [value]
    while rest:
        item = rest.pop()
        kind = type(item)
        if kind is str:
            characters += len(item)
        elif kind in _PLAIN or kind is int:
            continue
        elif isinstance(item, str | bytes):
            characters += len(item)
        elif isinstance(item, _HOLDING):
            items += len(item)
            if items <= _MAX_ITEMS:
                rest += [*item.keys(), *item.values()] if isinstance(item, dict) else item
        if items > _MAX_ITEMS or characters > _MAX_CHARACTERS:
            raise TooMuchError(
                f"a list makes more than {_MAX_ITEMS:,} items or {_MAX_CHARACTERS:,} characters"
            )
    return items, characters


def touched(value: Any) -> Any:  # noqa: ANN401
    """Return the value, the steps counted that it takes to compare it."""
    if type(value) is not str or len(value) >= _CHARACTERS:
        work(weigh(value))
    return value


def held(value: Any) -> Any:  # noqa: ANN401
    """Return a value that a template made, unless it is more than a template may hold."""
    if type(value) is not str and not isinstance(value, str | bytes):
        work(weigh(value))
    return value
