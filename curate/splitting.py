"""Split a dataset directory so that what belongs together stays together."""

import hashlib
import os
from collections import Counter
from pathlib import Path

from curate.dataset import (
    CLUSTERS,
    LEDGERS,
    REFERENCES,
    RESTORED,
    DatasetWriter,
    audit,
    read_ledger,
    read_lines,
    read_manifest,
    read_records,
)
from curate.engines import Edit
from curate.errors import DatasetError, UsageError
from curate.records import Dropped, Quarantined, Record, Reference, content_hash
from curate.reporting.report import write_pages
from curate.text import fold

__all__ = ["split_dataset", "split_of"]


def split_of(record: Record, *, validation: float, test: float, seed: int) -> str:
    """Return the split of a record: `train`, `validation` or `test`.

    Records with the same context go together, records without one by the same prompt. The hash
    of that group decides and nothing else, so that more records move no old one.

    >>> a = Record(id="a:1", instruction="Who?", context="Tom has a ball.", output="Tom.")
    >>> b = Record(id="a:2", instruction="What?", context="Tom has a  ball.", output="A ball.")
    >>> halves = [split_of(r, validation=0.5, test=0.0, seed=0) for r in (a, b)]
    >>> halves[0] == halves[1]
    True
    """
    if isinstance(record.context, str) and record.context.strip():
        group = ["context", fold(record.context)]
    else:
        unanswered = record.with_fields(output="", context="")
        group = ["prompt", *(fold(text) for text in unanswered.content())]
    digest = hashlib.blake2b(f"{seed}:{content_hash(group)}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest) / 2**64
    if place < test:
        return "test"
    return "validation" if place < test + validation else "train"


def split_dataset(
    source: Path,
    target: Path,
    *,
    validation: float = 0.05,
    test: float = 0.05,
    seed: int = 0,
    overwrite: bool = False,
) -> dict[str, int]:
    """Write `target`, the dataset of `source` in splits, and return the records in each.

    The ledgers come along, so that the account and `explain` still tell the whole story.

    Raises:
        UsageError: shares that leave nothing to train on, or the target is the source.
        DatasetError: the source is no dataset directory, or the target cannot be written.
    """
    if not (0 <= validation and 0 <= test and validation + test < 1):
        raise UsageError(
            f"--validation {validation} and --test {test}: both at least 0, together below 1"
        )
    if os.path.realpath(source) == os.path.realpath(target):
        raise UsageError(f"{target}: is the source; name another folder with -o")
    audit(source)
    manifest = read_manifest(source)
    counts: Counter[str] = Counter()
    with DatasetWriter(target, overwrite=overwrite) as writer:
        for _, record in read_records(source):
            split = split_of(record, validation=validation, test=test, seed=seed)
            counts[split] += 1
            writer.keep(record, split)
        if counts["train"] == 0:
            raise DatasetError(f"{source}: nothing would be left to train on: {dict(counts)}")
        _copy_ledgers(source, writer)
        settings = {"validation": validation, "test": test, "seed": seed}
        kept = manifest["counts"]["kept"]
        step = {"name": "split", "settings": settings, "in": kept, "kept": kept}
        account = {
            "sources": manifest["sources"],
            "references": manifest.get("references"),
            "rounds": manifest.get("rounds"),
            "steps": [*manifest["steps"], {**step, "edited": 0, "dropped": {}}],
            "counts": manifest["counts"],
        }
        result = writer.manifest(command="split", account=account, seed=seed)
        write_pages(writer, result)
        writer.commit(result)
    return dict(counts)


def _copy_ledgers(source: Path, writer: DatasetWriter) -> None:
    for name in LEDGERS:
        for row in read_lines(source / name):
            if name == "dropped.jsonl":
                writer.drop(Dropped(**{**row, "record": Record.from_dict(row["record"])}))
            elif name == "quarantine.jsonl":
                writer.quarantine(Quarantined(**row))
            elif name == CLUSTERS:
                writer.cluster(row.pop("step"), row)
            else:
                writer.edit(Edit(**row))
    for row in read_ledger(source / REFERENCES):
        writer.reference(row["step"], Reference(row["set"], Record.from_dict(row["record"])))
    for row in read_ledger(source / RESTORED):
        writer.restored(row)
