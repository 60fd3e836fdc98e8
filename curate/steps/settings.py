"""What a recipe says of cleaning: the sources, and the options of the steps."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model, field_serializer

from curate.steps import STEPS
from curate.steps.decontaminate import Decontaminate
from curate.steps.mix import Mix

__all__ = ["CleaningSettings"]

_FROZEN = ConfigDict(frozen=True, extra="forbid")
_OFFERED = [step for step in STEPS if step not in (Decontaminate, Mix)]  # these take other sets

if TYPE_CHECKING:
    Steps = BaseModel
    StepName = str
else:
    with warnings.catch_warnings():  # one is called as a method that pydantic gave up is
        warnings.filterwarnings("ignore", 'Field name "validate"', UserWarning)
        Steps = create_model(
            "Steps",
            __config__=_FROZEN,
            **{
                step.name: (step | None, Field(None, description=step.__doc__.partition("\n")[0]))
                for step in _OFFERED
            },
        )
    StepName = Literal[tuple(step.name for step in _OFFERED)]


class CleaningSettings(BaseModel):
    """What is cleaned, and how."""

    model_config = _FROZEN

    sources: tuple[str, ...] = Field(
        (), description="What `curate clean --recipe` reads, each as it takes a SOURCE."
    )
    steps: Steps = Field(
        default_factory=Steps,
        description="Options of cleaning steps, by step; one that is named runs.",
    )
    skip: tuple[StepName, ...] = Field((), description="Cleaning steps that do not run.")

    @field_serializer("steps")
    def _named(self, steps: BaseModel) -> dict[str, Any]:
        """Leave out the steps that are not named."""
        return {name: getattr(steps, name) for name in sorted(steps.model_fields_set)}

    def options(self) -> Mapping[str, dict[str, Any]]:
        """Return the options that are given, by step."""
        given = {name: getattr(self.steps, name) for name in self.steps.model_fields_set}
        return {
            name: {} if step is None else step.model_dump(include=step.model_fields_set)
            for name, step in given.items()
        }
