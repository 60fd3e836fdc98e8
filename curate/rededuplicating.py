"""Decide anew which records are duplicates: `curate clean DIR --set dedup.threshold=0.85`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.account import Account, StepCount
from curate.cleaning import check_left
from curate.dataset import (
    CLUSTERS,
    LEDGERS,
    RESTORED,
    DatasetWriter,
    KeptReferences,
    read_ledger,
    read_lines,
    read_manifest,
)
from curate.dataset.audit import check_files
from curate.dataset.names import OPTIONAL
from curate.dataset.order import in_reading_order
from curate.errors import DatasetError
from curate.records import Dropped, Record
from curate.reporting.report import write_pages
from curate.rerunning import rebuild
from curate.restorable import check_outside
from curate.revalidating import other_version
from curate.steps.dedup import Dedup

if TYPE_CHECKING:
    from curate.similarity.deciding import Decision

__all__ = ["is_deduplicated", "rededuplicate"]

_COMPARING = ("scope",)
"""The options of `dedup` that change what is compared: with the others the pairs are the same."""


def is_deduplicated(directory: Path) -> bool:
    """Return whether a path is a dataset directory whose records the step `dedup` compared."""
    try:
        return any(step["name"] == Dedup.name for step in read_manifest(directory)["steps"])
    except DatasetError:
        return False


def rededuplicate(
    source: Path,
    options: Mapping[str, object],
    target: Path,
    *,
    overwrite: bool = False,
    talk: Callable[[str], None] = lambda message: None,
) -> dict[str, Any]:
    """Write `target`, the dataset of `source` with other options of `dedup`; return its manifest.

    It is what `curate clean` would write with them from the original files, which are not needed:
    what the step dropped comes back, and it decides anew over all records that reached it. The
    pairs are those in clusters.jsonl. The records are compared again only if an option changes what
    is compared, or the file lacks something. Verdicts that `--restore` set aside stay so.

    Args:
        source: the dataset directory, written by `curate clean`.
        options: those that change; the others are those of the manifest.
        target: the folder to write.
        overwrite: replace what an earlier run wrote in `target`.
        talk: is told whether the records are compared again, and why.

    Raises:
        UsageError: the target is the source or lies in it.
        DatasetError: the source is none in which this can be done, or was changed by hand.
        SourceError: no record is left.
    """
    check_outside(source, target)
    manifest = read_manifest(source)
    _check(source, manifest)
    check_files(source, manifest)
    before, after = _steps(source, manifest, options)
    reached = _Reached(source, manifest)
    try:
        with DatasetWriter(target, overwrite=overwrite) as writer:
            decision = _decide(before, after, reached, source, manifest, talk)
            count = _write(source, writer, after, decision, reached)
            account = _account(manifest, count)
            if rounds := manifest.get("rounds"):
                account["rounds"] = [*rounds, {"dedup": before.model_dump(mode="json")}]
            command, seed = manifest["command"], manifest["seed"]
            result = writer.manifest(command=command, account=account, seed=seed)
            write_pages(writer, result)
            writer.commit(result)
    except (LookupError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{source}: was changed by hand ({error!r}); `curate audit` says where"
        ) from error
    check_left(result, target)
    return result


def _check(source: Path, manifest: dict[str, Any]) -> None:
    """Raise DatasetError if the step cannot be asked alone."""
    names = [step["name"] for step in manifest["steps"]]
    what = ""
    if manifest["command"] == "split" or "split" in names:
        what = "was written by `curate split`: do this in the directory that `curate clean` wrote, "
        what += "then split the result"
    elif odd := other_version(manifest, names):
        what = f"{odd}, and another version may decide otherwise: clean the original files again"
    elif names[-1] != Dedup.name:
        what = f"the step {names[-1]} came after {Dedup.name}: clean the original files again"
    if what:
        raise DatasetError(f"{source}: {what}")


def _steps(
    source: Path, manifest: dict[str, Any], options: Mapping[str, object]
) -> tuple[Dedup, Dedup]:
    """Return the step as it ran, and with other options."""
    (before,) = rebuild(manifest["steps"][-1:], lambda index: True, f"{source}/manifest.json")
    if not isinstance(before, Dedup):
        raise TypeError(f"{before!r} is not what rebuild makes of this entry")
    return before, Dedup(**{**before.model_dump(), **options})


@dataclass(frozen=True, slots=True)
class _Reached:
    """The records of a directory that reached its last step, in the order in which they did."""

    directory: Path
    manifest: Mapping[str, Any]

    def __iter__(self) -> Iterator[Record]:
        found = in_reading_order(self.directory, self.manifest, [Dedup.name])
        return (item.record if isinstance(item, Dropped) else item for _, item in found)


def _decide(
    before: Dedup,
    after: Dedup,
    reached: _Reached,
    source: Path,
    manifest: Mapping[str, Any],
    talk: Callable[[str], None],
) -> "Decision":
    from curate.similarity.clustering import find_clusters, recall_clusters

    changed = [name for name in _COMPARING if getattr(before, name) != getattr(after, name)]
    if changed:
        why = f"{Dedup.name}.{changed[0]} is another one"
    else:
        lines = [row for row in read_lines(source / CLUSTERS) if row["step"] == Dedup.name]
        try:
            references = KeptReferences(source, Dedup.name)
            decision = recall_clusters(reached, lines, after.policy(), references)
        except (LookupError, TypeError, ValueError):
            why = f"{CLUSTERS} lacks what is needed"
        else:
            talk(f"decided anew from the pairs in {CLUSTERS}; no record was compared again")
            return decision
    if any(entry["step"] == Dedup.name for entry in manifest.get("references") or ()):
        raise DatasetError(
            f"{source}: {why}, and the records were compared with another set, of which not all is "
            "here: clean the original files again"
        )
    talk(f"comparing all records again: {why}")
    return find_clusters(reached, after.policy())


def _write(
    source: Path, writer: DatasetWriter, step: Dedup, decision: "Decision", reached: _Reached
) -> StepCount:
    """Write every file but the manifest and return what the step did."""
    _copy(source, writer)
    for line in decision.lines():
        writer.cluster(step.name, line)
    aside = {row["id"] for row in read_ledger(source / RESTORED) if row["step"] == step.name}
    count = StepCount(step.name, step.model_dump(mode="json"))
    for record, verdict in decision.fates(reached):
        count.seen += 1
        if verdict is None or record.id in aside:
            writer.keep(record)
        else:
            count.dropped[verdict.reason] += 1
            writer.drop(Dropped(record, step.name, *verdict))
    return count


def _copy(source: Path, writer: DatasetWriter) -> None:
    """Write what the step has no part in."""
    for name in (*LEDGERS, *OPTIONAL):
        own = name in ("dropped.jsonl", CLUSTERS)
        for row in read_ledger(source / name):
            if not (own and row["step"] == Dedup.name):
                writer.copy(name, row)


def _account(manifest: dict[str, Any], count: StepCount) -> dict[str, Any]:
    """Return the account of the manifest.

    Raises:
        AccountError: a record was lost on the way.
    """
    earlier = [StepCount(entry["name"], entry["settings"]) for entry in manifest["steps"][:-1]]
    for step, entry in zip(earlier, manifest["steps"], strict=False):
        step.restore(entry)
    steps = [*earlier, count]
    account = Account(
        steps=steps,
        read=manifest["counts"]["read"],
        kept=count.kept,
        dropped=sum(step.dropped.total() for step in steps),
        quarantined=manifest["counts"]["quarantined"],
    )
    account.check()
    return {
        "sources": manifest["sources"],
        "references": manifest.get("references"),
        "steps": [step.to_dict() for step in steps],
        "counts": account.counts(),
    }
