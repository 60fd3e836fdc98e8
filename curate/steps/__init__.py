"""The cleaning steps, in the order in which `curate clean` takes them."""

from curate.steps.base import RecordStep, SetStep, Step
from curate.steps.dedup import Dedup
from curate.steps.normalise import Normalise
from curate.steps.select import select_steps
from curate.steps.validate import Validate

__all__ = ["STEPS", "RecordStep", "SetStep", "Step", "select_steps"]

STEPS: tuple[type[Step], ...] = (Normalise, Validate, Dedup)
