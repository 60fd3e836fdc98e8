"""What a conversion did: every row read is written or left out, with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from curate.converting.compare import CHANGED
from curate.converting.unheld import LEFT_OUT
from curate.errors import AccountError, clip

__all__ = ["Account", "Tally"]


@dataclass(slots=True)
class Tally:
    """How often each of some reasons was met, and where first."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, where: str) -> None:
        """Count one more."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        self.first.setdefault(reason, clip(where, 200))


@dataclass(slots=True)
class Account:
    """The balance of a conversion: `read = written + left out`.

    Attributes:
        read: rows read, unreadable ones included.
        written: rows written.
        left_out: records not written, by reason.
        changed: records that come back otherwise, by what is changed.
        columns: records of which a column is not written, by column.
        has_tools: whether a row has a column `tools`.

    """

    read: int = 0
    written: int = 0
    left_out: Tally = field(default_factory=Tally)
    changed: Tally = field(default_factory=Tally)
    columns: Tally = field(default_factory=Tally)
    has_tools: bool = False

    def check(self) -> None:
        """Raise AccountError unless every row read is written or left out."""
        if self.read != self.written + sum(self.left_out.counts.values()):
            raise AccountError(f"the account does not add up: {self.to_dict()}")

    @property
    def loses(self) -> bool:
        """Whether something of what was read is not in the file."""
        return bool(self.left_out.counts or self.columns.counts)

    def lines(self) -> Iterator[str]:
        """Yield in words what was left out and what was changed."""
        for reason, number in self.left_out.counts.items():
            first = self.left_out.first[reason]
            yield f"left out {number:,}: {LEFT_OUT[reason]} (first: {first})"
        for column, number in self.columns.counts.items():
            first = self.columns.first[column]
            yield f"column {clip(repr(column))} left out of {number:,} rows: the layout has no " \
                  f"place for one of this name (first: {first})"  # fmt: skip
        for reason, number in self.changed.counts.items():
            yield f"changed {number:,}: {CHANGED[reason]} (first: {self.changed.first[reason]})"

    def to_dict(self) -> dict[str, Any]:
        """Return the account for machines."""
        tallies = {"left_out": self.left_out, "changed": self.changed, "columns": self.columns}
        counts = {name: tally.counts for name, tally in tallies.items()}
        first = {name: tally.first for name, tally in tallies.items()}
        return {"read": self.read, "written": self.written, **counts, "first": first}
