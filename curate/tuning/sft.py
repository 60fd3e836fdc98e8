"""TRL's SFTTrainer, fed with our ids and labels and kept from touching them."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import UsageError, clip
from curate.recipe import Recipe
from curate.tuning.answers import pad_id
from curate.tuning.collating import Collator, rows_of
from curate.tuning.losses import TrainingLosses
from curate.tuning.ranks import say
from curate.tuning.stopping import make_stopper

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from trl import SFTConfig, SFTTrainer

    from curate.tuning.preparing import Prepared
    from curate.tuning.rundir import RunDirectory

__all__ = ["make_trainer", "sft_config"]


def sft_config(recipe: Recipe, run: Path | None) -> "SFTConfig":
    """Return TRL's settings: the recipe's own over defaults that suit the machine.

    Without a run nothing is to be written.

    Raises:
        UsageError: SFTConfig refuses a value, beside others or on this machine.
    """
    import torch
    from trl import SFTConfig

    _check_shards(recipe)
    options: dict[str, Any] = {
        "learning_rate": recipe.backend.learning_rate,
        "logging_steps": 10,
        "logging_first_step": True,
        "save_strategy": "epoch",
        "save_total_limit": 2,
        "report_to": "none",
        "activation_checkpointing": False,
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
    }
    try:
        return SFTConfig(**options)
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


def make_trainer(
    model: "PreTrainedModel", prepared: "Prepared", directory: "RunDirectory"
) -> "SFTTrainer":
    """Return a trainer whose rows are the examples' ids and labels, unchanged.

    The number of its record travels with every token.
    """
    import datasets
    import transformers

    from curate.tuning.progress import make_progress
    from curate.tuning.watching import make_watched

    encoder, rows, evaluation = prepared.encoder, prepared.rows, prepared.recipe.evaluation
    losses = TrainingLosses([example.id for example in rows.examples], rows.sources)
    measured = prepared.measured if evaluation.every else []
    callbacks = [make_progress(directory, losses), make_stopper(losses)]
    if evaluation.patience:
        callbacks.append(transformers.EarlyStoppingCallback(evaluation.patience))
    trained = {name: p.data for name, p in model.named_parameters() if p.requires_grad}
    try:
        trainer = make_watched()(
            losses,
            measured,
            model=model,
            args=prepared.config,
            train_dataset=datasets.Dataset.from_dict(rows_of(rows.examples, prepared.places)),
            eval_dataset=datasets.Dataset.from_dict({"record": range(len(measured))})
            if measured
            else None,
            data_collator=Collator(pad_id(encoder), packed=prepared.recipe.data.packing),
            processing_class=encoder.tokenizer,
            callbacks=callbacks,
        )
    except (ImportError, RuntimeError, TypeError, ValueError) as error:
        raise UsageError(f"training: {clip(str(error).strip(), 300)}") from error
    for name, parameter in model.named_parameters():
        if name in trained:  # beside a quantized base TRL rounds them to bfloat16, where most steps
            parameter.data = trained[name]  # are too small to be taken
    trainer.remove_callback(transformers.PrinterCallback)
    # TRL would put a card into checkpoints/ that names neither base model nor data; ours does.
    trainer.create_model_card = lambda *_, **__: None
    return trainer
