"""Save what was trained, and load it again."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from curate.errors import DatasetError, ModelError, clip
from curate.recipe import Recipe
from curate.tuning.models import identify_model, load_model
from curate.tuning.names import ADAPTER, MODEL
from curate.tuning.starting import attach, start_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["load_base", "load_start", "load_tuned", "make_readable", "save_tuned", "settle"]


def save_tuned(
    model: "PreTrainedModel",
    tokenizer: Any,  # noqa: ANN401
    run: Path,
    recipe: Recipe,
    weights: Mapping[str, Any] | None = None,
) -> None:
    """Save the adapter, or the whole model with its tokenizer where every weight was trained.

    `weights` are those of the model, where what it holds is but a shard of them.

    The same weights give the same bytes. PEFT would write module names in the order of a set, the
    absolute path of a local base, a card that names no base, and files that only their owner reads.
    """
    folder = run / (ADAPTER if recipe.backend.saves_adapter else MODEL)
    if weights is not None:  # put together from shards, weights that are one are there twice
        tied = getattr(model, "all_tied_weights_keys", {})
        weights = {name: weight for name, weight in weights.items() if name not in tied}
    model.save_pretrained(folder, state_dict=weights)
    if recipe.backend.saves_adapter:
        base = start_of(recipe.model).model.model_name_or_path
        settle(folder / "adapter_config.json", base)
        (folder / "README.md").unlink(missing_ok=True)
    else:
        tokenizer.save_pretrained(folder)
    make_readable(folder)


def make_readable(folder: Path) -> None:
    """Let others read what PEFT and safetensors make readable to their owner alone."""
    for file in folder.iterdir():
        file.chmod(0o644)


def settle(path: Path, base: str) -> None:
    """Let the config of an adapter name its base, and have one order."""
    config = orjson.loads(path.read_bytes())
    config["base_model_name_or_path"] = base
    for key, value in config.items():
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            config[key] = sorted(value)
    path.write_bytes(orjson.dumps(config, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def load_tuned(run: Path, said: dict[str, Any], *, dtype: str | None = None) -> "PreTrainedModel":
    """Return the model that a run made: its own, or its adapter on the base; `said` is run.json.

    Raises:
        DatasetError: the run holds no such thing, or a damaged one.
        ModelError: the base model cannot be loaded, or is not the one that the run was tuned on.
    """
    recipe = Recipe.model_validate(said["recipe"])
    if not recipe.backend.saves_adapter:
        path = run / MODEL
        if not (path / "config.json").is_file():
            raise DatasetError(f"{path}: holds no model")
        return _load(recipe, dtype, model_name_or_path=str(path), model_revision=None)
    path = run / ADAPTER
    base = load_base(said, dtype=dtype)
    if not (path / "adapter_config.json").is_file():
        raise DatasetError(f"{path}: holds no adapter")
    from peft import PeftModel

    # The import makes the method known to PEFT.
    import curate.tuning.bottleneck  # noqa: F401

    try:
        return PeftModel.from_pretrained(base, path)
    except Exception as error:  # whatever a damaged file makes of PEFT and safetensors
        raise DatasetError(f"{path}: cannot be loaded: {clip(str(error), 200)}") from error


def load_start(
    said: dict[str, Any],
    tokenizer: Any,  # noqa: ANN401
    *,
    dtype: str | None = None,
) -> "PreTrainedModel":
    """Return what a run started from: its base model, or that with the adapter of another run.

    Raises:
        UsageError, ModelError: it cannot be loaded, or is not what the run was tuned on.
    """
    recipe = Recipe.model_validate(said["recipe"])
    base = load_base(said, dtype=dtype)
    return base if start_of(recipe.model).run is None else attach(recipe, base, tokenizer)


def load_base(said: dict[str, Any], *, dtype: str | None = None) -> "PreTrainedModel":
    """Return the base model of a run; `said` is run.json.

    Raises:
        ModelError: it cannot be loaded, or is not the one that the run was tuned on.
    """
    recipe = Recipe.model_validate(said["recipe"])
    model = _load(recipe, dtype)
    if identify_model(recipe.model, model.config) != said.get("base_model"):
        name = recipe.model.model_name_or_path
        raise ModelError(f"{name}: is not the base model that the run was tuned on: it was changed")
    return model


def _load(recipe: Recipe, dtype: str | None, **changes: str | None) -> "PreTrainedModel":
    change = {"dtype": dtype} if dtype else {}
    settings = recipe.model.model_copy(update={**changes, **change})
    reward = recipe.stage == "reward"
    return load_model(settings, whole=not recipe.backend.saves_adapter, reward=reward)
