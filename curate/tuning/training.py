"""Run a recipe: dataset directory in, run directory out."""

import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.dataset import read_manifest
from curate.errors import DatasetError, ModelError
from curate.prompts.encode import Encoder
from curate.recipe import Recipe
from curate.tuning.fitting import memory_told
from curate.tuning.measuring import measure
from curate.tuning.models import identify_model, load_model
from curate.tuning.preparing import Prepared, prepare
from curate.tuning.ranks import is_main, say, wait
from curate.tuning.resources import Stopwatch
from curate.tuning.rows import check_packing, check_rows
from curate.tuning.rundir import RunDirectory
from curate.tuning.saving import load_tuned, save_tuned
from curate.tuning.sft import make_trainer
from curate.tuning.stopping import stopped

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from trl import SFTTrainer

__all__ = ["train"]

_UNWRITTEN = ("PytorchStreamWriter", "inline_container")
"""What torch names where a file of its own cannot be written."""


def train(
    recipe: Recipe, run: Path, *, resume: bool = False, overwrite: bool = False
) -> dict[str, Any] | None:
    """Train as the recipe says and return what run.json and resources.json hold.

    All processes but the main one return None.

    Raises:
        UsageError: a training field that does not exist or that Curate sets itself.
        DatasetError: the dataset is no sound dataset directory, or the run directory is taken.
        ModelError: the base model cannot be loaded.
        TrainingError: a loss or a gradient is not finite, or memory has run out.
        KeyboardInterrupt: it was stopped, after what was done was saved.
    """
    directory = RunDirectory(run, resume=resume, overwrite=overwrite)
    prepared = prepare(recipe, run, directory)
    try:
        return _train(prepared, run, directory)
    except RuntimeError as error:
        if not any(part in str(error) for part in _UNWRITTEN):
            raise
        free = shutil.disk_usage(run).free
        raise DatasetError(
            f"{run}: a checkpoint cannot be written, {free / 1e6:,.0f} MB are free there; the last "
            "whole one is left as it is, and --resume goes on from it"
        ) from error


def _train(prepared: Prepared, run: Path, directory: RunDirectory) -> dict[str, Any] | None:
    """Measure, train, measure again, save."""
    import transformers

    recipe = prepared.recipe
    encoder, rows, records = prepared.encoder, prepared.rows, prepared.held_out
    with memory_told(prepared, training=False):
        base = load_model(recipe.model, whole=not recipe.backend.saves_adapter)
    _check_vocabulary(base, encoder, recipe)
    identity = identify_model(recipe.model, base.config)
    say(f"measuring the base model on {len(records):,} held-out records")
    asked = recipe.evaluation.model_dump(include={"generate", "max_new_tokens"})
    with memory_told(prepared, training=False):
        before = measure(base, encoder, records, **asked)
    transformers.set_seed(recipe.seed)
    model = recipe.backend.attach(base, encoder.tokenizer)
    trainer = make_trainer(model, prepared, directory)
    check_rows(trainer.train_dataset, trainer.data_collator, rows)
    if recipe.data.packing:
        check_packing(trainer.model, trainer.train_dataset, trainer.data_collator, rows.examples)
    wait()
    if is_main():
        directory.start()
        if not rows.cached:
            directory.keep(rows.key, rows.chunk)
    wait()
    watch = Stopwatch()
    with memory_told(prepared, training=True):
        result = trainer.train(resume_from_checkpoint=directory.last_checkpoint())
    resources = watch.read(trainer.record_losses.seen)
    if trainer.record_losses.stopped:
        raise stopped(result.global_step, trainer.state.max_steps)
    _forget_router_logits(base)
    trained = {"steps": result.global_step, **_sizes(trainer)}
    # As whoever loads it will: not in the half precision that training may compute in.
    tuned = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    weights = trainer.accelerator.get_state_dict(tuned) if trainer.is_fsdp_enabled else None
    if is_main():
        save_tuned(tuned, encoder.tokenizer, run, recipe, weights)
    wait()
    if trainer.is_fsdp_enabled:
        del tuned, weights, base, model
        trainer.model = trainer.model_wrapped = None
        tuned = load_tuned(run, {"recipe": recipe.model_dump(), "base_model": identity})
    say("measuring the tuned model on the same")
    with memory_told(prepared, training=False):
        after = measure(tuned, encoder, records, **asked)
    if not is_main():
        return None
    return directory.finish(
        recipe=recipe,
        base=identity,
        dataset=read_manifest(prepared.dataset),
        encoder=encoder,
        rows=rows.summary(encoder),
        trained=trained,
        before=before,
        after=after,
        resources=resources,
    )


def _forget_router_logits(model: "PreTrainedModel") -> None:
    """Take back what TRL asks of a mixture of experts: with it such a model cannot generate."""
    config = model.config.get_text_config(decoder=True)
    if hasattr(config, "output_router_logits"):
        config.output_router_logits = False


def _check_vocabulary(base: "PreTrainedModel", encoder: Encoder, recipe: Recipe) -> None:
    """Raise ModelError if the tokenizer has tokens that the model has no embedding for."""
    embeddings = base.get_input_embeddings().weight.shape[0]
    tokens = len(encoder.tokenizer)  # type: ignore[arg-type]
    if tokens > embeddings:
        raise ModelError(
            f"{recipe.model.model_name_or_path}: the tokenizer has {tokens:,} tokens, its model "
            f"{embeddings:,} embeddings: they do not belong together"
        )


def _sizes(trainer: "SFTTrainer") -> dict[str, int]:
    """Return how many parameters there are and are trained, and what the optimiser keeps."""
    sizes = [(_weights(p), p.requires_grad) for p in trainer.model.parameters()]
    states = trainer.optimizer.state_dict()["state"].values() if trainer.optimizer else ()
    tensors = [value for state in states for value in state.values() if hasattr(value, "nbytes")]
    return {
        "parameters": sum(size for size, _ in sizes),
        "trainable_parameters": sum(size for size, trained in sizes if trained),
        "optimizer_bytes": sum(tensor.nbytes for tensor in tensors),
    }


def _weights(parameter: Any) -> int:  # noqa: ANN401
    """Return how many weights a parameter says; two lie in a byte of a quantized one."""
    quantized = getattr(parameter, "quant_state", None)
    return math.prod(quantized.shape) if quantized else parameter.numel()
