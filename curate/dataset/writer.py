"""Write a dataset directory: staged, fsynced, renamed, the manifest last."""

import contextlib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from curate import __version__
from curate.dataset.digest import ContentDigest
from curate.dataset.mixture import Mixture
from curate.dataset.names import (
    CLUSTERS,
    FILES,
    LEDGERS,
    MANIFEST,
    REFERENCES,
    RESTORED,
    SCHEMA_VERSION,
)
from curate.dataset.staging import STAGING, Sizes, Staging
from curate.engines import Edit
from curate.errors import DatasetError
from curate.files import claim, write_durably, writing
from curate.records import Dropped, Quarantined, Record, Reference
from curate.reporting.languages import LanguageSample
from curate.reporting.preferences import PreferenceCounts

__all__ = ["DatasetWriter", "versions"]


def versions() -> dict[str, str]:
    """Return the versions of what decides on the bytes of a dataset directory."""
    libraries = ("ftfy", "orjson", "phonenumberslite", "py3langid", "tokenizers")
    return {
        "curate": __version__,
        **{name: version(name) for name in libraries},
        "unicode": unicodedata.unidata_version,
    }


class DatasetWriter:
    """A dataset directory in the making; nothing of it counts until `commit`.

    Files grow in `DIR/.staging`. `commit` fsyncs them, moves them up and renames the manifest
    last: a directory without a manifest is unfinished, one with a manifest is whole. Used as a
    context manager, it removes what it staged if the run fails before it noted a checkpoint.

    Args:
        directory: the folder to write.
        overwrite: whether it may hold a dataset.
        run: what tells this run from others; noted beside what is staged.
        sizes: the staged files of a run that stopped, to go on with.

    Raises:
        DatasetError: the directory holds a dataset and `overwrite` is false, holds files that no
            dataset directory has, or cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        *,
        overwrite: bool = False,
        run: Mapping[str, Any] | None = None,
        sizes: Sizes | None = None,
    ) -> None:
        self.directory = directory
        self.staging = Staging(directory, run or {})
        self.stages: dict[str, int] = {}
        self._digest = ContentDigest()
        self._licenses: Counter[tuple[str, str]] = Counter()
        self._mixture = Mixture()
        self._languages = LanguageSample()
        self._preferences = PreferenceCounts()
        self._last: tuple[Record | None, bytes] = (None, b"")
        self._check_target(overwrite or sizes is not None)
        self.staging.begin(sizes)
        for name in ("train.jsonl", *LEDGERS):
            self.staging.open(name)
        if sizes and "train.jsonl" in sizes:
            for record in self.records("train.jsonl"):
                self._note("train", record)

    def _check_target(self, overwrite: bool) -> None:
        path = self.directory
        names, marks = (*FILES, STAGING), (MANIFEST, STAGING)
        found = claim(path, names, marks, "dataset directory")
        if folders := [name for name in FILES if (path / name).is_dir()]:
            raise DatasetError(
                f"{path}: holds a folder {folders[0]}, where a file of that name is to be "
                "written; name a new or empty folder"
            )
        if MANIFEST in found and not overwrite:
            raise DatasetError(f"{path}: holds a dataset; pass --overwrite to replace it")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.staging.close()
        if kind is not None and self.staging.noted:
            return  # another run can go on from here
        with contextlib.suppress(DatasetError):
            self.staging.remove()

    def keep(self, record: Record, split: str = "train") -> None:
        """Write a record of a split, as often as the mix says that it is there."""
        for each in (record, *self._mixture.copies(record)):
            self._note(split, each)
            self.spool(f"{split}.jsonl", each)

    def _note(self, split: str, record: Record) -> None:
        """Take in what the manifest says of the records."""
        self._digest.add(split, record)
        self._licenses[record.source, record.license] += 1
        self._languages.add(record)
        self._preferences.add(record)

    def spool(self, name: str, record: Record) -> None:
        """Write a record to a staged file."""
        if record is not self._last[0]:  # one that goes through a spool is a line already
            self._last = record, _line(record.to_dict())
        self.staging.open(name).write(self._last[1])

    def records(self, name: str) -> Iterator[Record]:
        """Yield the records of a staged file."""
        file = self.staging.open(name)
        file.flush()
        with file.path.open("rb") as lines:
            for line in lines:
                record = Record.from_dict(orjson.loads(line))
                self._last = record, line
                yield record

    def drop(self, dropped: Dropped) -> None:
        """Write a line of dropped.jsonl."""
        self._ledger("dropped.jsonl", dropped.step, dropped.to_dict())

    def quarantine(self, row: Quarantined) -> None:
        """Write a line of quarantine.jsonl."""
        self.staging.open("quarantine.jsonl").write(_line(row.to_dict()))

    def edit(self, edit: Edit, record: Record | None = None) -> None:
        """Write a line of edits.jsonl; it says all without the record."""
        self._ledger("edits.jsonl", edit.step, edit.to_dict())

    def cluster(self, step: str, row: dict[str, Any]) -> None:
        """Write a line of clusters.jsonl."""
        self._mixture.note(row)
        self._ledger(CLUSTERS, step, {"step": step, **row})

    def reference(self, step: str, reference: Reference) -> None:
        """Write a line of references.jsonl."""
        row = {"step": step, "set": reference.set, "record": reference.record.to_dict()}
        self._ledger(REFERENCES, step, row)

    def _ledger(self, name: str, step: str, row: dict[str, Any]) -> None:
        """Write a line to the ledger of the step's stage: 0 has the file itself."""
        if stage := self.stages.get(step, 0):
            name = f"{stage}.{name}"
        self.staging.open(name).write(_line(row))

    def restored(self, row: dict[str, Any]) -> None:
        """Write a line of restored.jsonl."""
        self.staging.open(RESTORED).write(_line(row))

    def copy(self, name: str, row: dict[str, Any]) -> None:
        """Write a line that another dataset directory has in this file."""
        self.staging.open(name).write(_line(row))

    def flush(self) -> None:
        """Let those who open the staged files see all of them."""
        for file in self.staging.files.values():
            file.flush()

    def write_text(self, name: str, text: str) -> None:
        """Stage a file of the directory that is for people: the card, the report."""
        with writing(self.directory):
            write_durably(self.staging.folder / name, text.encode())

    def gather(self) -> None:
        """Put the ledgers of the stages behind one another."""
        stages = sorted(set(self.stages.values()))
        for name in (*LEDGERS, REFERENCES):
            parts = [f"{stage}.{name}" for stage in stages]
            if name in LEDGERS or any(part in self.staging.files for part in parts):
                self.staging.append(name, parts)

    def manifest(
        self, *, command: str, account: dict[str, Any], seed: int | None
    ) -> dict[str, Any]:
        """Return the manifest of what was written so far."""
        outputs = [
            {"path": name, "sha256": file.sha256, "rows": file.rows}
            for name, file in self.staging.files.items()
            if name in FILES
        ]
        licenses: Counter[str] = Counter()
        for (_, license), number in self._licenses.items():
            licenses[license] += number
        repeated = self._mixture.repeated
        mixing = self._mixture.entry(account["steps"], self._licenses)
        return {
            "schema_version": SCHEMA_VERSION,
            "command": command,
            "sources": account["sources"],
            **({"references": found} if (found := account.get("references")) else {}),
            "steps": account["steps"],
            **({"rounds": found} if (found := account.get("rounds")) else {}),
            "counts": {**account["counts"], **({"repeated": repeated} if repeated else {})},
            **({"mixing": mixing} if mixing else {}),
            "licenses": dict(sorted(licenses.items())),
            "languages": self._languages.shares(),
            **({"preferences": found} if (found := self._preferences.figures()) else {}),
            "outputs": sorted(outputs, key=lambda output: FILES.index(str(output["path"]))),
            "seed": seed,
            "digest": self._digest.hexdigest(),
            "versions": versions(),
        }

    def commit(self, manifest: dict[str, Any]) -> None:
        """Make the directory whole: files first, the manifest last by an atomic rename."""
        data = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        with writing(self.directory):
            write_durably(self.staging.folder / MANIFEST, data)
            names = [name for name in FILES if (self.staging.folder / name).exists()]
        self.staging.commit(names)


def _line(row: dict[str, Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
