"""What a step is: frozen options and one method."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from curate.records import TEXT_FIELDS, Dropped, Record, Reference

__all__ = ["Note", "RecordStep", "Row", "SetStep", "Spread", "Step", "edit_texts", "text_of"]


Row = dict[str, Any]
"""What a step says of several records together: a line of clusters.jsonl."""
Note = Callable[[Row], None]
Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""Like Python's `map`, which it may be: what depends on nothing else may run in other processes."""


class Step(BaseModel):
    """Options of one step; the name is how recipes, manifests and `--set` call it.

    A step whose `on` is false needs a word from the user first: which languages, what length. It
    runs where an option of it is set, or where `--only` names it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    on: ClassVar[bool] = True

    def check(self) -> None:
        """Raise now what would stop the step when its turn comes, as a model that is not there."""


class RecordStep(Step, ABC):
    """A step that decides on one record at a time, so that it can run in many processes.

    One that `judges_answers` is there for answers to learn from: a record whose answer is labelled
    as undesirable passes it by.
    """

    judges_answers: ClassVar[bool] = False

    @abstractmethod
    def apply(self, record: Record) -> Record | Dropped:
        """Return the record itself if nothing changed, an edited copy, or the record dropped."""

    def drop(self, record: Record, reason: str, **evidence: Any) -> Dropped:  # noqa: ANN401
        """Return the record dropped by this step."""
        return Dropped(record, self.name, reason, evidence)


class SetStep(Step, ABC):
    """A step that has to see the records together. It drops, it never edits."""

    @abstractmethod
    def run(
        self,
        records: Iterable[Record],
        note: Note = lambda row: None,
        references: Iterable[Reference] = (),
        noted: Iterable[Row] | None = None,
        spread: Spread = map,
    ) -> Iterator[Record | Dropped]:
        """Yield each record once, kept or dropped, in the order in which they came.

        Args:
            records: can be gone through several times, one pass after the other.
            note: takes what is to be said of several records together. Where it is of references
                too, its `others` are pairs of set and id.
            references: records of other sets to compare with; can be gone through several times.
                Evidence that names one has its id as `kept` and its set as `set`. The verdicts
                have to be the same when only those are there that were named, and what was noted:
                `audit` has no more.
            noted: what the step noted when it ran first; None: it does so now.
            spread: does the work that can be done apart.

        """


def text_of(value: object) -> str:
    """Return a field as text; what is no text is the business of `validate` and counts as empty."""
    return value if isinstance(value, str) else ""


def edit_texts(record: Record, edit: Callable[[str, str], str]) -> Record:
    """Return the record with `edit(field, text)` in place of every text, or the record itself.

    The texts are those of TEXT_FIELDS and the turns of `history`, whose field is their role.
    """
    changes: dict[str, object] = {}
    for name in TEXT_FIELDS:
        text = getattr(record, name)
        if isinstance(text, str) and (new := edit(name, text)) != text:
            changes[name] = new
    if record.history:
        history = [_edit_turn(turn, edit) for turn in record.history]
        if any(new is not old for new, old in zip(history, record.history, strict=True)):
            changes["history"] = history
    return record.with_fields(**changes) if changes else record


def _edit_turn(turn: dict[str, Any], edit: Callable[[str, str], str]) -> dict[str, Any]:
    text = turn.get("content")
    if not isinstance(text, str) or (new := edit(str(turn.get("role")), text)) == text:
        return turn
    return {**turn, "content": new}
