"""Verify a run: what it says it was trained on, computed again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.dataset import SPLITS, read_records
from curate.dataset.digest import ContentDigest
from curate.errors import DatasetError
from curate.prompts.encode import Encoder
from curate.recipe import ModelSettings, Recipe
from curate.tuning.encoding import encoder_of
from curate.tuning.finished import read_run
from curate.tuning.models import identify_model, load_config
from curate.tuning.rows import Rows, encode_rows
from curate.tuning.starting import start_of

__all__ = ["verify"]


def verify(run: Path, *, dataset: Path | None = None) -> Iterator[str]:
    """Yield a line for each thing that holds; nothing comes out of the cache.

    `dataset` is where the dataset lies now, if it was moved.

    Raises:
        DatasetError: the first thing that does not hold.
        ModelError: the base model cannot be found.
    """
    said = read_run(run)
    recipe = Recipe.model_validate(said["recipe"])
    try:
        recorded, rows_said = said["dataset"]["digest"], said["encoding"]
        encoded = rows_said["digest"]
    except (KeyError, TypeError):
        raise DatasetError(
            f"{run}/run.json: names no dataset or encoding: it was changed"
        ) from None
    folder = dataset or Path(recipe.data.dataset)
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such dataset directory; if it was moved, give --dataset")
    yield _held("dataset digest", recorded, _dataset_digest(folder), str(folder))
    encoder = encoder_of(run, said)
    yield f"template: {encoder.template.identity}"
    tokenizer = encoder.identity["tokenizer"]
    name = start_of(recipe.model).model.model_name_or_path
    yield _held("tokenizer", rows_said.get("tokenizer"), tokenizer, name)
    yield _base(said.get("base_model"), recipe.model)
    rows = encode_rows(encoder, folder, recipe.stage)
    _check_account(rows_said, rows, encoder)
    yield _held("encoding digest", encoded, rows.digest, str(folder))


def _held(what: str, said: object, found: object, where: str) -> str:
    """Return the line of something that holds.

    Raises:
        DatasetError: it does not.
    """
    if said != found:
        raise DatasetError(f"{where}: {what} is {found}, the run says {said}")
    return f"{what}: {found}"


def _dataset_digest(folder: Path) -> str:
    digest = ContentDigest()
    for split, record in read_records(folder, SPLITS):
        digest.add(split, record)
    return digest.hexdigest()


def _base(said: object, settings: ModelSettings) -> str:
    """Return the line of the base model: the hash of local weights, or the commit on the hub."""
    found = identify_model(settings, load_config(settings))
    held = found["sha256"] or found["revision"]
    _held("base model", said, found, settings.model_name_or_path)
    return f"base model: {found['name']}" + (f", {held}" if held else "")


def _check_account(said: dict[str, Any], rows: Rows, encoder: Encoder) -> None:
    """Raise unless as many records as the run says were encoded, truncated and left out."""
    for key, found in rows.summary(encoder).items():
        if key != "digest" and said.get(key) != found:
            raise DatasetError(f"encoding.{key} is {found}, the run says {said.get(key)}")
