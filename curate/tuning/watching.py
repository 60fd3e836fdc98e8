"""SFTTrainer, its loss also told by record."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curate.errors import TrainingError, clip
from curate.prompts.encode import Example
from curate.tuning.answers import losses_of
from curate.tuning.losses import TrainingLosses, record_losses
from curate.tuning.ranks import each_a_share

if TYPE_CHECKING:
    from trl import SFTTrainer

__all__ = ["make_watched"]

_NAMED = 5  # records of a step that went wrong


def make_watched() -> type["SFTTrainer"]:
    """Return a class whose batches say whose each token is, and which notes the losses.

    Held-out records are measured as before and after training: every token weighs the same.

    The loss that is trained on is TRL's own, untouched.
    """
    from trl import SFTTrainer

    class Watched(SFTTrainer):  # type: ignore[misc]
        def __init__(
            self, losses: TrainingLosses, measured: Sequence[Example], **options: Any
        ) -> None:
            self.record_losses = losses
            self.measured = measured
            super().__init__(**options)

        def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
            pad = self.data_collator.pad
            if self.is_fsdp_enabled:  # processes with shards go through a model together
                found = losses_of(self.model, self.measured, pad=pad)
            else:
                found = each_a_share(
                    self.measured, lambda some: losses_of(self.model, some, pad=pad)
                )
            tokens = sum(loss.tokens for loss in found)
            metrics = {"eval_loss": sum(loss.total for loss in found) / max(tokens, 1)}
            self.log(metrics)
            told = self.args, self.state, self.control  # type: ignore[has-type]
            self.control = self.callback_handler.on_evaluate(*told, metrics)
            return metrics

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], *rest: Any, **options: Any
        ) -> Any:
            records = inputs.pop("records")
            outputs: list[Any] = []
            hook = self.model.register_forward_hook(lambda *call: outputs.append(call[-1]))
            try:
                loss = super().compute_loss(model, inputs, *rest, **options)
            finally:
                hook.remove()
            losses = -outputs[-1].log_probs.detach()
            self.record_losses.add(record_losses(losses, inputs["labels"], records))
            self.record_losses.seen += int((records >= 0).sum())
            if wild := self.record_losses.wild():
                raise TrainingError(_not_finite("loss", self.state.global_step, wild))
            return loss

        def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
            norm = super()._get_grad_norm(model, grad_norm=grad_norm)
            # The scaler of float16 leaves out such a step and goes on with a smaller scale.
            if norm is not None and not math.isfinite(norm) and not self.args.fp16:
                highest = self.record_losses.highest(_NAMED)
                raise TrainingError(_not_finite("gradient", self.state.global_step, highest))
            return norm

    return Watched


def _not_finite(what: str, done: int, records: Sequence[str]) -> str:
    """Return which records to look at, and what else may be the reason."""
    more = f" and {len(records) - _NAMED} more" if len(records) > _NAMED else ""
    named = f"{clip(', '.join(records[:_NAMED]), 300)}{more}"
    of = "that of" if what == "loss" else "the highest losses have"
    return (
        f"step {done + 1}: the {what} is not finite; {of} {named}. Look at these records; if "
        "nothing is odd about them, lower training.learning_rate, or raise training.warmup_steps"
    )
