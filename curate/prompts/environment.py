"""The Jinja environment of templates, set up as transformers sets up its own, with limits."""

import datetime
import functools
import json
from typing import Any

import jinja2
import jinja2.ext
import jinja2.runtime
import jinja2.sandbox
import jinja2.utils

from curate.prompts.generation import Generation, concat

__all__ = ["COUNTED", "MAX_OUTPUT", "environment"]

COUNTED = "counted loops"
"""Where a rendering keeps what counts the turns of its loops; no template can write such a name."""

MAX_OUTPUT = 10_000_000
"""Characters that one record may render to, and the longest text or list that `*` may make."""

_TODAY = datetime.date(2024, 7, 26)
"""What `strftime_now` shows: chat templates that can do without a clock fall back to this day."""


class _Namespace(jinja2.utils.Namespace):
    """Jinja's namespace without underscored names, which reach into Python."""

    # `self` is no name here, so that a template may call an attribute that.
    def __init__(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        attributes = dict(*args[1:], **kwargs)
        for name in attributes:
            _refuse_underscore(name)
        jinja2.utils.Namespace.__init__(args[0], attributes)

    def __setitem__(self, name: str, value: object) -> None:
        _refuse_underscore(name)
        jinja2.utils.Namespace.__setitem__(self, name, value)


def _refuse_underscore(name: object) -> None:
    if str(name).startswith("_"):
        raise jinja2.exceptions.SecurityError(f"namespace attribute {name!r} is not allowed")


class _Sandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """The environment of every template, set up as transformers sets up its own."""

    concat = staticmethod(concat)
    intercepted_binops = frozenset({"*", "**"})

    def call_binop(
        self,
        context: jinja2.runtime.Context,
        operator: str,
        left: Any,  # noqa: ANN401
        right: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Return what the operator makes of the two, if that is not too much."""
        if operator == "**" and not (abs(left) <= MAX_OUTPUT and abs(right) <= 64):
            raise OverflowError("the power is too large")
        is_number = not hasattr(left, "__len__") and not hasattr(right, "__len__")
        if operator == "*" and not is_number and _size(left) * _size(right) > MAX_OUTPUT:
            raise OverflowError(f"* makes more than {MAX_OUTPUT} items")
        return super().call_binop(context, operator, left, right)

    def _generate(self, source: jinja2.nodes.Template, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401
        """Return the Python of a template in which every `for` counts its turns."""
        for loop in list(source.find_all(jinja2.nodes.For)):
            name = jinja2.nodes.Const(COUNTED)
            count = jinja2.nodes.Getitem(jinja2.nodes.ContextReference(), name, "load")
            loop.iter = jinja2.nodes.Call(count, [loop.iter], [], None, None)
        return super()._generate(source, *args, **kwargs)


def _size(value: Any) -> int:  # noqa: ANN401
    return len(value) if hasattr(value, "__len__") else int(value)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _strftime_now(form: str) -> str:
    return _TODAY.strftime(form)


def _tojson(
    value: Any,  # noqa: ANN401
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # jinja2's own filter escapes HTML; chat templates expect this one.
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


@functools.lru_cache(maxsize=2)
def environment(strict: bool) -> _Sandbox:
    """Return the environment; chat templates test for things that are not there, so no strict."""
    made = _Sandbox(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined if strict else jinja2.Undefined,
        extensions=[Generation, jinja2.ext.loopcontrols],
    )
    made.filters["tojson"] = _tojson
    made.globals.update(
        raise_exception=_raise_exception, strftime_now=_strftime_now, namespace=_Namespace
    )
    return made
