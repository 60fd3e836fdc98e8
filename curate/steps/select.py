"""From `--set`, `--only` and `--skip` to the steps that run."""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from curate.errors import UsageError, clip
from curate.safe_yaml import parse_yaml
from curate.steps.base import Step

__all__ = ["select_steps"]

_Options = dict[str, tuple[str, Any]]
"""Options of one step: field to value, as it was typed and as YAML reads it."""
_WHOLE = range(-(2**63), 2**64)
"""The whole numbers that our JSON holds."""


def select_steps(
    known: Sequence[type[Step]],
    *,
    settings: Iterable[str] = (),
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    needed: Sequence[str] = (),
    default: Collection[str] | None = None,
    given: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Step]:
    """Return the steps to run, in the order of `known`.

    Those that run by default, those of which an option is set, and those that are needed.

    Args:
        known: every step there is.
        settings: `STEP.FIELD=VALUE`, the value read as YAML.
        only: names of the steps to run and no others; empty for all.
        skip: names of the steps to leave out.
        default: names of the steps that run without a word; None: those that are on.
        needed: names of the steps that run even if they are off, unless `only` or `skip` says not.
        given: options by step that `settings` go before; these steps run too.

    Raises:
        UsageError: a step, a field or a value that does not exist or does not fit.
    """
    by_name = {step.name: step for step in known}
    usual = {step.name for step in known if step.on} if default is None else default
    for name in [*only, *skip]:
        _step(by_name, name)
    given = given or {}
    options: dict[str, _Options] = {}
    for setting in settings:
        name, field, text, value = _parse(setting, by_name)
        if field in options.setdefault(name, {}):
            texts = f"{clip(options[name][field][0])!r} and {clip(text)!r}"
            raise UsageError(f"--set {name}.{field}: is given twice, {texts}; give it once")
        options[name][field] = text, value
    chosen = [
        name
        for name in by_name
        if (name in only if only else name in usual or name in options or name in {*needed, *given})
        and name not in skip
    ]
    if idle := [name for name in options if name not in chosen]:
        raise UsageError(f"--set {idle[0]}: the step does not run")
    if only and not chosen:
        raise UsageError("--only and --skip leave no step to run")
    for name, fields in given.items():
        laid = {field: (str(value), value) for field, value in fields.items()}
        options[name] = laid | options.get(name, {})
    return [_make(by_name[name], options.get(name, {})) for name in chosen]


def _parse(setting: str, by_name: dict[str, type[Step]]) -> tuple[str, str, str, object]:
    path, equals, text = setting.partition("=")
    name, dot, field = path.partition(".")
    if not (equals and dot and field):
        raise UsageError(f"--set {clip(setting)}: expected STEP.FIELD=VALUE")
    fields = _step(by_name, name).model_fields
    if field not in fields:
        allowed = ", ".join(fields) or "it has no options"
        raise UsageError(
            f"--set {clip(setting)}: step {name!r} has no option {clip(field)!r}"
            f"{_nearest(field, fields)}; allowed: {allowed}"
        )
    return name, field, text, parse_yaml(text, f"--set {clip(setting)}")


def _step(by_name: dict[str, type[Step]], name: str) -> type[Step]:
    if name not in by_name:
        steps = ", ".join(by_name)
        raise UsageError(
            f"no step is called {clip(name)!r}{_nearest(name, by_name)}; steps: {steps}"
        )
    return by_name[name]


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _make(step: type[Step], options: _Options) -> Step:
    try:
        made = step(**{field: value for field, (_, value) in options.items()})
    except ValidationError as error:
        faults = "; ".join(_fault(step, options, e) for e in error.errors())
        raise UsageError(f"--set {faults}") from error
    for field, (text, value) in options.items():
        if fault := _unfit(value, getattr(made, field)):
            raise UsageError(f"--set {step.name}.{field}={clip(text)}: {fault}")
    return made


def _fault(step: type[Step], options: Mapping[str, tuple[str, Any]], error: ErrorDetails) -> str:
    """Return one fault of the options; one of a whole step has no field to name."""
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return f"{step.name}: {message}"
    field = str(error["loc"][0])
    option, text = f"{step.name}.{field}", clip(options[field][0])
    if error["type"] == "tuple_type":
        (items, *_) = get_args(step.model_fields[field].annotation)
        allowed = f"; allowed: {', '.join(get_args(items))}" if get_args(items) else ""
        message = f"give a list: '{option}=[{text}]'{allowed}"
    item = f"item {int(error['loc'][1]) + 1}: " if len(error["loc"]) > 1 else ""
    return f"{option}={text}: {item}{message}"


def _unfit(value: object, held: object) -> str:
    r"""Return why an option cannot hold a value that its type takes; empty if it can.

    >>> _unfit(True, 1), _unfit([], ("a", "\ud800"))
    ('true and false are no numbers', "'\\ud800' is half a character, which UTF-8 cannot hold")
    >>> _unfit(10**20, 10**20)
    'JSON holds whole numbers of at most 18446744073709551615'
    """
    if isinstance(value, bool) != isinstance(held, bool):
        return "true and false are no numbers" if isinstance(value, bool) else "give true or false"
    for part in held if isinstance(held, tuple) else (held,):
        if isinstance(part, int) and part not in _WHOLE:
            return f"JSON holds whole numbers of at most {_WHOLE[-1]}"
        if isinstance(part, str) and part != part.encode("utf-8", "replace").decode():
            return f"{clip(repr(part))} is half a character, which UTF-8 cannot hold"
    return ""
