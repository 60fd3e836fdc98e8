"""What is in the sources and what is wrong with it, without writing anything."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from curate.engines import Edit
from curate.errors import clip
from curate.pipeline import run_pipeline
from curate.records import Dropped, Quarantined, Record, Reference
from curate.reporting.findings import Collector, Finding, say
from curate.reporting.languages import LanguageSample
from curate.reporting.lengths import FieldLengths
from curate.reporting.preferences import PreferenceCounts
from curate.sources import Source
from curate.steps import RecordStep, Step

__all__ = ["SCHEMA_VERSION", "Report", "summarise"]

SCHEMA_VERSION = 1
_EXAMPLES = 3
_ROWS = 6  # unreadable rows that are shown as they stand
_EXCERPT = 300  # characters of a field, or of an unreadable row


@dataclass(frozen=True, slots=True)
class Report:
    """All that an inspection found.

    Attributes:
        summary: what `--json` prints, but for the findings.
        findings: in the order in which they were met.
        histograms: by field, columns of (least length, greatest length, records).

    """

    summary: dict[str, Any]
    findings: list[Finding]
    histograms: dict[str, list[tuple[int, int, int]]]


class _Notes:
    """A sink that keeps findings, figures and a few examples."""

    def __init__(self, off: Sequence[RecordStep], known: Collection[int]) -> None:
        self.collector = Collector(known)
        self.lengths = FieldLengths()
        self.languages = LanguageSample()
        self.preferences = PreferenceCounts()
        self.turns = self.conflicts = 0
        self.edited: set[str] = set()
        self.unreadable: list[Quarantined] = []
        self.examples: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.off = {step.name: _Off(step) for step in off}

    def observe(self, record: Record) -> None:
        self.lengths.add(record)
        self.languages.add(record)
        self.preferences.add(record)
        self.turns += bool(record.history)
        for off in self.off.values():
            off.see(record)

    def keep(self, record: Record) -> None:
        """Nothing to note: what is right is counted by the account."""

    def drop(self, dropped: Dropped) -> None:
        self.edited.discard(dropped.record.id)
        if finding := self.collector.drop(dropped):
            self._exemplify(finding, dropped.record)

    def quarantine(self, row: Quarantined) -> None:
        if self.collector.quarantine(row) and len(self.unreadable) < _ROWS:
            self.unreadable.append(row)

    def edit(self, edit: Edit, record: Record) -> None:
        self.edited.add(edit.id)
        if finding := self.collector.edit(edit, record):
            self._exemplify(finding, record)

    def cluster(self, step: str, row: dict[str, Any]) -> None:
        self.conflicts += row["kind"] == "conflict"

    def reference(self, step: str, reference: Reference) -> None:
        """Nothing to note: sources are looked at by themselves."""

    def _exemplify(self, finding: Finding, record: Record) -> None:
        examples = self.examples.setdefault((finding.step, finding.reason), [])
        if len(examples) < _EXAMPLES:
            texts = {name: getattr(record, name) for name in ("instruction", "context", "output")}
            shown = {n: clip(text, _EXCERPT) for n, text in texts.items() if text not in ("", None)}
            examples.append(_example(finding.id, finding.place, finding.message) | shown)


class _Off:
    """What a step that is off would touch."""

    def __init__(self, step: RecordStep) -> None:
        self._step = step
        self.records = 0
        self.examples: list[dict[str, str]] = []

    def see(self, record: Record) -> None:
        result = self._step.apply(record)
        if result is record:
            return
        self.records += 1
        if len(self.examples) < _EXAMPLES:
            message = say(result.evidence) if isinstance(result, Dropped) else ""
            self.examples.append(_example(record.id, record.origin, message))


def _example(id: str, place: str, message: str) -> dict[str, str]:
    return {"id": id, "place": place, "message": message}


def summarise(
    sources: Sequence[Source],
    steps: Sequence[Step],
    *,
    off: Sequence[RecordStep] = (),
    known: Collection[int] | None = None,
    progress: Callable[[int], None] = lambda read: None,
) -> Report:
    """Return layout and rows of each file, field lengths, languages, and problems by step.

    Args:
        sources: what is read.
        steps: what is run.
        off: steps that are only tried on each record as it was read, for their count.
        known: fingerprints of findings that are not told again; None: all are told.
        progress: is told the number of rows read so far, now and then.

    """
    notes = _Notes(off, known or ())
    account = run_pipeline(sources, steps, notes, observe=notes.observe, progress=progress)
    collector = notes.collector
    summary = {
        "schema_version": SCHEMA_VERSION,
        "sources": [source.to_dict() for source in account.sources],
        "counts": account.counts(),
        "edited": len(notes.edited),
        "fields": notes.lengths.quantiles(),
        "languages": notes.languages.shares(),
        "conversations": notes.turns,
        "preferences": notes.preferences.figures(),
        "conflicts": notes.conflicts,
        "problems": _problems(notes, [step.name for step in steps]),
        "off": [
            {"step": name, "records": step.records, "examples": step.examples}
            for name, step in notes.off.items()
        ],
        "unreadable": [_shown(row) for row in notes.unreadable],
        "baseline": None if known is None else {"known": collector.known, "gone": collector.gone},
        "new": dict(Counter(finding.fate for finding in collector.findings)),
    }
    return Report(summary, collector.findings, notes.lengths.histograms())


def _problems(notes: _Notes, steps: list[str]) -> list[dict[str, Any]]:
    """Return what each step would do, in the order of the steps, the most frequent first."""
    found = Counter((f.step, f.reason, f.fate) for f in notes.collector.findings)
    ordered = sorted(
        ((key, number) for key, number in found.items() if key[0] in steps),
        key=lambda item: (steps.index(item[0][0]), -item[1], item[0][1]),
    )
    return [
        {"step": step, "reason": reason, "fate": fate, "records": number,
         "examples": notes.examples[step, reason]}
        for (step, reason, fate), number in ordered
    ]  # fmt: skip


def _shown(row: Quarantined) -> dict[str, Any]:
    """Return an unreadable row as quarantine.jsonl has it, clipped."""
    return {
        name: value[:_EXCERPT] if name.startswith("raw") else value
        for name, value in row.to_dict().items()
    }
