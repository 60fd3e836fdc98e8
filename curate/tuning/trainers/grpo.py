"""Stage grpo: TRL's GRPOTrainer, asked with our prompt ids and paid by our rewards.

Source: Shao et al. 2024, "DeepSeekMath", 4.1. Of each prompt several answers are drawn, scored, and
made likelier or less likely by how far they are from the mean of their group; `training.beta` keeps
the model near the reference, which is what the run starts from.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from curate.tuning.answers import losses_of, pad_id, stop_ids
from curate.tuning.losses import Loss
from curate.tuning.rewards import Reward
from curate.tuning.trainers.watching import Parts, Watching

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from curate.records import Record
    from curate.tuning.preparing import Prepared

__all__ = ["Reference", "parts"]


def parts(model: "PreTrainedModel", prepared: "Prepared") -> Parts:
    """Return what is learned from rewards with."""
    encoder, records = prepared.encoder, prepared.rows.records
    config: Any = prepared.config
    beta = config.beta
    config.beta = 0.0  # else TRL copies the adapter, or loads all weights again; see `settle`
    reference = Reference(model) if beta else None
    rewards = prepared.rewards

    def settle(trainer: Any) -> None:
        config.beta = trainer.beta = beta
        trainer.ref_model = reference
        trainer.eos_token_ids = stop_ids(encoder, records[0])
        trainer.generation_config.eos_token_id = trainer.eos_token_ids
        trainer.prompts = [encoder.prompt_ids(record) for record in records]
        trainer.reward_funcs = [_paid(reward, records) for reward in rewards]

    return Parts(
        trainer=_class(),
        columns={"prompt": [str(at) for at in range(len(records))]},
        measure=partial(losses_of, pad=pad_id(encoder)),
        options={"reward_funcs": [_named(reward) for reward in rewards]},
        settle=settle,
    )


class Reference:
    """The model as it was when the run started, called like a model and through it.

    What is trained is put back for the time of a call; everything else is there once.
    """

    def __init__(self, model: "PreTrainedModel") -> None:
        self._model = model
        self._start = {
            name: parameter.detach().clone()
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }

    def __call__(self, **inputs: Any) -> Any:
        """Return what the start gives."""
        import torch

        with torch.no_grad(), self._there():
            return self._model(**inputs)

    @contextmanager
    def _there(self) -> Iterator[None]:
        parameters = dict(self._model.named_parameters())
        trained = {name: parameters[name].data for name in self._start}
        was_training = self._model.training
        try:
            for name, start in self._start.items():
                parameters[name].data = start
            self._model.eval()
            yield
        finally:
            for name, data in trained.items():
                parameters[name].data = data
            self._model.train(was_training)


def _named(reward: Reward) -> Any:
    """Return a function of the reward's name, which TRL asks for before there is a trainer."""

    def function(**_: Any) -> list[float]:
        raise NotImplementedError

    function.__name__ = reward.name
    return function


def _paid(reward: Reward, records: Sequence["Record"]) -> Any:
    """Return the reward as TRL calls it: with the numbers of the records as prompts."""

    def function(prompts: Sequence[str], completions: Sequence[str], **_: Any) -> list[float]:
        places = [int(prompt) for prompt in prompts]
        return reward([records[at] for at in places], [text.strip() for text in completions])

    function.__name__ = reward.name
    return function


def _class() -> type:
    import torch
    from trl import GRPOTrainer

    class Watched(Watching, GRPOTrainer):  # type: ignore[misc]
        prompts: Sequence[list[int]] = ()

        def _tokenize_prompts(
            self, prompts: list[str]
        ) -> tuple[list[list[int]], None, dict[str, Any]]:
            return [[*self.prompts[int(prompt)]] for prompt in prompts], None, {}

        def _calculate_rewards(
            self, inputs: Any, prompts: list[str], completions: Any, ids: Any
        ) -> "torch.Tensor":
            every = super()._calculate_rewards(inputs, prompts, completions, ids)
            start = self.accelerator.process_index * len(prompts)
            own = every[start : start + len(prompts)]
            paid = (own * self.reward_weights.to(own.device)).sum(1).tolist()
            of: dict[int, list[float]] = {}
            for prompt, reward in zip(prompts, paid, strict=True):
                of.setdefault(int(prompt), []).append(reward)
            self.record_losses.add([Loss(at, sum(each), len(each)) for at, each in of.items()])
            return every

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], *rest: Any, **options: Any
        ) -> Any:
            loss = super().compute_loss(model, inputs, *rest, **options)
            self.record_losses.seen += int(inputs["prompt_mask"].sum())
            self.record_losses.seen += int(inputs["completion_mask"].sum())
            if not torch.isfinite(loss):
                self.stop("loss", self.record_losses.highest(1))
            return loss

    return Watched
