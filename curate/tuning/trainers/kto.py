"""Stage kto: TRL's KTOTrainer, on labelled answers whose ids and masks are ours.

Source: Ethayarajh et al. 2024, "KTO: Model Alignment as Prospect Theoretic Optimization", equation
7. How far the model is from the reference is estimated by prompts with answers of their neighbours
in a batch, so the batches stay the same: they are mixed once, by the seed.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from curate.prompts.encode import IGNORE_INDEX, Example
from curate.tuning.answers import losses_of, pad_id
from curate.tuning.collating import Collator, rows_of
from curate.tuning.ranks import say
from curate.tuning.trainers.dpo import logps_of, settle, stand_in
from curate.tuning.trainers.watching import Parts, Watching

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from curate.tuning.preparing import Prepared

__all__ = ["mixed", "parts"]

_OTHER = "other_"  # what the columns of a neighbour's answer begin with


def parts(model: "PreTrainedModel", prepared: "Prepared") -> Parts:
    """Return what preferences are learned with from labelled answers."""
    pad, examples = pad_id(prepared.encoder), prepared.rows.examples
    config: Any = prepared.config
    order = mixed(examples, prepared.recipe.seed)
    ordered = [examples[at] for at in order]
    others = _mismatched(
        ordered, config.per_device_train_batch_size, prepared.encoder.settings.max_length
    )
    say(f"what the start says of {len(examples):,} answers is the reference")
    columns = rows_of(examples, [[at] for at in order]) | {
        "label": [example.label for example in ordered],
        "ref_logps": logps_of(model, ordered, pad),
        "ref_KL_logps": logps_of(model, others, pad),
    }
    other = rows_of(others, [[at] for at in range(len(others))])
    columns |= {f"{_OTHER}{name}": rows for name, rows in other.items()}
    return Parts(
        trainer=_class(),
        columns=columns,
        measure=partial(losses_of, pad=pad),
        options={"data_collator": KtoCollator(pad), "ref_model": stand_in()},
        settle=settle,
    )


def mixed(examples: Sequence[Example], seed: int) -> list[int]:
    """Return the places of the examples in the order of training."""
    order = list(range(len(examples)))
    random.Random(seed).shuffle(order)
    return order


def _mismatched(examples: Sequence[Example], batch: int, longest: int) -> list[Example]:
    """Return each prompt with the answer of the one before it in its batch, at most so long."""
    found = []
    for start in range(0, len(examples), batch):
        some = examples[start : start + batch]
        for at, example in enumerate(some):
            prompt = _prompt(example)
            answer = some[at - 1].input_ids[len(_prompt(some[at - 1])) :]
            ids = [*prompt, *answer][:longest]
            labels = [*[IGNORE_INDEX] * len(prompt), *answer][:longest]
            found.append(replace(example, input_ids=ids, labels=labels))
    return found


def _prompt(example: Example) -> list[int]:
    """Return the ids before the first that takes loss."""
    first = next((at for at, x in enumerate(example.labels) if x != IGNORE_INDEX), None)
    return example.input_ids[:first]


@dataclass(frozen=True, slots=True)
class KtoCollator:
    """What makes a batch of labelled answers, each prompt also with a neighbour's answer."""

    pad: int

    def __call__(self, rows: Sequence[dict[str, Any]]) -> "dict[str, torch.Tensor]":
        """Return the batch; what begins with `KL_` is that of the neighbours' answers."""
        import torch

        names = ("input_ids", "labels", "records")
        collate = Collator(self.pad)
        batch = collate([{name: row[name] for name in names} for row in rows])
        other = collate([{name: row[f"{_OTHER}{name}"] for name in names} for row in rows])
        return {
            **batch,
            "completion_mask": (batch["labels"] != IGNORE_INDEX).long(),
            "KL_input_ids": other["input_ids"],
            "KL_attention_mask": other["attention_mask"],
            "KL_completion_mask": (other["labels"] != IGNORE_INDEX).long(),
            "label": torch.tensor([row["label"] for row in rows]),
            **{
                name: torch.tensor([row[name] for row in rows])
                for name in ("ref_logps", "ref_KL_logps")
            },
        }


def _class() -> type:
    import torch
    from trl import KTOTrainer

    class Watched(Watching, KTOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], *rest: Any, **options: Any
        ) -> Any:
            records = inputs.pop("records")
            inputs.pop("labels")
            compute = super().compute_loss
            loss, outputs = self.watched(lambda: compute(model, inputs, *rest, **options))
            moved = self._moved(outputs[-1], inputs["completion_mask"], inputs["ref_logps"])
            far = torch.zeros(())
            if self.calculate_KL:
                mask = inputs["KL_completion_mask"]
                far = self._moved(outputs[0], mask, inputs["ref_KL_logps"]).mean().clamp(min=0)
            signs = torch.where(inputs["label"], 1.0, -1.0)
            weights = torch.where(inputs["label"], self.desirable_weight, self.undesirable_weight)
            moved = signs * self.beta * (moved - far.to(moved.device))
            self.note_each(records, weights * (1 - torch.sigmoid(moved)))
            return loss

        def _moved(self, output: Any, mask: "torch.Tensor", reference: "torch.Tensor") -> Any:
            """Return how much likelier each answer is than to the reference, in nats."""
            width = mask.shape[1] - 1
            return output.log_probs.detach()[:, -width:].double().sum(dim=1) - reference

    return Watched
