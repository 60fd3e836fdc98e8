"""Run a recipe: dataset directory in, run directory out."""

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.dataset import read_manifest
from curate.errors import DatasetError, ModelError
from curate.prompts.encode import Encoder
from curate.recipe import Recipe
from curate.tuning.answers import Other, pad_id
from curate.tuning.fitting import memory_told
from curate.tuning.measuring import Measurement, measure, measure_pairs
from curate.tuning.models import identify_model, load_model
from curate.tuning.preparing import Prepared, prepare
from curate.tuning.ranks import is_main, say, wait
from curate.tuning.resources import Stopwatch
from curate.tuning.rows import check_packing, check_rows
from curate.tuning.rundir import RunDirectory
from curate.tuning.saving import load_start, load_tuned, save_tuned
from curate.tuning.starting import attach, bases_itself, start_of
from curate.tuning.stopping import stopped
from curate.tuning.trainers import make_trainer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

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
    recipe, encoder, rows = prepared.recipe, prepared.encoder, prepared.rows
    model, identity, before = _begin(prepared)
    with memory_told(prepared, training=False):
        trainer = make_trainer(model, prepared, directory)
    if recipe.stage != "grpo":  # there the rows are made as it goes, of our prompts
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
    _forget_router_logits(model)
    trained = {"steps": result.global_step, **_sizes(trainer)}
    # As whoever loads it will: not in the half precision that training may compute in.
    tuned = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    weights = trainer.accelerator.get_state_dict(tuned) if trainer.is_fsdp_enabled else None
    if is_main():
        save_tuned(tuned, encoder.tokenizer, run, recipe, weights)
    wait()
    if trainer.is_fsdp_enabled:
        del tuned, weights, model
        trainer.model = trainer.model_wrapped = None
        tuned = load_tuned(run, {"recipe": recipe.model_dump(), "base_model": identity})
    say("measuring the tuned model on the same")
    with memory_told(prepared, training=False):
        after = _measure(prepared, tuned, _start(recipe, identity, tuned, encoder))
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


def _begin(prepared: Prepared) -> tuple["PreTrainedModel", dict[str, Any], Measurement]:
    """Return the model ready to be trained, what the base is, and how the start measures.

    The start is the base as it is; or, where a run is trained further, what that run made.
    """
    import transformers

    recipe, tokenizer = prepared.recipe, prepared.encoder.tokenizer
    reward = recipe.stage == "reward"
    with memory_told(prepared, training=False):
        model = load_model(recipe.model, whole=not recipe.backend.saves_adapter, reward=reward)
    if reward:
        model.config.get_text_config().pad_token_id = pad_id(prepared.encoder)
    _check_vocabulary(model, prepared.encoder, recipe)
    identity = identify_model(recipe.model, model.config)
    goes_on = start_of(recipe.model).run is not None
    transformers.set_seed(recipe.seed)
    if goes_on:
        model = attach(recipe, model, tokenizer)
    what = "the start" if goes_on else "the base model"
    say(f"measuring {what} on {len(prepared.held_out):,} held-out records")
    with memory_told(prepared, training=False):
        before = _measure(prepared, model, lambda: nullcontext(model))
    if not goes_on:
        transformers.set_seed(recipe.seed)
        model = attach(recipe, model, tokenizer)
    return model, identity, before


def _measure(prepared: Prepared, model: "PreTrainedModel", start: Other) -> Measurement:
    """Return what the model does on the held-out records; `start` gives what the run began with."""
    recipe, encoder, records = prepared.recipe, prepared.encoder, prepared.held_out
    if recipe.stage == "reward":
        return measure_pairs(model, encoder, records)
    asked = recipe.evaluation.model_dump(include={"generate", "max_new_tokens"})
    other = None if recipe.stage == "sft" else start
    return measure(model, encoder, records, **asked, rewards=prepared.rewards, other=other)


def _start(
    recipe: Recipe, identity: dict[str, Any], tuned: "PreTrainedModel", encoder: Encoder
) -> Other:
    """Return what gives the start of a run: the model without its adapter, or loaded again."""

    @contextmanager
    def switched_off() -> Iterator["PreTrainedModel"]:
        with tuned.disable_adapter():
            yield tuned

    if bases_itself(recipe) or recipe.stage in ("sft", "reward"):
        return switched_off
    said = {"recipe": recipe.model_dump(mode="json"), "base_model": identity}
    start = load_start(said, encoder.tokenizer)
    return lambda: nullcontext(start)


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


def _sizes(trainer: Any) -> dict[str, int]:  # noqa: ANN401
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
