"""Say what a recipe would do, without a weight and without a file."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curate.recipe import Recipe
from curate.tuning.fitting import free_memory, what_to_lower
from curate.tuning.forecast import count_steps, forecast
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
    memory, of = free_memory()
    disk = shutil.disk_usage(_existing(run or Path())).free
    lacks = []
    if said.memory > memory:
        batch = prepared.config.per_device_train_batch_size
        lacks.append(f"memory: {what_to_lower(said, recipe, batch, memory)}")
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


def _existing(path: Path) -> Path:
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
