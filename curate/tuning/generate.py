"""Let a tuned model answer with the encoder of its training."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import UsageError
from curate.prompts.encode import OverLength
from curate.recipe import Recipe
from curate.records import Record
from curate.tuning.answers import Answer, Sampling, answer
from curate.tuning.finished import encoder_of, read_run
from curate.tuning.models import require_tuning
from curate.tuning.saving import load_base, load_tuned

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Tuned"]


class Tuned:
    """The model of a finished run, or its base, with the encoder of its training.

    Raises:
        DatasetError: there is no finished run, it was changed, or what it made is damaged.
        ModelError: the base model cannot be loaded, or is not that of the run.
    """

    def __init__(self, run: Path, *, base: bool = False) -> None:
        require_tuning()
        said = read_run(run)
        recipe = Recipe.model_validate(said["recipe"])
        self.encoder = encoder_of(run, said)
        self.model = _model(run, said, recipe, base=base)

    def answer(
        self,
        records: Sequence[Record],
        *,
        max_new_tokens: int,
        sampling: Sampling | None = None,
        stream: Callable[[str], None] | None = None,
    ) -> list[Answer]:
        """Return the answers to records' prompts, in order.

        Raises:
            UsageError: a prompt is longer than any that was trained on.
        """
        try:
            return answer(self.model, self.encoder, records, max_new_tokens=max_new_tokens,
                          sampling=sampling, stream=stream)  # fmt: skip
        except OverLength as error:
            raise UsageError(
                f"the question has {error.length} tokens, the run was trained with at most "
                f"{error.max_length}"
            ) from error


def _model(run: Path, said: dict[str, Any], recipe: Recipe, *, base: bool) -> "PreTrainedModel":
    if base:
        return load_base(said, recipe)
    on = load_base(said, recipe) if recipe.backend.saves_adapter else None
    return load_tuned(run, recipe, on)
