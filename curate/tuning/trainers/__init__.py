"""The trainers of TRL, one file for each stage; a recipe's `stage` picks one."""

from typing import TYPE_CHECKING, Any

from curate.errors import UsageError, clip
from curate.prompts.stages import Stage
from curate.tuning.losses import TrainingLosses
from curate.tuning.stopping import make_stopper
from curate.tuning.trainers import dpo, grpo, kto, reward, sft

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from curate.tuning.preparing import Prepared
    from curate.tuning.rundir import RunDirectory

__all__ = ["make_trainer"]

_PARTS = {"sft": sft.parts, "reward": reward.parts, "dpo": dpo.parts, "kto": kto.parts,
          "grpo": grpo.parts}  # fmt: skip
_OF = {"reward": "pairs", "dpo": "pairs", "kto": "answers", "grpo": "answers"}
"""What the loss of a record is the mean of, where it is no mean of tokens."""


def make_trainer(model: "PreTrainedModel", prepared: "Prepared", directory: "RunDirectory") -> Any:
    """Return a trainer whose rows are the examples' ids and labels, unchanged.

    The number of its record travels with every token.

    Raises:
        UsageError: TRL refuses the model or the settings.
    """
    import datasets
    import transformers

    from curate.tuning.progress import make_progress

    rows, evaluation = prepared.rows, prepared.recipe.evaluation
    stage: Stage = prepared.recipe.stage
    of, what = _OF.get(stage, "tokens"), "reward" if stage == "grpo" else "loss"
    ids = [example.id for example in rows.examples]
    losses = TrainingLosses(ids, rows.sources, of=of, what=what)
    measured = prepared.measured if evaluation.every else []
    callbacks = [make_progress(directory, losses), make_stopper(losses)]
    if evaluation.patience:
        callbacks.append(transformers.EarlyStoppingCallback(evaluation.patience))
    trained = {name: p.data for name, p in model.named_parameters() if p.requires_grad}
    parts = _PARTS[stage](model, prepared)
    try:
        trainer = parts.trainer(
            losses,
            measured,
            parts.measure,
            model=model,
            args=prepared.config,
            train_dataset=datasets.Dataset.from_dict(parts.columns),
            eval_dataset=datasets.Dataset.from_dict({"record": range(len(measured))})
            if measured
            else None,
            processing_class=prepared.encoder.tokenizer,
            callbacks=callbacks,
            **parts.options,
        )
    except (ImportError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise UsageError(f"training: {clip(str(error).strip(), 300)}") from error
    for name, parameter in model.named_parameters():
        if name in trained:  # beside a quantized base TRL rounds them to bfloat16, where most steps
            parameter.data = trained[name]  # are too small to be taken
    parts.settle(trainer)
    trainer.remove_callback(transformers.PrinterCallback)
    # TRL would put a card into checkpoints/ that names neither base model nor data; ours does.
    trainer.create_model_card = lambda *_, **__: None
    return trainer
