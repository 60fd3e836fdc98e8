"""What a backend is: frozen settings that attach to a model."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Backend"]


class Backend(BaseModel, ABC):
    """Settings of one method; `method` is its name in recipes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: ClassVar[float]
    """Learning rate where the recipe names none."""

    method: str

    @abstractmethod
    def attach(self, model: "PreTrainedModel") -> "PreTrainedModel":
        """Return the model with what is to be trained attached and everything else frozen."""
