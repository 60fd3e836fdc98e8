"""TRL's SFTTrainer, fed with our ids and labels and kept from touching them."""

import difflib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from curate.errors import UsageError, clip
from curate.recipe import Recipe
from curate.tuning.answers import pad_id
from curate.tuning.collating import Collator, rows_of
from curate.tuning.losses import TrainingLosses
from curate.tuning.ranks import say

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from trl import SFTConfig, SFTTrainer

    from curate.tuning.preparing import Prepared
    from curate.tuning.rundir import RunDirectory

__all__ = ["make_trainer", "sft_config"]

_OURS = {
    "output_dir": "-o",
    "seed": "seed",
    "data_seed": "seed",
    "max_length": "data.max_length",
    "truncation_mode": "data.over_length",
    "completion_only_loss": "data.loss",
    "assistant_only_loss": "data.loss",
    "dataset_kwargs": "data",
    "dataset_text_field": "data.template",
    "chat_template_path": "data.template",
    "eos_token": "data.template",
    "model_init_kwargs": "model",
    "resume_from_checkpoint": "--resume",
    "packing": "data.packing",
    "eval_packing": "nothing: held-out records are measured one a row",
    "padding_free": "data.packing",
    "remove_unused_columns": "nothing: the numbers of the records travel with the tokens",
    "push_to_hub": "nothing: a run stays on this machine",
}
"""Fields of SFTConfig that Curate sets itself, and where the user says it instead."""

_AT_LEAST_ONE = ("per_device_train_batch_size", "gradient_accumulation_steps", "max_steps")


def sft_config(recipe: Recipe, run: Path | None) -> "SFTConfig":
    """Return TRL's settings: the recipe's own over defaults that suit the machine.

    Without a run nothing is to be written.

    Raises:
        UsageError: a field that SFTConfig does not have, a value it refuses, or one of ours.
    """
    import torch
    from trl import SFTConfig

    known = get_type_hints(SFTConfig)
    training = {name: _unquoted(name, value, known) for name, value in recipe.training.items()}
    _check_fields(training, known)
    _refuse_shards(training)
    options: dict[str, Any] = {
        "learning_rate": recipe.backend.learning_rate,
        "logging_steps": 10,
        "logging_first_step": True,
        "save_strategy": "epoch",
        "save_total_limit": 2,
        "report_to": "none",
        "activation_checkpointing": False,
        **_precision(recipe, gpu=torch.cuda.is_available()),
        **training,
        **_held(recipe),
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


def _unquoted(name: str, value: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the word `no` where YAML made a falsehood of it and the field asks for a word."""
    if value is not False or name not in known:
        return value
    try:
        TypeAdapter(known[name]).validate_python(value)
    except ValidationError:
        return "no"
    return value


def _refuse_shards(training: Mapping[str, Any]) -> None:
    """Raise UsageError if the recipe or the launcher asks for FSDP or DeepSpeed."""
    said = [f"training.{name}" for name in ("fsdp", "deepspeed") if training.get(name)]
    launcher = "ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED"
    said += [name for name in launcher if os.environ.get(name) == "true"]
    if said:
        raise UsageError(
            f"{said[0]}: the weights are to be sharded; Curate can neither measure nor save such a "
            "model yet. Launch it so that every process holds the whole model"
        )


def _held(recipe: Recipe) -> dict[str, Any]:
    """Return the fields that the recipe sets and the backend holds at another value; say so."""
    held: dict[str, Any] = {}
    for name, (value, why) in recipe.backend.held.items():
        if recipe.training.get(name):
            say(f"warning: training.{name} is {value} with {recipe.backend.method}: {why}")
            held[name] = value
    return held


def _check_fields(training: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Raise UsageError with every field that is not SFTConfig's, is ours, or has a wrong value."""
    said = ((name, _fault(name, value, known)) for name, value in training.items())
    faults = [f"training.{name}{fault}" for name, fault in said if fault]
    if faults:
        raise UsageError("\n".join(faults))


def _fault(name: str, value: Any, known: Mapping[str, Any]) -> str:  # noqa: ANN401
    """Return what is wrong with one field; empty if nothing is."""
    if name in _OURS and value:
        return f": Curate sets this; use {_OURS[name]}"
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        return ": no such field" + (f"; did you mean {near[0]!r}?" if near else " of SFTConfig")
    try:
        TypeAdapter(known[name]).validate_python(value)
    except ValidationError as error:
        return f" is {clip(value)}: {error.errors()[0]['msg']}"
    is_endless = name == "max_steps" and value == -1
    if name in _AT_LEAST_ONE and not is_endless and value < 1:
        return f" is {clip(value)}: it has to be at least 1"
    is_number = not isinstance(value, float) or math.isfinite(value)
    return "" if is_number else f" is {clip(value)}: it has to be finite"


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

    encoder, rows = prepared.encoder, prepared.rows
    losses = TrainingLosses([example.id for example in rows.examples], rows.sources)
    trained = {name: p.data for name, p in model.named_parameters() if p.requires_grad}
    try:
        trainer = make_watched()(
            losses,
            model=model,
            args=prepared.config,
            train_dataset=datasets.Dataset.from_dict(rows_of(rows.examples, prepared.places)),
            data_collator=Collator(pad_id(encoder), packed=prepared.recipe.data.packing),
            processing_class=encoder.tokenizer,
            callbacks=[make_progress(directory, losses)],
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
