"""Full fine-tuning: every weight."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from curate.tuning.backends.base import Backend

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Full"]


class Full(Backend):
    """Every weight is trained; what is saved is a model that loads with plain transformers."""

    learning_rate: ClassVar[float] = 2e-5
    saves_adapter: ClassVar[bool] = False

    method: Literal["full"] = Field("full", description="The way to tune.")

    @property
    def cannot_quantize(self) -> str:
        """Integers have no gradients."""
        return "backend.method is full, and quantized weights cannot be trained"

    def attach(self, model: "PreTrainedModel", tokenizer: Any = None) -> "PreTrainedModel":  # noqa: ANN401
        """Return the model itself, ready to be trained."""
        return model.requires_grad_(True)
