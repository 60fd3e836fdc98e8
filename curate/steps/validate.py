"""Drop records that cannot be trained on."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from curate.errors import clip
from curate.records import ROLES, TEXT_FIELDS, Dropped, Record
from curate.steps.base import RecordStep
from curate.text import is_blank

__all__ = ["Validate"]


_FILLED = ("instruction", "output", "rejected")


class Validate(RecordStep):
    """Wrong types, an empty instruction, output or rejected answer, fields too long to be one.

    Empty is what nobody can see: blanks, and invisible characters such as U+200B.

    >>> step = Validate()
    >>> step.apply(Record(id="a:1", instruction="Add 2 and 2.", output=4)).reason
    'wrong_type'
    >>> step.apply(Record(id="a:2", instruction="Add 2 and 2.", output=" ")).reason
    'empty_output'
    >>> good = Record(id="a:3", instruction="Add 2 and 2.", output="4")
    >>> step.apply(good) is good
    True
    """

    name: ClassVar[str] = "validate"

    max_chars: int = Field(100_000, gt=0, description="Longest allowed field, in characters.")

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with the first fault found."""
        for field, value in _texts(record):
            if value is None and field in _FILLED:
                return self.drop(record, f"missing_{field}", field=field)
            if not isinstance(value, str):
                return self.drop(
                    record, "wrong_type", field=field, found=type(value).__name__, value=clip(value)
                )
            if len(value) > self.max_chars:
                return self.drop(
                    record, "too_long", field=field, chars=len(value), limit=self.max_chars
                )
        for field in _FILLED:
            text = getattr(record, field)
            if text is not None and is_blank(text):
                return self.drop(record, f"empty_{field}", field=field)
        for index, turn in enumerate(record.history):
            if turn.get("role") not in ROLES:
                role = clip(turn.get("role"))
                return self.drop(record, "unknown_role", field=f"history[{index}]", found=role)
        return record


def _texts(record: Record) -> Iterator[tuple[str, object]]:
    """Yield the name and value of everything in the record that has to be text."""
    for field in TEXT_FIELDS:
        value = getattr(record, field)
        if field != "rejected" or value is not None:
            yield field, value
    for index, turn in enumerate(record.history):
        yield f"history[{index}].content", turn.get("content")
