"""What a model does on held-out records: loss, pairs told apart, and answers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from curate.dataset import read_records
from curate.prompts.encode import Encoder, Example
from curate.prompts.stages import for_measuring
from curate.recipe import Recipe
from curate.records import Record
from curate.sources import Reader, resolve
from curate.tuning.answers import (
    Answer,
    Other,
    answer,
    distances,
    exact_match,
    losses_of,
    pad_id,
    sample,
)
from curate.tuning.judging import pair_loss, reward_margins
from curate.tuning.losses import Loss, by_source
from curate.tuning.ranks import each_a_share
from curate.tuning.rewards import Reward
from curate.tuning.scoring import draws, interval, rouge_l

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel

__all__ = ["REWARD", "Measurement", "held_out", "measure", "measure_pairs", "perplexity",
           "spread"]  # fmt: skip

REWARD = "reward:"
"""What the metric of a reward begins with."""

Item = TypeVar("Item")
_INFINITE = 709  # e to more than this is no number


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a model does on the held-out records; `losses` has a line for each.

    `scores` are those of the answers, by reward. `drawn_answers` are what it would answer with
    chance: how far the model is from another in each, in nats, and the loss and the number of
    tokens that each has to that other.
    """

    metrics: dict[str, Any]
    answers: list[Answer] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    losses: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, list[float]] = field(default_factory=dict)
    drawn_answers: list[tuple[float, float, int]] = field(default_factory=list)

    def drawn(self) -> "dict[str, np.ndarray]":
        """Return each metric as it is with records drawn anew."""
        import numpy as np

        found: dict[str, np.ndarray] = {}
        if self.losses:
            losses, tokens = ([line[key] for line in self.losses] for key in ("loss", "tokens"))
            found["loss"] = draws(losses, tokens)
            if "perplexity" in self.metrics:
                with np.errstate(over="ignore"):
                    found["perplexity"] = np.exp(found["loss"])
        if margins := [line["margin"] for line in self.losses if "margin" in line]:
            found["accuracy"] = draws([_right(margin) for margin in margins])
            found["margin"] = draws(margins)
        if self.answers:
            found["exact_match"] = draws([each.is_exact for each in self.answers])
            found["rouge_l"] = draws([rouge_l(each.expected, each.text) for each in self.answers])
        for name, scores in self.scores.items():
            found[f"{REWARD}{name}"] = draws(scores)
        if self.drawn_answers:
            far, means, counts = zip(*self.drawn_answers, strict=True)
            found["kl"] = draws(far)
            with np.errstate(over="ignore"):
                found["start_perplexity"] = np.exp(draws(means, counts))
        return found


def held_out(recipe: Recipe) -> list[Record]:
    """Return the records to measure on: those of the recipe's source, or the validation split."""
    source = recipe.evaluation.dataset
    if source is None:
        read = (r for _, r in read_records(Path(recipe.data.dataset), ["validation"]))
        return list(for_measuring(recipe.stage, read, recipe.data.dataset))
    rows = (item for found in resolve([source]) for item in Reader(found))
    records = (row for row in rows if isinstance(row, Record))
    return list(for_measuring(recipe.stage, records, source))


def measure(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], *, generate: int,
    max_new_tokens: int, rewards: Sequence[Reward] = (), other: Other | None = None,
) -> Measurement:  # fmt: skip
    """Return the loss on every record that fits, and answers to `generate` of them.

    Those are spread evenly over all. Of a pair it is the loss of the chosen answer; which of the
    two is likelier is told beside.

    Args:
        model: that answers.
        encoder: of its training.
        records: to measure on.
        generate: how many are answered.
        max_new_tokens: longest answer, in tokens.
        rewards: what scores the answers.
        other: gives the model that this one is compared with in answers drawn with chance.

    """
    if not records:
        return Measurement({})
    encoded = zip(records, encoder.encode_all(records), strict=True)
    fitting = [(record, item) for record, item in encoded if isinstance(item, Example)]
    examples = [example for _, example in fitting]
    some = spread(fitting, generate)
    asked = [record for record, _ in some]
    answers = each_a_share(
        asked, lambda some: answer(model, encoder, some, max_new_tokens=max_new_tokens)
    )
    pad = pad_id(encoder)
    found = each_a_share(examples, lambda some: losses_of(model, some, pad=pad))
    losses = [replace(loss, record=place) for place, loss in enumerate(found)]
    pairs = [(at, e.rejected) for at, e in enumerate(examples) if e.rejected is not None]
    worse = each_a_share([side for _, side in pairs], lambda some: losses_of(model, some, pad=pad))
    margins = {at: low.total - losses[at].total for (at, _), low in zip(pairs, worse, strict=True)}
    total, tokens = sum(loss.total for loss in losses), sum(loss.tokens for loss in losses)
    loss = round(total / max(tokens, 1), 6)
    metrics: dict[str, Any] = {
        "records": len(examples),
        "over_length": len(records) - len(examples),
        "loss": loss,
        "perplexity": perplexity(loss),
        "loss_by_source": by_source(losses, [record.source for record, _ in fitting]),
        **_told_apart([*margins.values()]),
    }
    if answers:
        similar = [rouge_l(each.expected, each.text) for each in answers]
        metrics |= {
            "asked": len(answers),
            "exact_match": round(exact_match(answers), 6),
            "rouge_l": round(sum(similar) / len(similar), 6),
        }
    texts = [each.text for each in answers]
    scores = {reward.name: reward(asked, texts) for reward in rewards} if asked else {}
    for name, each in scores.items():
        metrics[f"{REWARD}{name}"] = round(sum(each) / len(each), 6)
    drawn = _drawn(model, other, encoder, asked, max_new_tokens) if other and asked else []
    if drawn:
        metrics["kl"] = round(sum(far for far, _, _ in drawn) / len(drawn), 6)
        total = sum(loss * count for _, loss, count in drawn)
        metrics["start_perplexity"] = perplexity(total / sum(count for *_, count in drawn))
    return _with_intervals(
        Measurement(
            metrics,
            answers,
            [example.prompt for _, example in some],
            _lines(fitting, losses, margins),
            scores,
            drawn,
        )
    )


