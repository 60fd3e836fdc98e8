"""Bring dropped records back: what `curate clean DIR --restore` does."""

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from curate.account import Account
from curate.dataset import (
    CLUSTERS,
    REFERENCES,
    RESTORED,
    DatasetWriter,
    KeptReferences,
    audit,
    read_ledger,
    read_lines,
    read_manifest,
)
from curate.dataset.edits import EditIndex
from curate.dataset.order import in_reading_order
from curate.engines import Edit
from curate.records import Dropped, Quarantined, Record, Reference
from curate.reporting.report import write_pages
from curate.rerunning import Exemptions, Item, Rerun, rebuild
from curate.restorable import (
    check_outside,
    check_unrepeated,
    check_unsplit,
    find_exemptions,
)

__all__ = ["Restoration", "restore"]

Tally = Counter[tuple[str, str]]


@dataclass(slots=True)
class Restoration:
    """What came of restoring; each tally is of step and reason.

    Attributes:
        manifest: of the directory written.
        restored: verdicts that were set aside.
        again: restored records that a later step dropped.
        others: records whose fate changed although they were not asked for: kept before and
            dropped now, or the other way round, as a step compares them with what came back.

    """

    manifest: dict[str, Any] = field(default_factory=dict)
    restored: Tally = field(default_factory=Counter)
    again: Tally = field(default_factory=Counter)
    others: int = 0


def restore(
    source: Path, wanted: Sequence[str], target: Path, *, overwrite: bool = False
) -> Restoration:
    """Write `target`, the dataset of `source` with dropped records back in, and return the change.

    A restored record is exempt from the step that dropped it and from nothing else: the later
    steps, with the settings in the manifest, see it as if it had never been dropped, and a step
    that looks at records together looks at all of them again. Records that were kept are not run
    through the other steps again. The original files are not needed.

    Args:
        source: the dataset directory that `curate clean` wrote.
        wanted: each a STEP (all it dropped) or the id of a dropped record.
        target: the folder to write.
        overwrite: replace what an earlier run wrote in `target`.

    Raises:
        UsageError: the target is the source or lies in it, or a name is of no step and no record.
        DatasetError: the source is none that can be restored in, or nothing is there to restore.
    """
    check_outside(source, target)
    manifest = read_manifest(source)
    audit(source)
    check_unsplit(source, manifest)
    check_unrepeated(source, manifest)
    before = frozenset((row["step"], row["id"]) for row in read_ledger(source / RESTORED))
    names = [step["name"] for step in manifest["steps"]]
    exempt = find_exemptions(source, manifest["steps"], wanted)
    first = min(names.index(step) for step in [*exempt.steps, *(s for s, _ in exempt.records)])
    exempt = Exemptions(exempt.steps, exempt.records | before)
    steps = rebuild(manifest["steps"], lambda index: index > first, f"{source}/manifest.json")
    with EditIndex(source) as edits, DatasetWriter(target, overwrite=overwrite) as writer:
        for row in read_ledger(source / RESTORED):
            writer.restored(row)
        ledger = _Ledger(writer, names, before)
        rerun = Rerun(steps, names, edits, exempt, ledger, partial(KeptReferences, source))
        for item in rerun.run(_items(source, manifest, names)):
            ledger.keep(item)
        _copy(source, writer, ledger, [step.name for step in steps if step])
        account = _account(manifest, edits, rerun, ledger)
        account["rounds"] = [*manifest.get("rounds", ()), {"restore": [*wanted]}]
        result = writer.manifest(command="restore", account=account, seed=manifest["seed"])
        write_pages(writer, result)
        writer.commit(result)
    ledger.outcome.manifest = result
    return ledger.outcome


def _items(source: Path, manifest: dict[str, Any], names: list[str]) -> Iterator[Item]:
    for split, was in in_reading_order(source, manifest):
        if isinstance(was, Dropped):
            at = names.index(was.step)
            yield Item(was.record, at, at, was)
        else:
            yield Item(was, len(names), len(names), was, split=split)


