"""Drop outputs that swallowed the next instruction."""

import re
from typing import ClassVar

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of

__all__ = ["MergedInstructions"]

# Self-Instruct's generator numbers its tasks: "12. Instruction: …", "Input: …", "Output: …".
_TASK = re.compile(
    r"^(?:###? ?)?(?:\d{1,3}[.)] ?)?(?P<label>Instruction|Task(?: \d+)?):\s*\S", re.MULTILINE
)
_ANSWERED = re.compile(
    r"^(?:###? ?)?(?:\d{1,3}[.)] ?)?(?:Input|Output|Response|Answer):", re.MULTILINE
)
_USER = re.compile(r"^(?:###? ?)?(?:Human|User):\s*\S", re.MULTILINE)
_REPLY = re.compile(r"^(?:###? ?)?(?:Assistant|AI|Bot):\s*\S", re.MULTILINE)
_ANY_LABEL = re.compile(r"\W{0,3}(?:\d{1,3}[.)] ?)?[A-Z]\w*(?: \w+)?:")
_ASKED_FOR = re.compile(
    r"\b(?:instructions?|tasks?|questions?|q ?& ?a|q/a|faqs?|quiz(?:zes)?|dialog(?:ue)?s?|"
    r"conversations?|chats?|interviews?|plays?|scenes?|story|stories|sketch|skit|scripts?|transcripts?|examples?|samples?|prompts?|datasets?|"
    r"chatbots?|assistants?|format|template|trivia|riddles?|exercises?|problems?|users?|humans?)\b",
    re.IGNORECASE,
)


class MergedInstructions(RecordStep):
    r"""A second task behind the answer: `Instruction: … Output: …`, `User: … Assistant: …`.

    It takes a task line and, after it, a line that answers it, behind an answer of some length
    that bears no label itself. A prompt that asks for questions, tasks, examples or a dialogue is
    left alone.

    >>> step = MergedInstructions()
    >>> output = "Red.\n\n12. Instruction: Name a fruit.\nOutput: Apple."
    >>> step.apply(Record(id="a:1", instruction="Name a colour.", output=output)).evidence
    {'field': 'output', 'found': '12. Instruction: Name a fruit.', 'at': 6}
    >>> kept = Record(id="a:2", instruction="Write two quiz questions.", output=output)
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "merged_instructions"
    judges_answers: ClassVar[bool] = True

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with the line where the second task begins."""
        output = text_of(record.output)
        if ":" not in output or "\n" not in output or _ANY_LABEL.match(output):
            return record
        start = _second_task(output)
        prompt = f"{text_of(record.instruction)} {text_of(record.system)}"
        if start is None or _ASKED_FOR.search(prompt):
            return record
        line = output[start:].partition("\n")[0]
        return self.drop(record, "merged_instruction", field="output", found=line[:80], at=start)


def _second_task(output: str) -> int | None:
    """Return where a task begins that is answered further down; None if there is none."""
    for task, answer in ((_TASK, _ANSWERED), (_USER, _REPLY)):
        for found in task.finditer(output):
            if found.start() > 0 and answer.search(output, found.end()):
                return found.start()
    return None
