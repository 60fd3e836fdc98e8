"""Say what a recipe would do, without a weight and without a file."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curate.recipe import Recipe
from curate.tuning.forecast import Forecast, count_steps, forecast
from curate.tuning.preparing import prepare
from curate.tuning.rundir import RunDirectory

__all__ = ["dry_run"]


def dry_run(recipe: Recipe, run: Path | None, *, overwrite: bool = False) -> dict[str, Any]:
    """Return what the run would look at and take, and what of it there is not.

    Raises:
        UsageError, DatasetError, ModelError: whatever would keep the run from starting.
    """
    if run:
        RunDirectory(run, resume=False, overwrite=overwrite)
    prepared = prepare(recipe, None)
    said = forecast(prepared)
    memory, of = _free_memory()
    disk = shutil.disk_usage(_existing(run or Path())).free
    lacks = []
    if said.memory > memory:
        lacks.append(f"memory: {_what_to_lower(said, recipe)}")
    if said.checkpoints > disk:
        lacks.append("disk: lower training.save_total_limit, or name another place with -o")
    return {
        "recipe": recipe.model_dump(mode="json"),
        "encoding": prepared.rows.summary(prepared.encoder),
        "held_out": len(prepared.held_out),
        **asdict(count_steps(prepared)),
        **asdict(said),
        "memory": said.memory,
        "free_memory": memory,
        "device": of,
        "free_disk": disk,
        "lacks": lacks,
    }


def _what_to_lower(said: Forecast, recipe: Recipe) -> str:
    """Return what would help most: against the largest part."""
    if said.measuring > said.gradients + said.activations:
        return "lower data.max_length, or name shorter records as evaluation.dataset"
    if said.activations > said.weights + said.gradients + said.optimizer:
        ways = ["lower training.per_device_train_batch_size", "lower data.max_length"]
        if not recipe.training.get("activation_checkpointing"):
            ways.append("set training.activation_checkpointing to true")
        return ", or ".join(ways)
    if not recipe.backend.saves_adapter:
        return "take backend.method lora, or training.optim adamw_8bit"
    return "take a smaller model" if recipe.model.quantized else "set model.load_in_4bit to true"


def _free_memory() -> tuple[int, str]:
    """Return the free bytes where a model would lie, and where that is."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0]), str(torch.cuda.get_device_name())
    import psutil

    return int(psutil.virtual_memory().available), "cpu"


def _existing(path: Path) -> Path:
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
