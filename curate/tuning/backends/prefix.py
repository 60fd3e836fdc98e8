"""Prefix tuning: trained keys and values in front of every layer's own, with the base frozen.

Source: Li & Liang 2021, "Prefix-Tuning: Optimizing Continuous Prompts for Generation", sections 4.1
and 4.3. Their reparameterisation is left out: what PEFT saves of it cannot be trained on.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from curate.errors import UsageError, clip
from curate.tuning.backends.base import Backend, task_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

__all__ = ["Prefix"]

_TEXT = (
    "You are a helpful assistant. Read the instruction with care, use the context if there is one, "
    "and write the response that completes the request: correct, complete and in plain words."
)


class Prefix(Backend):
    """Prefix tuning through PEFT; the prefix loads with plain PEFT."""

    learning_rate: ClassVar[float] = 5e-3
    cannot_merge: ClassVar[str] = (
        "a prefix is keys and values, so no weight of the base can hold it"
    )
    cannot_pack: ClassVar[str] = (
        "with a prefix the records of a row would see each other (transformers switches the "
        "separation off as soon as there is a cache)"
    )
    cannot_shard: ClassVar[str] = (
        "its virtual tokens are read outside the layers that put their shards together"
    )
    cannot_reward: ClassVar[str] = (
        "a head that gives numbers is no part of a prefix, and would not be trained"
    )
    held: ClassVar[Mapping[str, tuple[Any, str]]] = {
        "activation_checkpointing": (False, "it drops the prefix"),
        "gradient_checkpointing": (False, "it drops the prefix"),
        "router_aux_loss_coef": (0.0, "its mask knows nothing of the prefix"),
    }

    method: Literal["prefix"] = Field("prefix", description="The way to tune.")
    num_virtual_tokens: int = Field(30, ge=1, description="Length of the prefix.")
    init: Literal["text", "random"] = Field(
        "text", description="Start from what the model keeps of init_text, or from N(0, 1)."
    )
    init_text: str = Field(
        _TEXT, min_length=1, description="Text to start from; repeated where it is too short."
    )

    def attach(self, model: "PreTrainedModel", tokenizer: Any = None) -> "PreTrainedModel":  # noqa: ANN401
        """Return the model with a prefix; from a text it starts as if the text stood in front.

        Raises:
            UsageError: the model keeps no keys and values of one shape, or looks back over fewer
                tokens than the prefix has.
        """
        from peft import PrefixTuningConfig, get_peft_model

        from curate.tuning.backends.keys_values import KeysValues

        self._check_window(model)
        config = model.config.get_text_config(decoder=True)
        if hasattr(config, "router_aux_loss_coef"):
            config.router_aux_loss_coef = self.held["router_aux_loss_coef"][0]
        try:
            start = KeysValues(model, self._ids(tokenizer))
            tuned = get_peft_model(
                model,
                PrefixTuningConfig(
                    task_type=task_of(model),
                    num_virtual_tokens=self.num_virtual_tokens,
                    num_layers=start.layers,
                    num_attention_heads=start.heads,
                    token_dim=start.heads * start.head_size,
                ),
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise UsageError(
                f"backend.method is prefix: {config.model_type}: {clip(str(error), 300)}"
            ) from error
        weight = tuned.prompt_encoder["default"].embedding.weight
        self._fill(weight, start.rows.flatten(1), config.model_type)
        return tuned

    def _fill(self, weight: "torch.Tensor", rows: "torch.Tensor", model_type: str) -> None:
        import torch

        if weight.shape != rows.shape:
            raise UsageError(
                f"backend.method is prefix: {model_type} keeps {tuple(rows.shape)} numbers of the "
                f"prefix, PEFT makes {tuple(weight.shape)}"
            )
        if self.init == "text":
            with torch.no_grad():
                weight.copy_(rows)

    def _ids(self, tokenizer: Any) -> list[int]:  # noqa: ANN401
        """Return as many ids of the text as the prefix is long."""
        if self.init == "random":
            return [0] * self.num_virtual_tokens
        ids = list(tokenizer(self.init_text).input_ids)
        if not ids:
            raise UsageError(f"backend.init_text is {clip(self.init_text)}: it has no tokens")
        return (ids * -(-self.num_virtual_tokens // len(ids)))[: self.num_virtual_tokens]

    def _check_window(self, model: "PreTrainedModel") -> None:
        from curate.tuning.backends.keys_values import sliding_layers
        from curate.tuning.ranks import say

        count, window = sliding_layers(model)
        if not count:
            return
        if self.num_virtual_tokens >= window:
            raise UsageError(
                f"backend.num_virtual_tokens is {self.num_virtual_tokens}: {count} layers of the "
                f"model look back over {window} tokens, so the prefix has to be shorter"
            )
        say(
            f"warning: {count} layers of the model look back over {window} tokens: from token "
            f"{window - self.num_virtual_tokens + 1} on they see less of the prefix, from token "
            f"{window} on nothing"
        )
