"""LoRA: W' = W + (lora_alpha / r) · B A, with W frozen, A of shape [r, in] and B of [out, r].

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1.
"""

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from curate.errors import UsageError, clip
from curate.tuning.backends.base import Backend

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
        "all-linear", description="`all-linear`, names of modules, or one regular expression."
    )
    use_dora: bool = Field(False, description="Split magnitude and direction (Liu et al. 2024).")
    use_rslora: bool = Field(False, description="Scale by 1/sqrt(r) (Kalajdzievski 2023).")

    def attach(self, model: "PreTrainedModel") -> "PreTrainedModel":
        """Return the model wrapped by PEFT; B starts at zero, so that nothing changes at first.

        Raises:
            UsageError: the model has no modules that `target_modules` names.
        """
        from peft import LoraConfig, get_peft_model

        options = self.model_dump(exclude={"method"})
        try:
            return get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
        except (ValueError, re.error) as error:
            raise UsageError(
                f"backend.target_modules is {clip(self.target_modules)}: {clip(str(error), 200)}"
            ) from error
