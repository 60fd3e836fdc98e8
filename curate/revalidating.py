"""Check that a dataset directory is what its steps make of its own records."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from curate.dataset import (
    CLUSTERS,
    RESTORED,
    KeptReferences,
    read_ledger,
    read_lines,
    read_manifest,
)
from curate.dataset.edits import EditIndex, undo
from curate.dataset.names import WITHHELD
from curate.dataset.order import in_reading_order, is_recorded
from curate.dataset.writer import versions
from curate.engines import Edit
from curate.errors import DatasetError, clip
from curate.mixing import PART
from curate.records import Dropped, Record
from curate.rerunning import Exemptions, Item, Rerun, rebuild
from curate.splitting.planning import STEP as SPLIT
from curate.steps import STEPS, RecordStep
from curate.steps.mix import Mix

__all__ = ["other_version", "revalidate"]


def revalidate(directory: Path) -> str:
    """Return what was checked: each record, as it was read, meets the same fate again.

    The edits are undone, and the steps run over the records with the settings in the manifest,
    verdicts that `--restore` set aside being set aside again. A directory of another version is
    left alone, and so is a step that compares records where their order of reading is not sure (a
    source was a dataset directory) and may count.

    Raises:
        DatasetError: the first record that comes out in another way.
    """
    manifest = read_manifest(directory)
    if WITHHELD in manifest:
        return "not run again: what was dropped and edited was not published"
    entries = [step for step in manifest["steps"] if step["name"] != SPLIT]
    names = [step["name"] for step in entries]
    if odd := other_version(manifest, names):
        return f"not run again: {odd}, and another version may decide otherwise"
    by_name = {step.name: step for step in STEPS}
    sure = not is_recorded(manifest)
    steps = rebuild(
        entries,
        lambda index: sure or issubclass(by_name[names[index]], (RecordStep, Mix)),
        f"{directory}/manifest.json",
    )
    aside = frozenset((row["step"], row["id"]) for row in read_ledger(directory / RESTORED))
    with EditIndex(directory) as edits:
        left = {name for name, step in zip(names, steps, strict=True) if step is None}
        judge = _Judge(directory, edits, left)
        exempt, references = Exemptions(records=aside), partial(KeptReferences, directory)
        rerun = Rerun(steps, names, edits, exempt, judge, references)
        for item in rerun.run(_items(directory, manifest, names, edits, steps)):
            judge.keep(item)
        judge.finish()
    ran = ", ".join(name for name, step in zip(names, steps, strict=True) if step) or "no step"
    return f"{judge.records} records, as they were read, meet the same fate again: {ran}"


def other_version(manifest: dict[str, Any], names: Sequence[str]) -> str:
    """Return what the directory was written with that is not here; empty if it is all the same."""
    here = versions()
    odd = {name: v for name, v in manifest["versions"].items() if here.get(name) != v}
    if odd:
        return ", ".join(f"written with {name} {clip(version)}" for name, version in odd.items())
    known = {step.name for step in STEPS}
    return ", ".join(f"step {clip(name)} is not known here" for name in names if name not in known)


def _items(
    directory: Path,
    manifest: dict[str, Any],
    names: list[str],
    edits: EditIndex,
    steps: list[Any],
) -> Iterator[Item]:
    for split, was in in_reading_order(directory, manifest):
        if isinstance(was, Dropped) and was.step == SPLIT:
            was = was.record  # all the other steps kept it
        record = was.record if isinstance(was, Dropped) else was
        fate = names.index(was.step) if isinstance(was, Dropped) else len(names)
        trusted = fate < len(names) and steps[fate] is None
        if record.id in edits.ids:
            record = undo(record, edits.of(record.id))
        yield Item(record, 0, fate, was, trusted, split)


class _Judge:
    """Compares what comes out of the steps with what the directory says.

    Args:
        directory: what is judged.
        edits: of its records.
        left: names of the steps that do not run again.

    """

    def __init__(self, directory: Path, edits: EditIndex, left: Collection[str]) -> None:
        self.records = 0
        self._directory = directory
        self._edits = edits
        lines = enumerate(read_lines(directory / CLUSTERS), 1)
        self._clusters = ((number, row) for number, row in lines if row["step"] not in left)
        self._last = 0

    def keep(self, item: Item) -> None:
        """Raise unless the record was kept as it comes out."""
        if isinstance(item.was, Dropped):
            raise self._fault(
                item, f"was dropped by {item.was.step} as {item.was.reason}, and passes"
            )
        self._compare(item, item.record, item.was)

    def drop(self, item: Item, verdict: Dropped) -> None:
        """Raise unless the record was dropped so."""
        said = f"{verdict.step} drops it as {verdict.reason}"
        if not isinstance(item.was, Dropped):
            raise self._fault(item, f"was kept, and {said}")
        if (item.was.step, item.was.reason) != (verdict.step, verdict.reason):
            raise self._fault(
                item, f"was dropped by {item.was.step} as {item.was.reason}, and {said}"
            )
        if item.was.evidence != orjson.loads(orjson.dumps(verdict.evidence)):
            raise self._fault(
                item,
                f"was dropped with the evidence {clip(item.was.evidence)}, and {said} with "
                f"{clip(verdict.evidence)}",
            )
        self._compare(item, verdict.record, item.was.record)

    def set_aside(self, item: Item, verdict: Dropped) -> None:
        """Let the record go on: the directory says that it was restored."""

    def cluster(self, step: str, row: dict[str, Any]) -> None:
        """Raise unless the next line of clusters.jsonl says so."""
        self._last, said = next(self._clusters, (self._last + 1, None))
        if said != orjson.loads(orjson.dumps({"step": step, **row})):
            place = f"{self._directory / CLUSTERS}:{self._last}"
            raise DatasetError(f"{place}: the step {step} finds {_what(row)} there")

    def finish(self) -> None:
        """Raise if a step that ran did not find all that clusters.jsonl says."""
        for number, row in self._clusters:
            place = f"{self._directory / CLUSTERS}:{number}"
            raise DatasetError(f"{place}: the step {clip(row['step'])} does not find {_what(row)}")

    def _compare(self, item: Item, record: Record, was: Record) -> None:
        self.records += 1
        if record != was:
            raise self._fault(item, "has other texts when the steps are run again")
        edits: list[Edit] = self._edits.of(record.id) if record.id in self._edits.ids else []
        if edits != item.edits:
            raise self._fault(item, f"has {len(edits)} edits, the steps make {len(item.edits)}")

    def _fault(self, item: Item, what: str) -> DatasetError:
        return DatasetError(f"{self._directory}: record {clip(item.record.id)} {what}")


def _what(row: dict[str, Any]) -> str:
    """Return in a few words what a line of clusters.jsonl says."""
    if row["kind"] != PART:
        return clip(row["ids"])
    numbers = (f"{row[name]} {name}" for name in ("available", "planned", "realised"))
    return f"other numbers of {clip(row['set'])} ({', '.join(numbers)})"
