"""From `--set`, `--only` and `--skip` to the steps that run."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from curate.errors import UsageError, clip
from curate.safe_yaml import parse_yaml
from curate.steps.base import Step

__all__ = ["select_steps"]


def select_steps(
    known: Sequence[type[Step]],
    *,
    settings: Iterable[str] = (),
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> list[Step]:
    """Return the steps to run, in the order of `known`.

    Those that are on, and those of which an option is set.

    Args:
        known: every step there is.
        settings: `STEP.FIELD=VALUE`, the value read as YAML.
        only: names of the steps to run and no others; empty for all.
        skip: names of the steps to leave out.

    Raises:
        UsageError: a step, a field or a value that does not exist or does not fit.
    """
    by_name = {step.name: step for step in known}
    for name in [*only, *skip]:
        _step(by_name, name)
    options: dict[str, dict[str, Any]] = {}
    for setting in settings:
        name, field, value = _parse(setting, by_name)
        options.setdefault(name, {})[field] = value
    chosen = [
        name
        for name, step in by_name.items()
        if (name in only if only else step.on or name in options) and name not in skip
    ]
    if idle := [name for name in options if name not in chosen]:
        raise UsageError(f"--set {idle[0]}: the step does not run")
    if only and not chosen:
        raise UsageError("--only and --skip leave no step to run")
    return [_make(by_name[name], options.get(name, {})) for name in chosen]


def _parse(setting: str, by_name: dict[str, type[Step]]) -> tuple[str, str, object]:
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
    return name, field, parse_yaml(text, f"--set {clip(setting)}")


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


def _make(step: type[Step], options: dict[str, Any]) -> Step:
    try:
        return step(**options)
    except ValidationError as error:
        faults = "; ".join(_fault(step.name, e) for e in error.errors())
        raise UsageError(f"--set {faults}") from error


def _fault(step: str, error: ErrorDetails) -> str:
    """Return one fault of the options; one of a whole step has no field to name."""
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return f"{step}: {message}"
    return f"{step}.{'.'.join(map(str, error['loc']))}={clip(error['input'])}: {message}"
