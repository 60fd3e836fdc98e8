"""Take the prompt out of the output."""

import re
from typing import ClassVar

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of
from curate.text import fold

__all__ = ["Echo"]

_MARKS = " .?!:\n"
_ASKED_FOR = re.compile(
    r"\b(?:repeat|echo|twice|verbatim|word for word|(?:copy|say|write|type) (?:this|these|it)\b)",
    re.IGNORECASE,
)
_MIN_WORDS = 4  # "Paris" may well be the answer to "Paris"


class Echo(RecordStep):
    r"""An output that only repeats its prompt is dropped; one that repeats it first loses that.

    The prompt is the instruction, with the context behind it where there is one; said over and over
    it is still only the prompt. A prompt of fewer than four words is no evidence, and the context
    alone is none either: what is to be corrected may be right. A prompt that asks to be repeated is
    left alone.

    >>> step = Echo()
    >>> bad = Record(id="a:1", instruction="Name a bright colour.", output="name a bright colour.")
    >>> step.apply(bad).reason
    'echo'
    >>> step.apply(bad.with_fields(output="Name a bright colour.\n\nRed.")).output
    'Red.'
    >>> kept = bad.with_fields(output="A bright colour is red.")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "echo"
    judges_answers: ClassVar[bool] = True

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, without the prompt at the start of its output, or dropped."""
        output = text_of(record.output).lstrip()
        instruction = text_of(record.instruction).strip()
        if output[:8].casefold() != instruction[:8].casefold():
            return record
        if len(instruction.split()) < _MIN_WORDS:
            return record
        context = text_of(record.context).strip()
        prompts = [instruction, *(f"{instruction}{gap}{context}" for gap in (" ", "\n", "\n\n"))]
        folded = _bare(output)
        if any(_is_all(folded, _bare(prompt)) for prompt in prompts[: 2 if context else 1]):
            if _ASKED_FOR.search(instruction):
                return record
            return self.drop(record, "echo", field="output", found=output[:80])
        for prompt in sorted(prompts, key=len, reverse=True):
            rest = output.removeprefix(prompt)
            if rest != output and rest.startswith("\n") and rest.strip():
                return record.with_fields(output=rest.strip())
        return record


def _is_all(text: str, prompt: str) -> bool:
    """Return whether a text is the prompt, once or several times.

    >>> _is_all("add it up! add it up", "add it up"), _is_all("add it upwards", "add it up")
    (True, False)
    """
    return prompt in text and not text.replace(prompt, "").strip(_MARKS)


def _bare(text: str) -> str:
    """Return the text as it is compared: case, spaces and the mark at its end do not count."""
    return fold(text).rstrip(_MARKS)
