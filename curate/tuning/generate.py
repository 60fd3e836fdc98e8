"""Let a tuned model answer with the encoder of its training."""

import copy
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from curate.errors import UsageError
from curate.prompts.encode import OverLength
from curate.records import Record
from curate.tuning.answers import Answer, Sampling, answer
from curate.tuning.finished import encoder_of, read_run
from curate.tuning.measuring import Measurement, measure
from curate.tuning.models import require_tuning
from curate.tuning.saving import load_base, load_tuned

__all__ = ["Tuned"]


class Tuned:
    """The model of a finished run, or its base, with the encoder of its training.

    Raises:
        DatasetError: there is no finished run, it was changed, or what it made is damaged.
        ModelError: the base model cannot be loaded, or is not that of the run.
    """

    def __init__(self, run: Path, *, base: bool = False) -> None:
        require_tuning()
        said = read_run(run)
        self.encoder = encoder_of(run, said)
        self.model = load_base(said) if base else load_tuned(run, said)
        self._adapter_off = False
        self._run = run

    def base(self) -> "Tuned":
        """Return the base of the run; where an adapter was tuned, the same weights without it."""
        if not hasattr(self.model, "disable_adapter"):
            return Tuned(self._run, base=True)
        other = copy.copy(self)
        other._adapter_off = True
        return other

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
            UsageError: a prompt is longer than any that was trained on.
        """
        for record in records:
            self.check(record)
        with self.model.disable_adapter() if self._adapter_off else nullcontext():
            return answer(self.model, self.encoder, records, max_new_tokens=max_new_tokens,
                          sampling=sampling, stream=stream)  # fmt: skip

    def measure(
        self, records: Sequence[Record], *, generate: int, max_new_tokens: int
    ) -> Measurement:
        """Return the losses on records, and answers to `generate` of them."""
        with self.model.disable_adapter() if self._adapter_off else nullcontext():
            return measure(self.model, self.encoder, records, generate=generate,
                           max_new_tokens=max_new_tokens)  # fmt: skip

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
