"""Loss by record and by source: the records' numbers travel with the tokens."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curate.prompts.encode import IGNORE_INDEX
from curate.tuning.ranks import gather

if TYPE_CHECKING:
    import torch

__all__ = ["Loss", "TrainingLosses", "by_source", "record_losses"]


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of one record.

    Attributes:
        record: number of the record among the examples.
        total: sum over its loss-bearing tokens, in nats.
        tokens: how many there are.

    """

    record: int
    total: float
    tokens: int

    @property
    def mean(self) -> float:
        """Nats per token."""
        return self.total / max(self.tokens, 1)


def record_losses(
    losses: "torch.Tensor", labels: "torch.Tensor", records: "torch.Tensor"
) -> list[Loss]:
    """Return the loss of each record in a batch, by number.

    Args:
        losses: loss of each predicted token, [batch, seq - 1]; columns that a method puts in
            front, such as virtual tokens, are passed over.
        labels: labels of the tokens, [batch, seq].
        records: number of the record that each token belongs to, [batch, seq].

    """
    import torch

    taken = labels[:, 1:] != IGNORE_INDEX
    numbers, places = torch.unique(records[:, 1:][taken], return_inverse=True)
    found = losses[:, -taken.shape[1] :][taken].double()
    totals = torch.zeros(len(numbers), dtype=torch.float64, device=found.device)
    totals.index_add_(0, places, found)
    counts = torch.bincount(places, minlength=len(numbers))
    rows = zip(numbers.tolist(), totals.tolist(), counts.tolist(), strict=True)
    return [Loss(*row) for row in rows]


def by_source(losses: Iterable[Loss], sources: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return records, tokens and mean loss of each source, by name; every token weighs the same.

    >>> by_source([Loss(0, 3.0, 2), Loss(1, 1.0, 2), Loss(2, 1.0, 1)], ["a", "a", "b"])
    {'a': {'records': 2, 'tokens': 4, 'loss': 1.0}, 'b': {'records': 1, 'tokens': 1, 'loss': 1.0}}
    """
    found: dict[str, list[Loss]] = {}
    for loss in losses:
        found.setdefault(sources[loss.record], []).append(loss)
    return {name: {"records": len(found[name]), **_mean(found[name])} for name in sorted(found)}


def _mean(losses: Sequence[Loss]) -> dict[str, Any]:
    tokens = sum(loss.tokens for loss in losses)
    total = sum(loss.total for loss in losses)
    return {"tokens": tokens, "loss": round(total / max(tokens, 1), 6)}


class TrainingLosses:
    """The losses of training as they come, by step and since they were last asked for.

    `of` is what each is the mean of: tokens, pairs, or answers to a prompt.

    Attributes:
        what: what the numbers are called, `loss` or `reward`.
        seen: tokens of all batches in this process, padding aside.
        stopped: whether the person at the terminal has asked the run to stop.

    """

    def __init__(
        self, ids: Sequence[str], sources: Sequence[str], *, of: str = "tokens", what: str = "loss"
    ) -> None:
        self.what = what
        self._of = of
        self._ids = ids
        self._sources = sources
        self.seen = 0
        self.stopped = False
        self._step: list[Loss] = []
        self._window: list[Loss] = []

    def add(self, losses: list[Loss]) -> None:
        """Take in the losses of a batch."""
        self._step += losses

    def wild(self) -> list[str]:
        """Return the ids of the records of this step whose loss is not finite."""
        return [self._ids[loss.record] for loss in self._step if not math.isfinite(loss.total)]

    def highest(self, most: int) -> list[str]:
        """Return the ids of the records of this step with the highest losses, and what they are."""
        worst = sorted(self._step, key=lambda loss: -loss.mean)[:most]
        return [f"{self._ids[loss.record]} ({loss.mean:.3g})" for loss in worst]

    def take_step(self, step: int) -> list[dict[str, Any]]:
        """Return a line for each record of the step that ends, in whichever process it was."""
        done, self._step = gather(self._step), []
        self._window += done
        return [
            {"step": step, "id": self._ids[loss.record], self._of: loss.tokens,
             self.what: round(loss.mean, 6)}
            for loss in done
        ]  # fmt: skip

    def take_sources(self) -> dict[str, float]:
        """Return the mean of each source in the steps since the last call."""
        done, self._window = self._window, []
        return {name: said["loss"] for name, said in by_source(done, self._sources).items()}
