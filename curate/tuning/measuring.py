"""What a model does on held-out records: loss, and answers that are the expected ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from curate.dataset import read_records
from curate.prompts.encode import Encoder, Example
from curate.prompts.stages import for_stage
from curate.recipe import Recipe
from curate.records import Record
from curate.sources import Reader, resolve
from curate.tuning.answers import Answer, answer, exact_match, losses_of, pad_id
from curate.tuning.losses import by_source
from curate.tuning.ranks import each_a_share
from curate.tuning.scoring import draws, interval, rouge_l

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel

__all__ = ["Measurement", "held_out", "measure", "perplexity", "spread"]

Item = TypeVar("Item")
_INFINITE = 709  # e to more than this is no number


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a model does on the held-out records; `losses` has a line for each."""

    metrics: dict[str, Any]
    answers: list[Answer]
    prompts: list[str]
    losses: list[dict[str, Any]]

    def drawn(self) -> "dict[str, np.ndarray]":
        """Return each metric as it is with records drawn anew."""
        import numpy as np

        found: dict[str, np.ndarray] = {}
        if self.losses:
            losses, tokens = ([line[key] for line in self.losses] for key in ("loss", "tokens"))
            found["loss"] = draws(losses, tokens)
            with np.errstate(over="ignore"):
                found["perplexity"] = np.exp(found["loss"])
        if self.answers:
            found["exact_match"] = draws([each.is_exact for each in self.answers])
            found["rouge_l"] = draws([rouge_l(each.expected, each.text) for each in self.answers])
        return found


def held_out(recipe: Recipe) -> list[Record]:
    """Return the records to measure on: those of the recipe's source, or the validation split."""
    source = recipe.evaluation.dataset
    if source is None:
        read = (r for _, r in read_records(Path(recipe.data.dataset), ["validation"]))
        return list(for_stage("sft", read, recipe.data.dataset))
    rows = (item for found in resolve([source]) for item in Reader(found))
    return list(for_stage("sft", (row for row in rows if isinstance(row, Record)), source))


def measure(
    model: "PreTrainedModel", encoder: Encoder, records: Sequence[Record], *, generate: int,
    max_new_tokens: int,
) -> Measurement:  # fmt: skip
    """Return the loss on every record that fits, and answers to `generate` of them.

    Those are spread evenly over all.
    """
    if not records:
        return Measurement({}, [], [], [])
    encoded = zip(records, encoder.encode_all(records), strict=True)
    fitting = [(record, item) for record, item in encoded if isinstance(item, Example)]
    examples = [example for _, example in fitting]
    asked = spread(fitting, generate)
    answers = each_a_share(
        [record for record, _ in asked],
        lambda some: answer(model, encoder, some, max_new_tokens=max_new_tokens),
    )
    found = each_a_share(examples, lambda some: losses_of(model, some, pad=pad_id(encoder)))
    losses = [replace(loss, record=place) for place, loss in enumerate(found)]
    sources = [record.source for record, _ in fitting]
    total, tokens = sum(loss.total for loss in losses), sum(loss.tokens for loss in losses)
    loss = round(total / max(tokens, 1), 6)
    metrics: dict[str, Any] = {
        "records": len(examples),
        "over_length": len(records) - len(examples),
        "loss": loss,
        "perplexity": perplexity(loss),
        "loss_by_source": by_source(losses, sources),
    }
    if answers:
        similar = [rouge_l(each.expected, each.text) for each in answers]
        metrics |= {
            "asked": len(answers),
            "exact_match": round(exact_match(answers), 6),
            "rouge_l": round(sum(similar) / len(similar), 6),
        }
    lines = [
        {"id": examples[loss.record].id, "source": sources[loss.record], "tokens": loss.tokens,
         "loss": round(loss.mean, 6)}
        for loss in losses
    ]  # fmt: skip
    measured = Measurement(metrics, answers, [example.prompt for _, example in asked], lines)
    metrics["intervals"] = {name: interval(drawn) for name, drawn in measured.drawn().items()}
    return measured


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
