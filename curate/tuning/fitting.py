"""What to lower, and by how much, where a run does not fit."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from curate.errors import TrainingError
from curate.recipe import Recipe
from curate.tuning.forecast import Forecast, forecast
from curate.tuning.preparing import Prepared

__all__ = ["free_memory", "memory_told", "what_to_lower"]

_ON_CPU = "can't allocate memory"
_USABLE = 0.95
"""Share of a GPU's memory that tensors can have; the rest is the driver's, and gaps."""


def free_memory() -> tuple[int, str]:
    """Return the free bytes where a model would lie, and where that is."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0]), str(torch.cuda.get_device_name())
    import psutil

    return int(psutil.virtual_memory().available), "cpu"


def what_to_lower(said: Forecast, recipe: Recipe, batch: int, memory: int) -> str:
    """Return what would help most: against the largest part.

    Args:
        said: what the run takes.
        recipe: of the run.
        batch: rows that a process takes at once.
        memory: bytes that there are.

    """
    if said.measuring > said.gradients + said.activations:
        return "lower data.max_length, or name shorter records as evaluation.dataset"
    fits = _batch_that_fits(said, batch, memory)
    if fits or said.activations > said.weights + said.gradients + said.optimizer:
        ways = []
        if fits:
            rounds = recipe.training.get("gradient_accumulation_steps", 1)
            ways.append(
                f"set training.per_device_train_batch_size to {fits} and "
                f"training.gradient_accumulation_steps to {rounds * math.ceil(batch / fits)}, "
                "which trains on as many rows a step"
            )
        if not recipe.training.get("activation_checkpointing"):
            ways.append("set training.activation_checkpointing to true")
        ways.append("lower data.max_length")
        return ", or ".join(ways)
    if not recipe.backend.saves_adapter:
        return "take backend.method lora, or training.optim adamw_8bit"
    return "take a smaller model" if recipe.model.quantized else "set model.load_in_4bit to true"


def _batch_that_fits(said: Forecast, batch: int, memory: int) -> int:
    """Return the largest power of two below `batch` that fits; 0 if none does."""
    left = memory - (said.memory - said.activations)
    room = math.floor(left / max(said.activations / batch, 1))
    fits = min(room, batch - 1)
    return 1 << (fits.bit_length() - 1) if fits >= 1 else 0


@contextmanager
def memory_told(prepared: Prepared, *, training: bool) -> Iterator[None]:
    """Say what to lower where memory runs out; `training` is whether it does in the training.

    Raises:
        TrainingError: memory has run out.
    """
    import torch

    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, torch.OutOfMemoryError) and _ON_CPU not in str(error):
            raise
        raise TrainingError(f"out of memory: {_advice(prepared, training=training)}") from error


def _advice(prepared: Prepared, *, training: bool) -> str:
    import torch

    memory = free_memory()[0]
    if torch.cuda.is_available():
        memory = int(_USABLE * torch.cuda.get_device_properties().total_memory)
    said, batch = forecast(prepared), prepared.config.per_device_train_batch_size
    said = replace(said, measuring=0) if training else said
    return what_to_lower(said, prepared.recipe, batch, memory)
