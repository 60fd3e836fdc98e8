"""What a step is: frozen options and one method."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from curate.records import Dropped, Record

__all__ = ["RecordStep", "SetStep", "Step"]


class Step(BaseModel):
    """Options of one step; the name is how recipes, manifests and `--set` call it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]


class RecordStep(Step, ABC):
    """A step that decides on one record at a time, so that it can run in many processes."""

    @abstractmethod
    def apply(self, record: Record) -> Record | Dropped:
        """Return the record itself if nothing changed, an edited copy, or the record dropped."""


class SetStep(Step, ABC):
    """A step that has to see the records together. It drops, it never edits."""

    @abstractmethod
    def run(self, records: Iterable[Record]) -> Iterator[Record | Dropped]:
        """Yield each record once, kept or dropped, in the order in which they came."""
