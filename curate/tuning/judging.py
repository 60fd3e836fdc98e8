"""What a reward model makes of answers: a number each."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from curate.prompts.encode import Example
from curate.tuning.answers import BATCH
from curate.tuning.collating import Collator, rows_of
from curate.tuning.losses import Loss

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["pair_loss", "reward_losses", "reward_margins", "scores_of"]


def scores_of(model: "PreTrainedModel", examples: Sequence[Example], *, pad: int) -> list[float]:
    """Return the number that a reward model gives each example, in order."""
    import torch

    scores: list[float] = []
    collate = Collator(pad)
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(examples), BATCH):
            some = examples[start : start + BATCH]
            columns = rows_of(some, [[place] for place in range(len(some))])
            batch = collate([{k: v[at] for k, v in columns.items()} for at in range(len(some))])
            given = {k: batch[k].to(model.device) for k in ("input_ids", "attention_mask")}
            scores += model(**given, use_cache=False).logits[:, 0].double().tolist()
    return scores


def reward_margins(model: "PreTrainedModel", pairs: Sequence[Example], *, pad: int) -> list[float]:
    """Return how much more the chosen answer of each pair gets than the rejected one."""
    worse = [pair.rejected for pair in pairs if pair.rejected is not None]
    sides = [scores_of(model, side, pad=pad) for side in (pairs, worse)]
    return [better - other for better, other in zip(*sides, strict=True)]


def reward_losses(model: "PreTrainedModel", pairs: Sequence[Example], *, pad: int) -> list[Loss]:
    """Return the loss of each pair, in order; each counts as one token."""
    margins = reward_margins(model, pairs, pad=pad)
    return [Loss(at, pair_loss(margin), 1) for at, margin in enumerate(margins)]


def pair_loss(margin: float) -> float:
    """Return -log sigmoid: the loss of a pair by Bradley & Terry.

    >>> round(pair_loss(0.0), 4), round(pair_loss(-100.0), 4), pair_loss(800.0)
    (0.6931, 100.0, 0.0)
    """
    return math.log1p(math.exp(-abs(margin))) + max(-margin, 0.0)
