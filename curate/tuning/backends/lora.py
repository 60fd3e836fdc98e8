"""LoRA: W' = W + (lora_alpha / r) · B A, with W frozen, A of shape [r, in] and B of [out, r].

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1.
"""

import re
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from curate.errors import UsageError, clip
from curate.tuning.backends.base import Backend, task_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Lora"]


class Lora(Backend):
    """Low-rank adaptation through PEFT; the adapter loads with plain PEFT."""

    learning_rate: ClassVar[float] = 2e-4

    method: Literal["lora"] = Field("lora", description="The way to tune.")
    r: int = Field(16, ge=1, description="Rank of the update.")
    lora_alpha: float = Field(32, gt=0, description="Scale of the update; it is divided by r.")
    lora_dropout: float = Field(0.05, ge=0, lt=1, description="Dropout before A, in training.")
    target_modules: str | list[str] = Field(
        "all-linear",
        description="`all-linear`, `attention`, names of modules, or one regular expression.",
    )
    use_dora: bool = Field(False, description="Split magnitude and direction (Liu et al. 2024).")
    use_rslora: bool = Field(False, description="Scale by 1/sqrt(r) (Kalajdzievski 2023).")

    init: Literal["default", "gaussian", "orthogonal", "pissa", "olora"] = Field(
        "default", description="How A and B start, as PEFT names it; default has B = 0."
    )

    @property
    def cannot_quantize(self) -> str:
        """Some ways to start take the weights apart."""
        if self.init in ("default", "gaussian"):
            return ""
        return f"backend.init is {self.init}, which changes the weights; use default or gaussian"

    def attach(self, model: "PreTrainedModel", tokenizer: Any = None) -> "PreTrainedModel":  # noqa: ANN401
        """Return the model wrapped by PEFT; with B at zero nothing changes at first.

        Raises:
            UsageError: the model has no modules that `target_modules` names, or has experts, for
                which there is no dropout.
        """
        from peft import LoraConfig, get_peft_model
        from transformers.pytorch_utils import Conv1D

        if self.init == "olora" and any(isinstance(m, Conv1D) for m in model.modules()):
            raise UsageError(
                f"backend.init is olora: the weights of {model.config.model_type} lie transposed, "
                "which PEFT does not heed there; use another, e.g. pissa"
            )
        options = self.model_dump(exclude={"method", "init", "target_modules"})
        try:
            config = LoraConfig(
                task_type=task_of(model),
                init_lora_weights=True if self.init == "default" else self.init,
                **self._targets(model),
                **options,
            )
            if config.target_parameters and self.lora_dropout:
                raise UsageError(
                    f"backend.lora_dropout is {self.lora_dropout}: the experts of "
                    f"{model.config.model_type} are trained without; set it to 0"
                )
            return get_peft_model(model, config)
        except (ValueError, re.error) as error:
            raise UsageError(
                f"backend.target_modules is {clip(self.target_modules)}: {clip(str(error), 200)}"
            ) from error

    def _targets(self, model: "PreTrainedModel") -> dict[str, str | list[str]]:
        """Return what PEFT is to adapt.

        Of a mixture of experts PEFT's own `all-linear` takes the router too.
        """
        from curate.tuning.places import condensed, find_experts, find_linear, find_places

        if self.target_modules == "attention":
            return {"target_modules": condensed(model, find_places(model).projections)}
        experts = find_experts(model)
        if self.target_modules != "all-linear" or not experts:
            return {"target_modules": self.target_modules}
        return {
            "target_modules": condensed(model, find_linear(model)),
            "target_parameters": condensed(model, experts),
        }
