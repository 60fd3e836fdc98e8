"""A conversation with a tuned model, each turn in the template of its training."""

from collections.abc import Callable

from curate.records import Record
from curate.tuning.answers import Sampling
from curate.tuning.generate import Tuned

__all__ = ["Conversation"]


class Conversation:
    """The turns so far; `history` is that of a record."""

    def __init__(self, tuned: Tuned, system: str = "") -> None:
        self.tuned = tuned
        self.system = system
        self.history: list[dict[str, str]] = []

    def forget_for(self, instruction: str) -> int:
        """Forget the oldest question and answer until the next prompt fits; return how many turns.

        Raises:
            UsageError: the question alone does not fit; then nothing is forgotten.
        """
        before = len(self.history)
        self.tuned.check(self._record(instruction, history=[]))
        while self.history and self.tuned.over_length(self._record(instruction)):
            del self.history[:2]
        return before - len(self.history)

    def ask(
        self,
        instruction: str,
        *,
        max_new_tokens: int,
        sampling: Sampling | None = None,
        stream: Callable[[str], None] | None = None,
    ) -> str:
        """Return the answer and keep both turns."""
        (answer,) = self.tuned.answer(
            [self._record(instruction)], max_new_tokens=max_new_tokens, sampling=sampling,
            stream=stream,
        )  # fmt: skip
        self.history += [
            {"role": "user", "content": instruction},
            {"role": "assistant", "content": answer.text},
        ]
        return answer.text

    def _record(self, instruction: str, history: list[dict[str, str]] | None = None) -> Record:
        turns = self.history if history is None else history
        return Record(id="ask:1", instruction=instruction, system=self.system, history=[*turns])
