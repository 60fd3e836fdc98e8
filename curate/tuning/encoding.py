"""The encoder of a recipe, and of a finished run."""

from pathlib import Path
from typing import Any

from curate.errors import DatasetError
from curate.prompts.encode import Encoder
from curate.prompts.templates import CHAT, Template, find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import Recipe
from curate.tuning.starting import start_of

__all__ = ["encoder_for", "encoder_of"]


def encoder_for(recipe: Recipe) -> Encoder:
    """Return the encoder that a recipe asks for.

    Raises:
        TemplateError: there is no such template.
        ModelError: the tokenizer cannot be loaded.
    """
    return _encoder(recipe, find_template(recipe.data.template))


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
    encoder = _encoder(recipe, template)
    if encoder.template.hash != said["template"]["hash"]:
        raise DatasetError(f"{path}: is not the template of the run: it was changed")
    return encoder


def _encoder(recipe: Recipe, template: Template) -> Encoder:
    model = start_of(recipe.model).model
    tokenizer = load_tokenizer(model.model_name_or_path, model.model_revision)
    return Encoder(template, tokenizer, recipe.data.encoding())
