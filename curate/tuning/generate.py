"""Let a tuned model answer with the encoder of its training."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import ModelError, UsageError
from curate.prompts.encode import OverLength
from curate.recipe import Recipe
from curate.records import Record
from curate.tuning.answers import Answer, answer
from curate.tuning.finished import encoder_of, read_run
from curate.tuning.models import identify_model, load_model, require_tuning
from curate.tuning.saving import load_tuned

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["generate"]


def generate(run: Path, record: Record, *, max_new_tokens: int, base: bool = False) -> Answer:
    """Return the answer of a run's model, or of its base, to a record's prompt.

    Raises:
        DatasetError: there is no finished run, it was changed, or what it made is damaged.
        ModelError: the base model cannot be loaded, or is not that of the run.
        UsageError: the prompt is longer than any that was trained on.
    """
    require_tuning()
    said = read_run(run)
    recipe = Recipe.model_validate(said["recipe"])
    encoder = encoder_of(run, said)
    model = _model(run, said, recipe, base=base)
    try:
        return answer(model, encoder, [record], max_new_tokens=max_new_tokens)[0]
    except OverLength as error:
        raise UsageError(
            f"the question has {error.length} tokens, the run was trained with at most "
            f"{error.max_length}"
        ) from error


def _model(run: Path, said: dict[str, Any], recipe: Recipe, *, base: bool) -> "PreTrainedModel":
    if not (base or recipe.backend.saves_adapter):
        return load_tuned(run, recipe)
    model = load_model(recipe.model)
    if identify_model(recipe.model, model.config) != said.get("base_model"):
        name = recipe.model.model_name_or_path
        raise ModelError(f"{name}: is not the base model that the run was tuned on: it was changed")
    return model if base else load_tuned(run, recipe, model)