def measure_pairs(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record]
) -> Measurement:
    """Return how a reward model tells apart the answers of every pair that fits."""
    if not records:
        return Measurement({})
    encoded = zip(records, encoder.encode_all(records), strict=True)
    fitting = [(record, item) for record, item in encoded if isinstance(item, Example)]
    pad = pad_id(encoder)
    found = each_a_share(
        [example for _, example in fitting], lambda some: reward_margins(model, some, pad=pad)
    )
    losses = [Loss(at, pair_loss(margin), 1) for at, margin in enumerate(found)]
    metrics: dict[str, Any] = {
        "records": len(fitting),
        "over_length": len(records) - len(fitting),
        "loss": round(sum(loss.total for loss in losses) / max(len(losses), 1), 6),
        "loss_by_source": by_source(losses, [record.source for record, _ in fitting]),
        **_told_apart(found),
    }
    lines = _lines(fitting, losses, dict(enumerate(found)))
    return _with_intervals(Measurement(metrics, losses=lines))


def _told_apart(margins: Sequence[float]) -> dict[str, Any]:
    """Return in how many pairs the chosen answer has more, and by how much; nothing of no pairs."""
    if not margins:
        return {}
    return {
        "pairs": len(margins),
        "accuracy": round(sum(map(_right, margins)) / len(margins), 6),
        "margin": round(sum(margins) / len(margins), 6),
    }


def _right(margin: float) -> float:
    """Return 1 for a pair that is told apart, and a half for one that is not told apart at all."""
    return 0.5 if margin == 0 else float(margin > 0)


def _lines(
    fitting: Sequence[tuple[Record, Example]],
    losses: Sequence[Loss],
    margins: Mapping[int, float],
) -> list[dict[str, Any]]:
    return [
        {
            "id": example.id, "source": record.source, "tokens": loss.tokens,
            "loss": round(loss.mean, 6),
            **({"margin": round(margins[at], 6)} if at in margins else {}),
        }
        for at, ((record, example), loss) in enumerate(zip(fitting, losses, strict=True))
    ]  # fmt: skip


def _with_intervals(measured: Measurement) -> Measurement:
    drawn = measured.drawn()
    measured.metrics["intervals"] = {name: interval(each) for name, each in drawn.items()}
    return measured


def _drawn(
    model: "PreTrainedModel", other: Other, encoder: Encoder, records: Sequence[Record], most: int
) -> list[tuple[float, float, int]]:
    """Return of a drawn answer to each record: how far the other is, its loss to it, its tokens."""
    said = sample(model, encoder, records, max_new_tokens=most)
    found = distances(model, other, said, pad=pad_id(encoder))
    return [(far, loss.mean, loss.tokens) for far, loss in found]


def perplexity(loss: float) -> float:
    """Return e to the loss: of how many tokens a model is in doubt.

    >>> perplexity(0.0), perplexity(1000.0)
    (1.0, inf)
    """
    return round(math.exp(loss), 6) if loss < _INFINITE else math.inf


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most so many of the items, evenly from all of them.

    >>> spread("abcdefgh", 3), spread("ab", 3), spread("ab", 0)
    (['a', 'c', 'f'], ['a', 'b'], [])
    """
    size = min(most, len(items))
    return [items[at * len(items) // size] for at in range(size)]