class _Ledger:
    """Writes what comes out of the steps, and notes what is other than before."""

    def __init__(
        self, writer: DatasetWriter, names: Sequence[str], before: frozenset[tuple[str, str]]
    ) -> None:
        self.outcome = Restoration()
        self.kept = 0
        self.edits: list[Edit] = []
        self.cancelled: dict[str, int] = {}
        self._writer = writer
        self._names = names
        self._before = before
        self._back: set[str] = set()

    def keep(self, item: Item) -> None:
        """Write a record that passed."""
        self.kept += 1
        self.edits += item.edits
        self._writer.keep(item.record)
        self.outcome.others += isinstance(item.was, Dropped) and item.record.id not in self._back

    def drop(self, item: Item, verdict: Dropped) -> None:
        """Write a record that is out."""
        self.edits += item.edits
        self._writer.drop(verdict)
        at = self._names.index(verdict.step)
        if item.at > at:  # it had passed this step: what later ones changed never happened
            self.cancelled[verdict.record.id] = at
        self.outcome.others += isinstance(item.was, Record)
        if verdict.record.id in self._back:
            self.outcome.again[verdict.step, verdict.reason] += 1

    def set_aside(self, item: Item, verdict: Dropped) -> None:
        """Write a verdict that does not count, if that is not known from before."""
        row = verdict.to_dict()
        id = row.pop("record")["id"]
        if isinstance(item.was, Dropped):
            self._back.add(id)
        if (verdict.step, id) not in self._before:
            self._writer.restored({"id": id, **row})
            self.outcome.restored[verdict.step, verdict.reason] += 1

    def cluster(self, step: str, row: dict[str, Any]) -> None:
        """Write what a step found of several records together."""
        self._writer.cluster(step, row)

    def is_cancelled(self, edit: Edit) -> bool:
        """Return whether an edit belongs to a step that the record no longer reaches."""
        return self._names.index(edit.step) > self.cancelled.get(edit.id, len(self._names))


def _copy(source: Path, writer: DatasetWriter, ledger: _Ledger, asked: Collection[str]) -> None:
    """Write what still holds: unread rows, edits, clusters of steps that were not asked again."""
    for row in read_lines(source / CLUSTERS):
        if row["step"] not in asked:
            writer.cluster(row.pop("step"), row)
    for row in read_ledger(source / REFERENCES):
        writer.reference(row["step"], Reference(row["set"], Record.from_dict(row["record"])))
    for row in read_lines(source / "quarantine.jsonl"):
        writer.quarantine(Quarantined(**row))
    earlier = (Edit(**row) for row in read_lines(source / "edits.jsonl"))
    standing = (edit for edit in earlier if not ledger.is_cancelled(edit))
    for edit in itertools.chain(standing, ledger.edits):
        writer.edit(edit)


def _account(
    manifest: dict[str, Any], edits: EditIndex, rerun: Rerun, ledger: _Ledger
) -> dict[str, Any]:
    """Return the account of the manifest.

    Raises:
        AccountError: a record was lost on the way.
    """
    cancelled = {
        (edit.id, edit.step)
        for id in ledger.cancelled
        for edit in edits.of(id)
        if ledger.is_cancelled(edit)
    }
    undone = Counter(step for _, step in cancelled)
    account = Account(
        steps=rerun.counts,
        read=manifest["counts"]["read"],
        kept=ledger.kept,
        dropped=sum(count.dropped.total() for count in rerun.counts),
        quarantined=manifest["counts"]["quarantined"],
    )
    account.check()
    for count, entry in zip(rerun.counts, manifest["steps"], strict=True):
        count.settings = entry["settings"]
        count.edited += entry["edited"] - undone[count.name]
    return {
        "sources": manifest["sources"],
        "references": manifest.get("references"),
        "steps": [count.to_dict() for count in rerun.counts],
        "counts": account.counts(),
    }
