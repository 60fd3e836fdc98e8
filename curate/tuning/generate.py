"""Let a tuned model answer with the encoder of its training."""

from pathlib import Path

from curate.errors import DatasetError, ModelError
from curate.prompts.encode import Encoder
from curate.prompts.templates import CHAT, Template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import Recipe
from curate.records import Record
from curate.tuning.answers import Answer, answer
from curate.tuning.models import identify_model, load_model, require_tuning
from curate.tuning.rundir import read_run

__all__ = ["generate"]


def generate(run: Path, record: Record, *, max_new_tokens: int, base: bool = False) -> Answer:
    """Return the answer of a run's model, or of its base, to a record's prompt.

    Raises:
        DatasetError: there is no finished run, or its template was changed.
        ModelError: the base model cannot be loaded, or is not that of the run.
    """
    require_tuning()
    said = read_run(run)
    recipe = Recipe.model_validate(said["recipe"])
    name, path = said["template"]["name"], run / "template.jinja"
    text = path.read_text(encoding="utf-8")
    template = Template(name, text, "" if name == CHAT else str(path))
    tokenizer = load_tokenizer(recipe.model.model_name_or_path, recipe.model.model_revision)
    encoder = Encoder(template, tokenizer, recipe.data)
    if encoder.template.hash != said["template"]["hash"]:
        raise DatasetError(f"{path}: is not the template of the run: it was changed")
    model = load_model(recipe.model)
    if identify_model(recipe.model, model) != said["base_model"]:
        name = recipe.model.model_name_or_path
        raise ModelError(f"{name}: is not the base model that the run was tuned on: it was changed")
    if not base:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, run / "adapter")
    return answer(model, encoder, [record], max_new_tokens=max_new_tokens)[0]
