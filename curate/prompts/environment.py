"""The Jinja environment of templates, set up as transformers sets up its own, with limits."""

import datetime
import functools
import json
from collections.abc import Callable, Iterable
from typing import Any

import jinja2
import jinja2.ext
import jinja2.runtime
import jinja2.sandbox
import jinja2.utils
import markupsafe

from curate.prompts.bounds import EscapeFormatter, Formatter, bounded, check_operator, spend
from curate.prompts.counting import ADDED, COUNTED, Counting
from curate.prompts.generation import Generation, concat
from curate.prompts.work import CALL, held, weigh, work

__all__ = ["COUNTED", "environment"]

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

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Return the parts of a block joined, if that is not too much."""
        parts = list(parts)
        spend(sum(map(len, parts)), "a block")
        return concat(parts)

    def call_binop(
        self,
        context: jinja2.runtime.Context,
        operator: str,
        left: Any,  # noqa: ANN401
        right: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Return what the operator makes of the two, if that is not too much."""
        check_operator(operator, left, right)
        return held(super().call_binop(context, operator, left, right))

    def call(
        self,
        context: jinja2.runtime.Context,
        method: Any,  # noqa: ANN401
        /,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Return what a call gives; it makes no more than it may."""
        call = functools.partial(super().call, context, method)
        owner = getattr(method, "__self__", None)
        if not isinstance(owner, str | bytes | int):
            work(sum(map(weigh, [*args, *kwargs.values()]), CALL))
            return held(call(*args, **kwargs))
        return bounded(method.__name__, call, owner=(owner,))(*args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:  # noqa: ANN401
        """Return the method `format` or `format_map` of a text as a template may call it."""
        if super().wrap_str_format(value) is None:
            return None
        text = value.__self__
        if isinstance(text, markupsafe.Markup):
            vformat = EscapeFormatter(self, escape=text.escape).vformat
        else:
            vformat = Formatter(self).vformat
        if value.__name__ == "format_map":
            return lambda mapping: type(text)(vformat(text, (), mapping))
        return lambda *args, **kwargs: type(text)(vformat(text, args, kwargs))

    def _generate(self, source: jinja2.nodes.Template, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401
        """Return the Python of a template in which what takes time is counted."""
        source = Counting(self).visit(source)
        return super()._generate(source, *args, **kwargs)


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
    del made.filters["random"]  # other text each time
    tables: list[dict[str, Any]] = [made.filters, made.tests]
    for table in tables:
        for name, call in table.items():
            table[name] = bounded(name, call, skip=int(hasattr(call, "jinja_pass_arg")))
    made.filters.update(ADDED)
    del made.globals["lipsum"]  # other text each time, and as much as is asked for
    made.globals.update(
        raise_exception=_raise_exception, strftime_now=_strftime_now, namespace=_Namespace
    )
    return made
