"""Stage dpo: TRL's DPOTrainer, on pairs whose ids and masks are ours.

Source: Rafailov et al. 2023, "Direct Preference Optimization", equation 7. What the reference says
of the answers is computed once, from the model as it starts: so it is right for every method, for
all weights and where a run is trained further, and there is no second copy of anything.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from curate.prompts.encode import IGNORE_INDEX, Example
from curate.tuning.answers import losses_of, pad_id
from curate.tuning.collating import PairCollator, pairs_of
from curate.tuning.judging import pair_loss
from curate.tuning.losses import Loss
from curate.tuning.ranks import each_a_share, say
from curate.tuning.trainers.watching import Parts, Watching

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from curate.tuning.preparing import Prepared

__all__ = ["logps_of", "parts", "stand_in"]

_REFERENCE = ("ref_chosen_logps", "ref_rejected_logps")


def parts(model: "PreTrainedModel", prepared: "Prepared") -> Parts:
    """Return what preferences are learned with from pairs."""
    pad, examples = pad_id(prepared.encoder), prepared.rows.examples
    measured = prepared.measured if prepared.recipe.evaluation.every else []
    say(f"what the start says of {len(examples) + len(measured):,} pairs is the reference")
    chosen, rejected = _both(model, [*examples, *measured], pad)
    at = len(examples)
    reference = {
        example.id: better - worse
        for example, better, worse in zip(measured, chosen[at:], rejected[at:], strict=True)
    }
    columns = dict(zip(_REFERENCE, (chosen[:at], rejected[:at]), strict=True))
    return Parts(
        trainer=_class(),
        columns=pairs_of(examples) | columns,
        measure=partial(_measure, pad=pad, beta=prepared.config.beta, reference=reference),
        options={"data_collator": PairCollator(pad, _REFERENCE), "ref_model": stand_in()},
        settle=settle,
    )


def settle(trainer: Any) -> None:
    """Let the reference be what the rows say of it."""
    trainer.ref_model = None
    trainer.precompute_ref_logps = True


def stand_in() -> "PreTrainedModel":
    """Return the smallest model there is, to be given as a reference that is never asked.

    Without one TRL copies the adapter, which takes weights apart again where `init` does, and saves
    the copy with every checkpoint; or it loads all weights a second time.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=2,
            hidden_size=2,
            intermediate_size=2,
            num_hidden_layers=1,
            num_attention_heads=1,
            num_key_value_heads=1,
            bos_token_id=0,
            eos_token_id=1,
        )
    )


def logps_of(model: "PreTrainedModel", examples: Sequence[Example], pad: int) -> list[float]:
    """Return the log-probability of each answer, in nats, the work shared by all processes."""
    found = each_a_share(examples, lambda some: losses_of(model, some, pad=pad))
    return [-loss.total for loss in found]


def _both(
    model: "PreTrainedModel", examples: Sequence[Example], pad: int
) -> tuple[list[float], list[float]]:
    worse = [example.rejected for example in examples if example.rejected is not None]
    return logps_of(model, examples, pad), logps_of(model, worse, pad)


def _measure(
    model: Any,
    examples: Sequence[Example],
    *,
    pad: int,
    beta: float,
    reference: dict[str, float],
) -> list[Loss]:
    """Return the loss of held-out pairs (equation 7), whatever loss is trained on."""
    worse = [example.rejected for example in examples if example.rejected is not None]
    sides = [losses_of(model, side, pad=pad) for side in (examples, worse)]
    margins = [low.total - high.total for high, low in zip(*sides, strict=True)]
    moved = [m - reference[e.id] for e, m in zip(examples, margins, strict=True)]
    return [Loss(at, pair_loss(beta * x), 1) for at, x in enumerate(moved)]


def _class() -> type:
    import torch
    from trl import DPOTrainer

    class Watched(Watching, DPOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], *rest: Any, **options: Any
        ) -> Any:
            records, labels = inputs.pop("records"), inputs.pop("labels")
            inputs["completion_mask"] = (labels != IGNORE_INDEX).long()
            compute = super().compute_loss
            loss, outputs = self.watched(lambda: compute(model, inputs, *rest, **options))
            width = labels.shape[1] - 1
            logps = outputs[-1].log_probs.detach()[:, -width:].double().sum(dim=1)
            chosen, rejected = logps.chunk(2)
            moved = chosen - rejected - (inputs[_REFERENCE[0]] - inputs[_REFERENCE[1]])
            self.note_each(records, torch.nn.functional.softplus(-self.beta * moved))
            return loss

    return Watched
