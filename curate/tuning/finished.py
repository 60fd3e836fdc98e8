"""Read a finished run, and make its encoder again."""

from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from curate.errors import DatasetError
from curate.prompts.encode import Encoder
from curate.prompts.templates import CHAT, Template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import Recipe
from curate.tuning.names import RUN
from curate.tuning.rundir import SCHEMA_VERSION

__all__ = ["encoder_of", "read_run"]


def read_run(path: Path) -> dict[str, Any]:
    """Return run.json.

    Raises:
        DatasetError: there is no finished run.
    """
    file = path / RUN
    if not file.is_file():
        raise DatasetError(f"{path}: has no {RUN}, so it is no run directory or an unfinished one")
    try:
        run = orjson.loads(file.read_bytes())
    except ValueError as error:
        raise DatasetError(f"{file}: is not valid JSON: {error}") from error
    if not isinstance(run, dict) or run.get("schema_version") != SCHEMA_VERSION:
        raise DatasetError(f"{file}: is not a run of this version")
    template = run.get("template")
    if not isinstance(template, dict) or not {"name", "hash"} <= template.keys():
        raise DatasetError(f"{file}: names no template: it was changed")
    try:
        Recipe.model_validate(run.get("recipe"))
    except ValidationError as error:
        raise DatasetError(
            f"{file}: its recipe is not one: {error.error_count()} faults"
        ) from error
    return run


def encoder_of(run: Path, said: dict[str, Any]) -> Encoder:
    """Return the encoder of a run: its own copy of the template, its model's tokenizer.

    Raises:
        DatasetError: the template was changed.
        ModelError: the tokenizer cannot be loaded.
    """
    recipe = Recipe.model_validate(said["recipe"])
    name, path = said["template"]["name"], run / "template.jinja"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot be read: {error}") from error
    template = Template(name, text, "" if name == CHAT else str(path))
    tokenizer = load_tokenizer(recipe.model.model_name_or_path, recipe.model.model_revision)
    encoder = Encoder(template, tokenizer, recipe.data.encoding())
    if encoder.template.hash != said["template"]["hash"]:
        raise DatasetError(f"{path}: is not the template of the run: it was changed")
    return encoder
