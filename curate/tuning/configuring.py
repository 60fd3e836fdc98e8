"""TRL's settings: the recipe's own over defaults that suit the machine."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import UsageError, clip
from curate.prompts.stages import Stage
from curate.recipe import Recipe
from curate.tuning.ranks import say
from curate.tuning.training_fields import CONFIGS, stage_fields

if TYPE_CHECKING:
    from transformers import TrainingArguments

__all__ = ["trainer_config"]

_SHARE: dict[Stage, float] = {"sft": 1.0, "reward": 0.5, "dpo": 0.1, "kto": 0.1, "grpo": 0.1}
"""Of the learning rate of a method, in each stage: preferences move what answers already."""


def trainer_config(recipe: Recipe, run: Path | None) -> "TrainingArguments":
    """Return the config of the stage.

    Without a run nothing is to be written.

    Raises:
        UsageError: TRL refuses a value, beside others or on this machine.
    """
    import torch
    import trl

    _check_shards(recipe)
    options: dict[str, Any] = {
        "learning_rate": recipe.backend.learning_rate * _SHARE[recipe.stage],
        "logging_steps": 10,
        "logging_first_step": True,
        "save_strategy": "epoch",
        "save_total_limit": 2,
        "report_to": "none",
        "activation_checkpointing": False,
        **({"disable_dropout": True} if recipe.stage == "grpo" else {}),
        **_precision(recipe, gpu=torch.cuda.is_available()),
        **recipe.training,
        **_held(recipe),
        **_measured(recipe),
        "output_dir": str(run / "checkpoints") if run else None,
        "seed": recipe.seed,
        "max_length": None,
        "packing": False,
        "remove_unused_columns": False,
        "disable_tqdm": True,
        "dataset_kwargs": {"skip_prepare_dataset": True},
        **({"train_sampling_strategy": "sequential"} if recipe.stage == "kto" else {}),
    }
    known = stage_fields(recipe.stage)
    config = getattr(trl, CONFIGS[recipe.stage])
    try:
        return config(**{name: value for name, value in options.items() if name in known})
    except Exception as error:  # it checks values against each other and against the machine
        raise UsageError(f"training: {clip(str(error), 300)}") from error


def _precision(recipe: Recipe, *, gpu: bool) -> dict[str, bool]:
    """Return what to compute in: bfloat16 by default, if the GPU and the weights allow it."""
    import torch

    if not gpu:
        return {"bf16": False, "use_cpu": True}
    if recipe.model.dtype == "float16" or not torch.cuda.is_bf16_supported(False):
        return {"bf16": False, "fp16": True}
    return {}


def _measured(recipe: Recipe) -> dict[str, Any]:
    """Return when to measure in training, and to keep the best if it is to stop early."""
    every, patience = recipe.evaluation.every, recipe.evaluation.patience
    when = {"eval_strategy": "steps", "eval_steps": every} if every else {}
    if not patience:
        return when
    return {
        **when,
        "load_best_model_at_end": True,
        "metric_for_best_model": "loss",
        "greater_is_better": False,
        "restore_callback_states_from_checkpoint": True,
        "save_strategy": "steps",
        "save_steps": every,
    }


def _check_shards(recipe: Recipe) -> None:
    """Raise UsageError if the launcher asks for shards that are not possible.

    The base model is measured before it is sharded, so every process loads it whole.
    """
    if os.environ.get("ACCELERATE_USE_DEEPSPEED") == "true":
        raise UsageError("ACCELERATE_USE_DEEPSPEED: DeepSpeed is not supported; use FSDP")
    if os.environ.get("ACCELERATE_USE_FSDP") != "true":
        return
    if recipe.stage != "sft":
        raise UsageError(f"stage is {recipe.stage}: weights are sharded in stage sft alone")
    if os.environ.get("FSDP_VERSION") != "2":
        raise UsageError("FSDP_VERSION: set fsdp_version to 2, the first is not supported")
    if recipe.model.quantized:
        raise UsageError(f"model.{recipe.model.quantized}: quantized weights are not sharded")
    if recipe.backend.cannot_shard:
        raise UsageError(
            f"backend.method is {recipe.backend.method}: {recipe.backend.cannot_shard}"
        )
    os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] = "false"


def _held(recipe: Recipe) -> dict[str, Any]:
    """Return the fields that the recipe sets and the backend holds at another value; say so."""
    held: dict[str, Any] = {}
    for name, (value, why) in recipe.backend.held.items():
        if recipe.training.get(name):
            say(f"warning: training.{name} is {value} with {recipe.backend.method}: {why}")
            held[name] = value
    return held
