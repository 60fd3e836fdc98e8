"""What a run starts from: a base model, or what another run made of one."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import ModelError, UsageError, clip
from curate.recipe import ModelSettings, Recipe
from curate.tuning.finished import read_run
from curate.tuning.names import ADAPTER, MODEL, RUN

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Start", "attach", "bases_itself", "check_start", "start_of"]

_FREE = ("dropout", "lora_dropout")
"""Settings of a method that may change where training goes on: no weight hangs on them."""


@dataclass(frozen=True, slots=True)
class Start:
    """What the model of a recipe stands for.

    Attributes:
        model: the settings, with the base model in the place of a run.
        run: the run whose adapter lies on it; None where there is no adapter.

    """

    model: ModelSettings
    run: Path | None = None

    def identity(self) -> dict[str, Any]:
        """Return the run with the SHA-256 of its adapter; nothing where there is none."""
        if self.run is None:
            return {}
        weights = (self.run / ADAPTER / "adapter_model.safetensors").read_bytes()
        return {"start": {"run": str(self.run), "sha256": hashlib.sha256(weights).hexdigest()}}


def start_of(settings: ModelSettings) -> Start:
    """Return what the settings stand for: where they name a run directory, its base and adapter.

    Raises:
        DatasetError: the run is damaged.
        ModelError: it made a reward model, or its adapter is gone.
    """
    run = Path(settings.model_name_or_path)
    if not (run / RUN).is_file():
        return Start(settings)
    recipe = Recipe.model_validate(read_run(run)["recipe"])
    if recipe.stage == "reward":
        raise ModelError(
            f"{run}: made a reward model, which gives numbers and no answers; name it in rewards"
        )
    if not recipe.backend.saves_adapter:
        whole = {"model_name_or_path": str(run / MODEL), "model_revision": None}
        return Start(settings.model_copy(update=whole))
    if not (run / ADAPTER / "adapter_config.json").is_file():
        raise ModelError(f"{run / ADAPTER}: holds no adapter")
    base = start_of(recipe.model).model
    names = ("model_name_or_path", "model_revision")
    return Start(settings.model_copy(update={name: getattr(base, name) for name in names}), run)


def bases_itself(recipe: Recipe) -> bool:
    """Return whether a tuned model with its adapter off is what the run started from."""
    return recipe.backend.leaves_base and start_of(recipe.model).run is None


def attach(recipe: Recipe, base: "PreTrainedModel", tokenizer: Any) -> "PreTrainedModel":  # noqa: ANN401
    """Return the base with what is trained attached; from a run, as that run left it.

    Raises:
        UsageError: the method cannot be used on the model, or is not that of the run.
        ModelError: the adapter of the run does not fit.
    """
    check_start(recipe)
    model = recipe.backend.attach(base, tokenizer)
    if run := start_of(recipe.model).run:
        _lay(run, model)
    return model


def check_start(recipe: Recipe) -> None:
    """Raise UsageError unless the adapter that is trained further is one the recipe would make."""
    run = start_of(recipe.model).run
    if run is None:
        return
    theirs = Recipe.model_validate(read_run(run)["recipe"]).backend.model_dump()
    ours = recipe.backend.model_dump()
    names = [name for name in {**theirs, **ours} if name not in _FREE]
    other = next((name for name in names if theirs.get(name) != ours.get(name)), None)
    if other:
        raise UsageError(
            f"backend.{other} is {clip(ours.get(other))}, {run} was tuned with "
            f"{clip(theirs.get(other))}: its adapter is trained further as it is. Use the settings "
            "of that run; or make a model of it, `curate export RUN --merged -o DIR`, and name DIR"
        )


def _lay(run: Path, model: "PreTrainedModel") -> None:
    from peft import get_peft_model_state_dict, load_peft_weights, set_peft_model_state_dict

    path = run / ADAPTER
    try:
        weights = load_peft_weights(str(path), device=str(model.device))
        there = get_peft_model_state_dict(model)
        new = {name for name in there if ".score." in name}  # a head that gives rewards
        if other := sorted((there.keys() - new) ^ weights.keys()):
            raise ValueError(f"{other[0]} is not in both")
        set_peft_model_state_dict(model, there | weights)
    except Exception as error:  # whatever a damaged file makes of PEFT and safetensors
        raise ModelError(f"{path}: does not fit: {clip(str(error), 200)}") from error
