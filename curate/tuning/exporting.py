"""Export a run: a folder that serves without Curate, as far as its method allows."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from curate.errors import DatasetError, ModelError, UsageError
from curate.files import claim, replace_file, writing
from curate.prompts.chat_template import PROBES, as_chat_template
from curate.prompts.encode import Encoder
from curate.recipe import Recipe
from curate.tuning.answers import pad_id, stop_ids
from curate.tuning.card import model_card
from curate.tuning.encoding import encoder_of
from curate.tuning.finished import read_run
from curate.tuning.models import locate, require_tuning
from curate.tuning.names import ADAPTER, MODEL
from curate.tuning.saving import load_tuned, make_readable, settle
from curate.tuning.starting import start_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

__all__ = ["Export", "export"]

MARK = "export.json"
"""Names every file of an export; written last."""

_TOLERANCE = 1e-5
"""How far merging may move a logit, as a share of the largest, in single precision."""


@dataclass(frozen=True, slots=True)
class Export:
    """What was exported.

    Attributes:
        files: names in the folder.
        probes: how many of `PROBES` the chat template renders to the ids of the training; 0 where
            the template cannot be written as one.
        merged: largest difference of a logit that merging made, in single precision.
        cast: largest difference after the weights were cast, where they were.

    """

    files: list[str]
    probes: int
    merged: float | None = None
    cast: float | None = None


def export(
    run: Path, out: Path, *, merged: bool = False, dtype: str | None = None, overwrite: bool = False
) -> Export:
    """Write the tuned model, or the adapter, with tokenizer, chat template and generation config.

    Raises:
        UsageError: the method cannot be merged, or a type is asked for an adapter.
        DatasetError: there is no finished run, or the folder is not ours to write.
        ModelError: the base model cannot be loaded, or merging changes what the model does.
    """
    require_tuning()
    said = read_run(run)
    recipe = Recipe.model_validate(said["recipe"])
    backend = recipe.backend
    if recipe.stage == "reward":
        folder = ADAPTER if backend.saves_adapter else MODEL
        raise UsageError(
            f"{run}: made a reward model, which answers nothing; {run / folder} is loaded as it is"
        )
    whole = merged or not backend.saves_adapter
    if merged and backend.cannot_merge:
        raise UsageError(
            f"--merged: {backend.cannot_merge}. Export without it: the folder then holds the "
            f"adapter, which {_loads_with(backend.method)} loads onto {_base_name(recipe)}"
        )
    if dtype and not whole:
        raise UsageError("--dtype goes with a whole model: add --merged")
    stale = _claimed(out, overwrite=overwrite)
    encoder = encoder_of(run, said)
    chat = as_chat_template(encoder)
    model = None
    differences: dict[str, float] = {}
    if whole:
        model, differences = _whole(run, said, recipe, encoder, merged=merged, dtype=dtype)
        _generation(model, encoder)
    elif not (run / ADAPTER / "adapter_config.json").is_file():
        raise DatasetError(f"{run / ADAPTER}: holds no adapter")
    with writing(out):  # nothing of an earlier export goes before this one can be written
        for name in stale:
            (out / name).unlink(missing_ok=True)
        out.mkdir(parents=True, exist_ok=True)
        if model is None:
            _copy_adapter(run / ADAPTER, out, recipe)
        else:
            model.save_pretrained(out)
        _save_tokenizer(encoder, chat[0] if chat else None, out)
        replace_file(out / "README.md", model_card(said, exported=True, whole=whole).encode())
        make_readable(out)
        files = sorted({*(path.name for path in out.iterdir()), MARK})
        done = Export(files, chat[1] if chat else 0, **differences)
        replace_file(out / MARK, orjson.dumps(_mark(done), option=orjson.OPT_INDENT_2))
    return done


def _mark(done: Export) -> dict[str, Any]:
    return {
        "files": done.files,
        "chat_template_probes": [done.probes, len(PROBES)],
        "largest_difference": {"merged": done.merged, "cast": done.cast},
    }


def _claimed(out: Path, *, overwrite: bool) -> list[str]:
    """Return what an earlier export left there.

    Raises:
        DatasetError: there is one and it is not to be replaced, or there is something else.
    """
    try:
        stale = orjson.loads((out / MARK).read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        stale = []
    names = [name for name in stale if isinstance(name, str) and Path(name).name == name]
    if claim(out, {*names, MARK}, (MARK,), "export") and not overwrite:
        raise DatasetError(f"{out}: holds an export; pass --overwrite to replace it")
    return sorted(names, key=lambda name: name != MARK)


def _whole(
    run: Path, said: dict[str, Any], recipe: Recipe, encoder: Encoder, *, merged: bool,
    dtype: str | None,
) -> tuple["PreTrainedModel", dict[str, float]]:  # fmt: skip
    """Return the model with nothing of PEFT left in it, and how far its logits moved."""
    import torch

    model = load_tuned(run, said, dtype="float32")
    ids = torch.tensor([max((encoder.prompt_ids(p) for p in PROBES), key=len)], device=model.device)
    logits = _logits(model, ids)
    largest = float(logits.abs().max())
    differences: dict[str, float] = {}
    if merged and recipe.backend.saves_adapter:
        if recipe.model.quantized:
            model = _dequantized(model, run)
        model = model.merge_and_unload(safe_merge=True)
        differences["merged"] = float((_logits(model, ids) - logits).abs().max())
        if not differences["merged"] <= _TOLERANCE * max(1.0, largest):
            raise ModelError(
                f"merging moves a logit by {differences['merged']:.1e}, more than rounding does: "
                "export without --merged"
            )
    if dtype not in (None, "float32"):
        model = model.to(getattr(torch, dtype))
        differences["cast"] = float((_logits(model, ids) - logits).abs().max())
    return model, differences


def _dequantized(model: "PreTrainedModel", run: Path) -> "PreTrainedModel":
    """Return the model of a run on weights that say in full what the quantized ones say.

    They are what the adapter was trained on; those that were quantized are not.
    """
    from peft import PeftModel

    base = model.unload().dequantize(dtype=model.dtype)
    return PeftModel.from_pretrained(base, run / ADAPTER)


def _logits(model: "PreTrainedModel", ids: "torch.Tensor") -> "torch.Tensor":
    import torch

    with torch.inference_mode():
        return model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.float()


def _generation(model: "PreTrainedModel", encoder: Encoder) -> None:
    """Let the model stop where an answer of the training ends."""
    config = model.generation_config
    config.eos_token_id = stop_ids(encoder, PROBES[0])
    config.pad_token_id = pad_id(encoder)


def _copy_adapter(source: Path, out: Path, recipe: Recipe) -> None:
    """Copy the adapter; what it names as its base can be found from anywhere on this machine."""
    for path in source.iterdir():
        shutil.copyfile(path, out / path.name)
    settle(out / "adapter_config.json", _base_name(recipe))


def _base_name(recipe: Recipe) -> str:
    """Return the base on the hub, or the full path of its folder."""
    name = locate(start_of(recipe.model).model.model_name_or_path)
    return str(Path(name).resolve()) if Path(name).is_dir() else name


def _loads_with(method: str) -> str:
    return "PEFT, after `import curate.tuning.bottleneck`," if method == "adapter" else "PEFT"


def _save_tokenizer(encoder: Encoder, chat_template: str | None, out: Path) -> None:
    tokenizer: Any = encoder.tokenizer
    was = tokenizer.chat_template
    try:
        tokenizer.chat_template = chat_template
        tokenizer.save_pretrained(out)
    finally:
        tokenizer.chat_template = was
