"""What every trainer of TRL is watched by: losses by record, held-out records, what is finite."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from curate.errors import TrainingError, clip
from curate.prompts.encode import Example
from curate.tuning.losses import Loss, TrainingLosses
from curate.tuning.ranks import each_a_share

__all__ = ["Measure", "Parts", "Watching"]

_NAMED = 5  # records of a step that went wrong

Measure = Callable[[Any, Sequence[Example]], list[Loss]]
"""What gives the loss of each held-out record on a model."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a stage is trained with.

    Attributes:
        trainer: a class of TRL, watched.
        columns: of the rows that are trained on.
        measure: the loss of held-out records while it is trained.
        options: what else the class is given.
        settle: what is set on the trainer once it is made.

    """

    trainer: type
    columns: dict[str, list[Any]]
    measure: Measure
    options: dict[str, Any] = field(default_factory=dict)
    settle: Callable[[Any], None] = lambda _: None


class Watching:
    """Stands in front of a trainer of TRL.

    The loss that is trained on is TRL's own, untouched. Held-out records are measured as before and
    after training: every token weighs the same, and so does every pair.
    """

    def __init__(
        self, losses: TrainingLosses, measured: Sequence[Example], measure: Measure, **options: Any
    ) -> None:
        self.record_losses = losses
        self.measured = measured
        self.measure = measure
        super().__init__(**options)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure the held-out records."""
        trainer: Any = self
        if trainer.is_fsdp_enabled:  # processes with shards go through a model together
            found = self.measure(trainer.model, self.measured)
        else:
            found = each_a_share(self.measured, lambda some: self.measure(trainer.model, some))
        tokens = sum(loss.tokens for loss in found)
        metrics = {"eval_loss": sum(loss.total for loss in found) / max(tokens, 1)}
        trainer.log(metrics)
        told = trainer.args, trainer.state, trainer.control
        trainer.control = trainer.callback_handler.on_evaluate(*told, metrics)
        return metrics

    def watched(self, compute: Callable[[], Any]) -> tuple[Any, list[Any]]:
        """Return what is computed, and what the model gave each time that it was called."""
        outputs: list[Any] = []
        trainer: Any = self
        hook = trainer.model.register_forward_hook(lambda *call: outputs.append(call[-1]))
        try:
            return compute(), outputs
        finally:
            hook.remove()

    def note(self, losses: list[Loss], seen: int) -> None:
        """Take note of the losses of a batch, and of how many tokens it had.

        Raises:
            TrainingError: one is not finite.
        """
        self.record_losses.add(losses)
        self.record_losses.seen += seen
        if wild := self.record_losses.wild():
            self.stop("loss", wild)

    def note_each(self, records: Any, losses: Any) -> None:
        """Take note of the loss of each pair or answer, which stand first among the batch's rows.

        Args:
            records: number of the record that each token belongs to, [rows, seq]; below 0: none.
            losses: one a pair or an answer.

        """
        numbers = records[: len(losses), 0].tolist()
        found = [Loss(at, each, 1) for at, each in zip(numbers, losses.tolist(), strict=True)]
        self.note(found, int((records >= 0).sum()))

    def stop(self, what: str, records: Sequence[str]) -> None:
        """Raise TrainingError: something is not finite."""
        trainer: Any = self
        raise TrainingError(_not_finite(what, trainer.state.global_step, records))

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        trainer: Any = super()
        norm = trainer._get_grad_norm(model, grad_norm=grad_norm)
        # The scaler of float16 leaves out such a step and goes on with a smaller scale.
        halved = self.args.fp16  # type: ignore[attr-defined]
        if norm is not None and not math.isfinite(norm) and not halved:
            self.stop("gradient", self.record_losses.highest(_NAMED))
        return norm


def _not_finite(what: str, done: int, records: Sequence[str]) -> str:
    """Return which records to look at, and what else may be the reason."""
    more = f" and {len(records) - _NAMED} more" if len(records) > _NAMED else ""
    named = f"{clip(', '.join(records[:_NAMED]), 300)}{more}"
    of = "the highest losses have" if what == "gradient" else "that of"
    return (
        f"step {done + 1}: the {what} is not finite; {of} {named}. Look at these records; if "
        "nothing is odd about them, lower training.learning_rate, or raise training.warmup_steps"
    )
