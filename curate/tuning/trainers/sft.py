"""Stage sft: TRL's SFTTrainer, fed with our ids and labels and kept from touching them."""

from functools import partial
from typing import TYPE_CHECKING, Any

from curate.tuning.answers import losses_of, pad_id
from curate.tuning.collating import Collator, rows_of
from curate.tuning.losses import record_losses
from curate.tuning.trainers.watching import Parts, Watching

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from curate.tuning.preparing import Prepared

__all__ = ["parts"]


def parts(model: "PreTrainedModel", prepared: "Prepared") -> Parts:
    """Return what instruction tuning needs: the examples, one a row or packed."""
    pad = pad_id(prepared.encoder)
    return Parts(
        trainer=_class(),
        columns=rows_of(prepared.rows.examples, prepared.places),
        measure=partial(losses_of, pad=pad),
        options={"data_collator": Collator(pad, packed=prepared.recipe.data.packing)},
    )


def _class() -> type:
    from trl import SFTTrainer

    class Watched(Watching, SFTTrainer):  # type: ignore[misc]
        def compute_loss(
            self, model: Any, inputs: dict[str, Any], *rest: Any, **options: Any
        ) -> Any:
            records = inputs.pop("records")
            compute = super().compute_loss
            loss, outputs = self.watched(lambda: compute(model, inputs, *rest, **options))
            losses = -outputs[-1].log_probs.detach()
            found = record_losses(losses, inputs["labels"], records)
            self.note(found, int((records >= 0).sum()))
            return loss

    return Watched
