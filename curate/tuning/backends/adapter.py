"""Bottleneck adapters: h + scaling · up(act(down(h))), with the base frozen.

Sources: Houlsby et al. 2019, "Parameter-Efficient Transfer Learning for NLP", section 2;
Pfeiffer et al. 2020, "AdapterFusion", section 3; He et al. 2021, "Towards a Unified View of
Parameter-Efficient Transfer Learning", section 3.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from curate.errors import UsageError, clip
from curate.tuning.backends.base import Backend, task_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Adapter"]

_SIZE = 64
"""m where the recipe names neither width nor factor, as Houlsby et al. have it for BERT large."""


class Adapter(Backend):
    """Bottleneck adapters, a PEFT method of Curate's own; it starts as the base, bit for bit.

    Layer norms stay those of the base unless asked for: Houlsby et al. train them, but an adapter
    that changes nothing of the base can be switched off and combined with others exactly.
    """

    learning_rate: ClassVar[float] = 3e-4
    cannot_merge: ClassVar[str] = "an adapter is not linear, so no weight of the base can hold it"

    method: Literal["adapter"] = Field("adapter", description="The way to tune.")
    placement: Literal["houlsby", "pfeiffer", "parallel"] = Field(
        "houlsby",
        description="Behind attention and feed-forward, behind the feed-forward, or beside it.",
    )
    bottleneck_size: int | None = Field(
        None, ge=1, description="Width of the bottleneck; 64 where no reduction_factor is given."
    )
    reduction_factor: float | None = Field(
        None, ge=1, description="Instead: the model's width over that of the bottleneck."
    )
    non_linearity: str = Field("gelu", description="Activation, as transformers names it.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before it, in training.")
    scaling: float = Field(1.0, gt=0, description="Factor on what the adapter adds.")
    train_layer_norm: bool = Field(
        False, description="Also train a copy of the blocks' layer norms."
    )

    @model_validator(mode="after")
    def _one_width(self) -> "Adapter":
        if self.bottleneck_size is not None and self.reduction_factor is not None:
            raise PydanticCustomError(
                "refused", "backend: give bottleneck_size or reduction_factor, not both"
            )
        return self

    def attach(self, model: "PreTrainedModel", tokenizer: Any = None) -> "PreTrainedModel":  # noqa: ANN401
        """Return the model with adapters in every block; their projections up start at zero.

        Raises:
            UsageError: no such activation, or blocks in which the places cannot be found.
        """
        from peft import get_peft_model
        from transformers.activations import ACT2FN

        from curate.tuning.bottleneck import BottleneckConfig

        if self.non_linearity not in ACT2FN:
            raise UsageError(
                f"backend.non_linearity is {clip(self.non_linearity)}: no activation of "
                f"transformers; there are {', '.join(sorted(ACT2FN))}"
            )
        config = BottleneckConfig(
            task_type=task_of(model),
            bottleneck_size=self._size(model.config.get_text_config(decoder=True).hidden_size),
            **self.model_dump(exclude={"method", "bottleneck_size", "reduction_factor"}),
        )
        try:
            return get_peft_model(model, config)
        except ValueError as error:
            raise UsageError(
                f"backend.method is adapter: {model.config.model_type}: {clip(str(error), 300)}"
            ) from error

    def _size(self, hidden_size: int) -> int:
        if self.reduction_factor is not None:
            return max(1, int(hidden_size / self.reduction_factor))
        return self.bottleneck_size or _SIZE
