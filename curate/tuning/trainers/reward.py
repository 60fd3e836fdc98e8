"""Stage reward: TRL's RewardTrainer, on pairs whose ids are ours.

The model gives a number at the last token of an answer; what is learned is that the chosen answer
of a pair has the higher one. Source: Ouyang et al. 2022, "Training language models to follow
instructions with human feedback", 3.5; Bradley & Terry 1952.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from curate.tuning.answers import pad_id
from curate.tuning.collating import PairCollator, pairs_of
from curate.tuning.judging import reward_losses
from curate.tuning.trainers.watching import Parts, Watching

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from curate.tuning.preparing import Prepared

__all__ = ["parts"]


def parts(model: "PreTrainedModel", prepared: "Prepared") -> Parts:
    """Return what a reward model is trained with."""
    pad = pad_id(prepared.encoder)
    return Parts(
        trainer=_class(),
        columns=pairs_of(prepared.rows.examples),
        measure=partial(reward_losses, pad=pad),
        options={"data_collator": PairCollator(pad)},
    )


def _class() -> type:
    import torch
    from trl import RewardTrainer

    class Watched(Watching, RewardTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], *rest: Any, **options: Any
        ) -> Any:
            records = inputs.pop("records")
            inputs.pop("labels")
            compute = super().compute_loss
            loss, outputs = self.watched(lambda: compute(model, inputs, *rest, **options))
            better, worse = outputs[-1].logits.detach().squeeze(-1).double().chunk(2)
            self.note_each(records, torch.nn.functional.softplus(worse - better))
            return loss

    return Watched
