"""SFTTrainer, its loss also told by record."""

from typing import TYPE_CHECKING, Any

from curate.tuning.losses import TrainingLosses, record_losses

if TYPE_CHECKING:
    from trl import SFTTrainer

__all__ = ["make_watched"]


def make_watched() -> type["SFTTrainer"]:
    """Return a class whose batches say whose each token is, and which notes the losses.

    The loss that is trained on is TRL's own, untouched.
    """
    from trl import SFTTrainer

    class Watched(SFTTrainer):  # type: ignore[misc]
        def __init__(self, losses: TrainingLosses, **options: Any) -> None:
            self.record_losses = losses
            super().__init__(**options)

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
            return loss

    return Watched
