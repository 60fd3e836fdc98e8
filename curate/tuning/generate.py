"""Let a tuned model answer with the encoder of its training."""

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from curate.errors import UsageError
from curate.prompts.encode import OverLength
from curate.prompts.stages import Stage
from curate.recipe import Recipe
from curate.records import Record
from curate.tuning.answers import Answer, Other, Sampling, answer, pad_id
from curate.tuning.encoding import encoder_of
from curate.tuning.finished import read_run
from curate.tuning.measuring import Measurement, measure, measure_pairs
from curate.tuning.models import require_tuning
from curate.tuning.rewards import Reward
from curate.tuning.saving import load_start, load_tuned
from curate.tuning.starting import bases_itself

__all__ = ["Tuned"]


class Tuned:
    """The model of a finished run, or what it started from, with the encoder of its training.

    Attributes:
        stage: of the run.
        encoder: of its training.
        model: the model.

    Raises:
        DatasetError: there is no finished run, it was changed, or what it made is damaged.
        ModelError: the base model cannot be loaded, or is not that of the run.
    """

    def __init__(self, run: Path, *, base: bool = False) -> None:
        require_tuning()
        said = read_run(run)
        self._recipe = Recipe.model_validate(said["recipe"])
        self.stage: Stage = self._recipe.stage
        self.encoder = encoder_of(run, said)
        if base:
            self.model = load_start(said, self.encoder.tokenizer)
        else:
            self.model = load_tuned(run, said)
        if self.stage == "reward":  # where the answer ends is found by what it is filled up with
            self.model.config.get_text_config().pad_token_id = pad_id(self.encoder)
        self._adapter_off = False
        self._run = run

    def base(self) -> "Tuned":
        """Return what the run started from; if they are that, the same weights without adapter."""
        if not (hasattr(self.model, "disable_adapter") and bases_itself(self._recipe)):
            return Tuned(self._run, base=True)
        other = copy.copy(self)
        other._adapter_off = True
        return other

    def switched(self) -> AbstractContextManager[object]:
        """Return what holds while the model is looked at: of a base, that its adapter is off."""
        return self.model.disable_adapter() if self._adapter_off else nullcontext()

    def answer(
        self,
        records: Sequence[Record],
        *,
        max_new_tokens: int,
        sampling: Sampling | None = None,
        stream: Callable[[str], None] | None = None,
    ) -> list[Answer]:
        """Return the answers to records' prompts, in order.

        Raises:
            UsageError: a prompt is longer than any that was trained on, or the model is a reward
                model.
        """
        if self.stage == "reward":
            raise UsageError(f"{self._run}: made a reward model, which gives numbers, no answers")
        for record in records:
            self.check(record)
        with self.switched():
            return answer(self.model, self.encoder, records, max_new_tokens=max_new_tokens,
                          sampling=sampling, stream=stream)  # fmt: skip

    def measure(
        self, records: Sequence[Record], *, generate: int, max_new_tokens: int,
        rewards: Sequence[Reward] = (), other: Other | None = None,
    ) -> Measurement:  # fmt: skip
        """Return the losses on records, and answers to `generate` of them; see `measure`."""
        if self.stage == "reward":
            return measure_pairs(self.model, self.encoder, records)
        with self.switched():
            return measure(self.model, self.encoder, records, generate=generate,
                           max_new_tokens=max_new_tokens, rewards=rewards,
                           other=other)  # fmt: skip

    def over_length(self, record: Record) -> OverLength | None:
        """Return how long a prompt with its end is, if the run was trained with shorter ones."""
        try:
            self.encoder.encode(record.with_fields(output="", rejected=None))
        except OverLength as error:
            return error
        return None

    def check(self, record: Record) -> None:
        """Raise UsageError if the record's prompt is longer than any that was trained on."""
        if error := self.over_length(record):
            raise UsageError(
                f"the question has {error.length} tokens, the run was trained with at most "
                f"{error.max_length}"
            )
