"""Run a recipe: dataset directory in, run directory out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.dataset import SPLITS, audit, read_manifest, read_records
from curate.errors import DatasetError
from curate.prompts.encode import Encoder, Example, OverLength, digest
from curate.prompts.templates import find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import Recipe
from curate.records import Record
from curate.reporting.terminal import talk
from curate.sources import Reader, resolve
from curate.tuning.answers import Answer, answer, exact_match, mean_loss, pad_id
from curate.tuning.models import identify_model, load_model, require_tuning
from curate.tuning.rundir import RunDirectory, save_adapter
from curate.tuning.sft import make_trainer, sft_config

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["train"]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The encoded train split and what became of records too long for it."""

    examples: list[Example]
    over_length: list[str]
    truncated: int
    digest: str


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
    rows = _encode(encoder, dataset)
    if recipe.data.digest not in (None, rows.digest):
        raise DatasetError(
            f"{dataset}: its rows have the digest {rows.digest}, data.digest is "
            f"{recipe.data.digest}: they are not those that were previewed"
        )
    talk(f"{len(rows.examples):,} records encoded, digest {rows.digest[:16]}…")
    directory.expect(recipe, rows.digest)
    held_out = _held_out(recipe, dataset)
    import transformers

    base = load_model(recipe.model)
    identity = identify_model(recipe.model, base)
    talk(f"measuring the base model on {len(held_out):,} held-out records")
    before = _measure(base, encoder, held_out, recipe)
    transformers.set_seed(recipe.seed)
    model = recipe.backend.attach(base)
    trainer = make_trainer(model, encoder, rows.examples, config, directory)
    _check_digest(trainer.train_dataset, rows)
    directory.start()
    result = trainer.train(resume_from_checkpoint=directory.last_checkpoint())
    talk("measuring the tuned model on the same")
    after = _measure(trainer.model, encoder, held_out, recipe)
    save_adapter(trainer.model, run / "adapter", recipe.model.model_name_or_path)
    return directory.finish(
        recipe=recipe,
        base=identity,
        dataset=read_manifest(dataset),
        encoder=encoder,
        rows={
            "examples": len(rows.examples),
            "over_length": rows.over_length,
            "truncated": rows.truncated,
            "tokens": sum(len(e.input_ids) for e in rows.examples),
            "loss_tokens": sum(e.loss_tokens for e in rows.examples),
            "digest": rows.digest,
        },
        trained={"steps": result.global_step, **_parameters(trainer.model)},
        before=before,
        after=after,
    )


def _encode(encoder: Encoder, dataset: Path) -> _Rows:
    examples: list[Example] = []
    over_length: list[str] = []
    records = (record for _, record in read_records(dataset, SPLITS[:1]))
    for item in encoder.encode_all(records):
        if isinstance(item, OverLength):
            over_length.append(item.record_id)
        else:
            examples.append(item)
    if not examples:
        raise DatasetError(
            f"{dataset}: no record is left to train on: {len(over_length)} are longer than "
            f"data.max_length {encoder.settings.max_length}"
        )
    truncated = sum(example.truncated for example in examples)
    return _Rows(examples, over_length, truncated, digest(examples))


def _held_out(recipe: Recipe, dataset: Path) -> list[Record]:
    source = recipe.evaluation.dataset
    if source is None:
        return [record for _, record in read_records(dataset, ["validation"])]
    rows = (item for found in resolve([source]) for item in Reader(found))
    return [row for row in rows if isinstance(row, Record)]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a model does on the held-out records."""

    metrics: dict[str, float | int]
    answers: list[Answer]
    prompts: list[str]


def _measure(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], recipe: Recipe
) -> Measurement:
    if not records:
        return Measurement({}, [], [])
    encoded = zip(records, encoder.encode_all(records), strict=True)
    fitting = [(record, item) for record, item in encoded if isinstance(item, Example)]
    examples = [example for _, example in fitting]
    asked = fitting[: recipe.evaluation.generate]
    answers = answer(
        model, encoder, [r for r, _ in asked], max_new_tokens=recipe.evaluation.max_new_tokens
    )
    metrics: dict[str, float | int] = {
        "records": len(examples),
        "over_length": len(records) - len(examples),
        "loss": round(mean_loss(model, examples, pad=pad_id(encoder)), 6),
    }
    if answers:
        metrics |= {"asked": len(answers), "exact_match": round(exact_match(answers), 6)}
    return Measurement(metrics, answers, [example.prompt for _, example in asked])


def _check_digest(dataset: Any, rows: _Rows) -> None:  # noqa: ANN401
    """Raise unless the rows that the trainer holds are, to the token, those that were encoded."""
    reached = (
        replace(example, input_ids=row["input_ids"], labels=row["labels"])
        for example, row in zip(rows.examples, dataset, strict=True)
    )
    if digest(reached) != rows.digest:
        raise DatasetError("the rows that reached the trainer are not the rows that were encoded")


def _parameters(model: "PreTrainedModel") -> dict[str, int]:
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return {
        "parameters": sum(size for size, _ in sizes),
        "trainable_parameters": sum(size for size, trained in sizes if trained),
    }
