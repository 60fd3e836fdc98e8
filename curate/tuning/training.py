"""Run a recipe: dataset directory in, run directory out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.dataset import audit, read_manifest, read_records
from curate.errors import DatasetError, ModelError
from curate.prompts.encode import Encoder, Example
from curate.prompts.templates import find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import Recipe
from curate.records import Record
from curate.reporting.terminal import talk
from curate.sources import Reader, resolve
from curate.tuning.answers import Answer, answer, exact_match, losses_of, pad_id
from curate.tuning.losses import by_source
from curate.tuning.models import identify_model, load_model, require_tuning
from curate.tuning.names import CACHE
from curate.tuning.rows import check_packing, check_rows, encode_rows
from curate.tuning.rundir import RunDirectory
from curate.tuning.saving import save_tuned
from curate.tuning.sft import make_trainer, sft_config

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from trl import SFTTrainer

__all__ = ["train"]


def train(
    recipe: Recipe, run: Path, *, resume: bool = False, overwrite: bool = False
) -> dict[str, Any]:
    """Train as the recipe says and return what run.json holds.

    Raises:
        UsageError: a training field that does not exist or that Curate sets itself.
        DatasetError: the dataset is no sound dataset directory, or the run directory is taken.
        ModelError: the base model cannot be loaded.
    """
    require_tuning()
    dataset = Path(recipe.data.dataset)
    audit(dataset)
    config = sft_config(recipe, run)
    directory = RunDirectory(run, resume=resume, overwrite=overwrite)
    encoder = Encoder(
        find_template(recipe.data.template),
        load_tokenizer(recipe.model.model_name_or_path, recipe.model.model_revision),
        recipe.data.encoding(),
    )
    workers = config.dataset_num_proc or 1
    rows = encode_rows(encoder, dataset, cache=run / CACHE, workers=workers)
    if recipe.data.digest not in (None, rows.digest):
        raise DatasetError(
            f"{dataset}: its rows have the digest {rows.digest}, data.digest is "
            f"{recipe.data.digest}: they are not those that were previewed"
        )
    how = "found encoded" if rows.cached else "encoded"
    talk(f"{len(rows.examples):,} records {how}, digest {rows.digest}")
    directory.expect(recipe, rows.digest)
    held_out = _held_out(recipe, dataset)
    import transformers

    base = load_model(recipe.model)
    _check_vocabulary(base, encoder, recipe)
    identity = identify_model(recipe.model, base.config)
    talk(f"measuring the base model on {len(held_out):,} held-out records")
    before = _measure(base, encoder, held_out, recipe)
    transformers.set_seed(recipe.seed)
    model = recipe.backend.attach(base, encoder.tokenizer)
    packing = recipe.data.packing
    trainer = make_trainer(model, encoder, rows, config, directory, packing=packing)
    check_rows(trainer.train_dataset, trainer.data_collator, rows)
    if packing:
        check_packing(trainer.model, trainer.train_dataset, trainer.data_collator, rows.examples)
    directory.start()
    if not rows.cached:
        directory.keep(rows.key, rows.chunk)
    result = trainer.train(resume_from_checkpoint=directory.last_checkpoint())
    _forget_router_logits(base)
    talk("measuring the tuned model on the same")
    after = _measure(trainer.model, encoder, held_out, recipe)
    save_tuned(trainer.model, encoder.tokenizer, run, recipe)
    return directory.finish(
        recipe=recipe,
        base=identity,
        dataset=read_manifest(dataset),
        encoder=encoder,
        rows=rows.summary(encoder),
        trained={"steps": result.global_step, **_sizes(trainer)},
        before=before,
        after=after,
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


def _held_out(recipe: Recipe, dataset: Path) -> list[Record]:
    source = recipe.evaluation.dataset
    if source is None:
        return [record for _, record in read_records(dataset, ["validation"])]
    rows = (item for found in resolve([source]) for item in Reader(found))
    return [row for row in rows if isinstance(row, Record)]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a model does on the held-out records; `losses` has a line for each."""

    metrics: dict[str, Any]
    answers: list[Answer]
    prompts: list[str]
    losses: list[dict[str, Any]]


def _measure(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], recipe: Recipe
) -> Measurement:
    if not records:
        return Measurement({}, [], [], [])
    encoded = zip(records, encoder.encode_all(records), strict=True)
    fitting = [(record, item) for record, item in encoded if isinstance(item, Example)]
    examples = [example for _, example in fitting]
    asked = fitting[: recipe.evaluation.generate]
    answers = answer(
        model, encoder, [r for r, _ in asked], max_new_tokens=recipe.evaluation.max_new_tokens
    )
    losses = losses_of(model, examples, pad=pad_id(encoder))
    sources = [record.source for record, _ in fitting]
    total, tokens = sum(loss.total for loss in losses), sum(loss.tokens for loss in losses)
    metrics: dict[str, Any] = {
        "records": len(examples),
        "over_length": len(records) - len(examples),
        "loss": round(total / max(tokens, 1), 6),
        "loss_by_source": by_source(losses, sources),
    }
    if answers:
        metrics |= {"asked": len(answers), "exact_match": round(exact_match(answers), 6)}
    lines = [
        {"id": examples[loss.record].id, "source": sources[loss.record], "tokens": loss.tokens,
         "loss": round(loss.mean, 6)}
        for loss in losses
    ]  # fmt: skip
    return Measurement(metrics, answers, [example.prompt for _, example in asked], lines)


def _sizes(trainer: "SFTTrainer") -> dict[str, int]:
    """Return how many parameters there are and are trained, and what the optimiser keeps."""
    sizes = [(p.numel(), p.requires_grad) for p in trainer.model.parameters()]
    states = trainer.optimizer.state_dict()["state"].values() if trainer.optimizer else ()
    tensors = [value for state in states for value in state.values() if hasattr(value, "nbytes")]
    return {
        "parameters": sum(size for size, _ in sizes),
        "trainable_parameters": sum(size for size, trained in sizes if trained),
        "optimizer_bytes": sum(tensor.nbytes for tensor in tensors),
    }
