"""Every field of a recipe, for reference."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from curate.prompts.stages import STAGES
from curate.recipe import Recipe
from curate.tuning.training_fields import OURS, TrainingField, stage_fields

__all__ = ["model_fields", "recipe_fields"]

Row = dict[str, str]


def recipe_fields() -> list[Row]:
    """Return `key`, `default` and `what` of each field, those of `training` too."""
    return [*model_fields(Recipe, ""), *_training_fields()]


def _training_fields() -> Iterator[Row]:
    """Yield the fields of `training`: of several stages that differ, those of each."""
    found: dict[str, list[tuple[TrainingField, list[str]]]] = {}
    for stage in STAGES:
        for name, field in stage_fields(stage).items():
            kinds = found.setdefault(name, [])
            same = next((stages for kind, stages in kinds if kind == field), None)
            if same is None:
                kinds.append((field, [stage]))
            else:
                same.append(stage)
    for name in sorted(found.keys() - OURS):
        for field, stages in found[name]:
            some = len(stages) < len(STAGES)
            yield {
                "key": f"training.{name}" + (f" ({', '.join(stages)})" if some else ""),
                "default": "" if field.default is None else str(field.default),
                "what": field.expected,
            }


def model_fields(model: type[BaseModel], prefix: str) -> Iterator[Row]:
    """Yield the fields of a model and of the models in it; of several kinds, those of each."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if field.discriminator:
            yield from _kinds(get_args(annotation), f"{prefix}{name}.", str(field.discriminator))
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from model_fields(annotation, f"{prefix}{name}.")
        else:
            default = _default_of(field.get_default(call_default_factory=True))
            yield {"key": f"{prefix}{name}", "default": default, "what": field.description or ""}


def _kinds(kinds: tuple[Any, ...], prefix: str, tag: str) -> Iterator[Row]:
    names = ", ".join(kind.model_fields[tag].default for kind in kinds)
    yield {"key": f"{prefix}{tag}", "default": "required", "what": f"The way to tune: {names}."}
    for kind in kinds:
        for row in model_fields(kind, prefix):
            if row["key"] != f"{prefix}{tag}":
                yield {**row, "key": f"{row['key']} ({kind.model_fields[tag].default})"}


def _default_of(value: object) -> str:
    """Return a default as a reference shows it."""
    if value is PydanticUndefined:
        return "required"
    text = "…" if isinstance(value, tuple) and len(value) > 4 else repr(value)
    return "" if value == {} else text
