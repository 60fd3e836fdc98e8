"""The account of a run: what was read, what each step did, what came out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.errors import AccountError
from curate.sources import Source

__all__ = ["Account", "SourceCount", "StepCount"]


@dataclass(slots=True)
class SourceCount:
    """What was read from one file."""

    name: str
    path: str
    sha256: str = ""
    layout: str = ""
    rows: int = 0
    quarantined: int = 0
    license: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    argument: str = ""
    forced: str = ""

    @classmethod
    def of(cls, source: Source) -> "SourceCount":
        """Return the entry of a source of which nothing is read yet."""
        return cls(
            source.name, source.path, license=source.license, mapping=source.mapping,
            argument=source.argument, forced=source.layout or "",
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the manifest; what was forced with `--map` and `--layout` if it was.

        `argument` is what the user called it: several files can come from one folder.
        """
        names = ("name", "path", "sha256", "layout", "rows", "quarantined", "license", "argument")
        mapping = {"mapping": dict(self.mapping)} if self.mapping else {}
        forced = {"forced": self.forced} if self.forced else {}
        return {name: getattr(self, name) for name in names} | mapping | forced


@dataclass(slots=True)
class StepCount:
    """What one step did."""

    name: str
    settings: dict[str, Any]
    seen: int = 0
    edited: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        """Records that went on."""
        return self.seen - self.dropped.total()

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the manifest."""
        return {
            "name": self.name,
            "settings": self.settings,
            "in": self.seen,
            "kept": self.kept,
            "edited": self.edited,
            "dropped": dict(sorted(self.dropped.items())),
        }

    def restore(self, entry: Mapping[str, Any]) -> None:
        """Take over what an entry counted."""
        self.seen, self.edited = entry["in"], entry["edited"]
        self.dropped.update(entry["dropped"])


@dataclass(slots=True)
class Account:
    """The balance of a run: `read = kept + dropped + quarantined`."""

    sources: list[SourceCount] = field(default_factory=list)
    steps: list[StepCount] = field(default_factory=list)
    read: int = 0
    kept: int = 0
    dropped: int = 0
    quarantined: int = 0

    def counts(self) -> dict[str, int]:
        """Return the four numbers of the balance."""
        names = ("read", "kept", "dropped", "quarantined")
        return {name: getattr(self, name) for name in names}

    def check(self) -> None:
        """Raise AccountError unless every row that was read is kept, dropped or quarantined."""
        if self.read != self.kept + self.dropped + self.quarantined:
            raise AccountError(f"the account does not add up: {self.counts()}")
        flow = self.read - self.quarantined
        for step in self.steps:
            if step.seen != flow:
                raise AccountError(f"step {step.name} saw {step.seen} of {flow} records")
            flow = step.kept
        if flow != self.kept:
            raise AccountError(f"{flow} records left the last step, {self.kept} arrived")
