"""What a backend is: frozen settings that attach to a model."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Backend", "task_of"]


def task_of(model: "PreTrainedModel") -> str:
    """Return what PEFT calls the task of a model: to go on with a text, or to judge it."""
    judges = type(model).__name__.endswith("ForSequenceClassification")
    return "SEQ_CLS" if judges else "CAUSAL_LM"


class Backend(BaseModel, ABC):
    """Settings of one method; `method` is its name in recipes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: ClassVar[float]
    """Learning rate where the recipe names none."""

    cannot_pack: ClassVar[str] = ""
    """Why several records cannot share a row; empty where they can."""

    cannot_merge: ClassVar[str] = ""
    """Why what was trained cannot be folded into the weights; empty where it can."""

    cannot_shard: ClassVar[str] = ""
    """Why the weights cannot lie in shards on several devices; empty where they can."""

    cannot_reward: ClassVar[str] = ""
    """Why no reward model can be made with it; empty where one can."""

    held: ClassVar[Mapping[str, tuple[Any, str]]] = {}
    """Fields of SFTConfig that the method holds at a value, each with the reason."""

    saves_adapter: ClassVar[bool] = True
    """Whether what was trained is saved beside the base model; else it is a model of its own."""

    method: str

    @property
    def cannot_quantize(self) -> str:
        """Why the weights of the base cannot be quantized; empty where they can."""
        return ""

    @property
    def leaves_base(self) -> bool:
        """Whether the model is the base as soon as what is attached is switched off.

        Where it is not, the weights of the base are changed, so they cannot be quantized either.
        """
        return not self.cannot_quantize

    @abstractmethod
    def attach(self, model: "PreTrainedModel", tokenizer: Any = None) -> "PreTrainedModel":  # noqa: ANN401
        """Return the model with what is to be trained attached and everything else frozen.

        Raises:
            UsageError: the method cannot be used on the model with these settings.
        """
