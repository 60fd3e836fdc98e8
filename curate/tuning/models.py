"""Find and load the base model, and say which one it was."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import ModelError, clip
from curate.prompts.tokenizer import TINY
from curate.recipe import ModelSettings
from curate.shipped import shipped
from curate.tuning.starting import start_of

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

__all__ = ["identify_model", "load_config", "load_model", "locate", "require_tuning",
           "weights_dtype"]  # fmt: skip

_SMALL = 10_000_000  # parameters


def require_tuning() -> None:
    """Raise ModelError, with what to install, unless the packages for tuning are there."""
    from importlib.util import find_spec

    missing = [
        n
        for n in ("torch", "transformers", "peft", "trl", "accelerate", "rapidfuzz")
        if not find_spec(n)
    ]
    if missing:
        raise ModelError(
            f"{', '.join(missing)} not installed: tuning needs `pip install 'curate[tune]'`"
        )


def weights_dtype(
    settings: ModelSettings, saved: "torch.dtype | None", *, whole: bool, gpu: bool
) -> "torch.dtype":
    """Return the type of the weights in memory.

    Half precision trains badly, and slower, on a CPU. Where the weights themselves are trained most
    steps are too small for it on a GPU too. float16 has too small a range to train through.

    Args:
        settings: of the model; what they say holds.
        saved: the type that the model was saved in.
        whole: whether every weight is trained.
        gpu: whether it will be on one.

    """
    import torch

    if settings.dtype != "auto":
        return getattr(torch, settings.dtype)
    if whole or not gpu or saved is None:
        return torch.float32
    return torch.bfloat16 if saved is torch.float16 else saved


def load_model(
    settings: ModelSettings, *, whole: bool = False, reward: bool = False
) -> "PreTrainedModel":
    """Return the base model, from safetensors only and without code from the hub.

    Args:
        settings: of the model.
        whole: whether every weight is to be trained.
        reward: whether in place of the next token it is to give a number; that is 0 at first, if
            what is loaded has no such head.

    Raises:
        ModelError: it cannot be found or loaded, or quantized.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    settings = start_of(settings).model
    gpu = torch.cuda.is_available()
    device = "cuda" if gpu else "cpu"
    dtype = weights_dtype(settings, load_config(settings).dtype, whole=whole, gpu=gpu)
    options = {}
    if settings.quantized:
        options = _quantization(settings, dtype, device, reward=reward)
    loader = AutoModelForSequenceClassification if reward else AutoModelForCausalLM
    if reward:
        options["num_labels"] = 1
    try:
        model, found = loader.from_pretrained(
            locate(settings.model_name_or_path),
            revision=settings.model_revision,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **options,
        )
    except Exception as error:  # whatever a damaged file makes of transformers and safetensors
        raise ModelError(
            f"{settings.model_name_or_path}: cannot be loaded: {_first(error)}"
        ) from error
    if reward:
        _start_at_zero(model, found["missing_keys"])
    if not gpu and model.num_parameters() < _SMALL:
        # Threads cost such a model more than they give, and on a busy machine many times over;
        # one thread also sums in the same order everywhere.
        torch.set_num_threads(1)
    if not settings.quantized:
        return model.to(device)
    for module in model.modules():
        # bitsandbytes repacks weights for some CPUs between training and answering; then a width
        # that is no multiple of 64 fails, and what is computed depends on the machine.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return model


def _start_at_zero(model: "PreTrainedModel", missing: Iterable[str]) -> None:
    """Let a head that was not loaded give 0 for everything: it prefers nothing."""
    import torch

    with torch.no_grad():
        for name in missing:
            if name.startswith(f"{model.base_model_prefix}."):
                raise ModelError(f"{model.name_or_path}: has no weights {clip(name)}")
            model.get_parameter(name).zero_()


def _quantization(
    settings: ModelSettings, dtype: "torch.dtype", device: str, *, reward: bool
) -> dict[str, Any]:
    """Return what makes transformers quantize a model as it is loaded.

    Four bits as in Dettmers et al. 2023, QLoRA, section 3: NF4, the constants quantized too.
    """
    from importlib.util import find_spec

    import torch
    from transformers import BitsAndBytesConfig

    if not find_spec("bitsandbytes"):
        raise ModelError(
            f"model.{settings.quantized} needs bitsandbytes: `pip install 'curate[quantize]'`"
        )
    heads = {"llm_int8_skip_modules": ["score"]} if reward else {}
    if settings.load_in_8bit:
        config = BitsAndBytesConfig(load_in_8bit=True, **heads)
    else:
        config = BitsAndBytesConfig(
            **heads,
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    index = torch.cuda.current_device() if device == "cuda" else device
    return {"quantization_config": config, "device_map": {"": index}}


def load_config(settings: ModelSettings) -> "PretrainedConfig":
    """Return the configuration of the base model, without its weights.

    Raises:
        ModelError: it cannot be found.
    """
    from transformers import AutoConfig

    settings = start_of(settings).model
    name = settings.model_name_or_path
    try:
        return AutoConfig.from_pretrained(
            locate(name), revision=settings.model_revision, trust_remote_code=False
        )
    except Exception as error:  # whatever a damaged file makes of transformers
        raise ModelError(f"{name}: cannot be found: {_first(error)}") from error


def identify_model(settings: ModelSettings, config: "PretrainedConfig") -> dict[str, Any]:
    """Return name, revision and, for local weights, their SHA-256; of a run its adapter's too."""
    start = start_of(settings)
    settings = start.model
    folder = Path(locate(settings.model_name_or_path))
    weights = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    digest = hashlib.sha256()
    for path in weights:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return {
        "name": settings.model_name_or_path,
        "revision": settings.model_revision or getattr(config, "_commit_hash", None),
        "sha256": digest.hexdigest() if weights else None,
        **start.identity(),
    }


def locate(model: str) -> str:
    """Return where a model lies: the folder of `tiny`, else the name as it is."""
    return str(shipped("data", "tiny")) if model == TINY else model


def _first(error: Exception) -> str:
    return clip(str(error).strip().partition("\n")[0], 300)
