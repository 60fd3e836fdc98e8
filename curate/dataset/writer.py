"""Write a dataset directory: staged, fsynced, renamed, the manifest last."""

import hashlib
import os
import shutil
import unicodedata
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import orjson

from curate import __version__
from curate.dataset.digest import ContentDigest
from curate.dataset.names import FILES, LEDGERS, MANIFEST, SCHEMA_VERSION
from curate.engines import Edit
from curate.errors import DatasetError
from curate.files import claim, sync_directory, write_durably, writing
from curate.records import Dropped, Quarantined, Record

__all__ = ["DatasetWriter"]

_STAGING = ".staging"


class DatasetWriter:
    """A dataset directory in the making; nothing of it counts until `commit`.

    Files grow in `DIR/.staging`. `commit` fsyncs them, moves them up and renames the manifest
    last: a directory without a manifest is unfinished, one with a manifest is whole. Used as a
    context manager, it removes what it staged if the run fails.

    Raises:
        DatasetError: the directory holds a dataset and `overwrite` is false, holds files that no
            dataset directory has, or cannot be written.
    """

    def __init__(self, directory: Path, *, overwrite: bool = False) -> None:
        self.directory = directory
        self.staging = directory / _STAGING
        self._files: dict[str, _HashedLines] = {}
        self._digest = ContentDigest()
        self._check_target(overwrite)
        with writing(self.directory):
            directory.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.staging, ignore_errors=True)
            self.staging.mkdir()
            for name in ("train.jsonl", *LEDGERS):
                self._open(name)

    def _check_target(self, overwrite: bool) -> None:
        path = self.directory
        names, marks = (*FILES, _STAGING), (MANIFEST, _STAGING)
        found = claim(path, names, marks, "dataset directory")
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
        for file in self._files.values():
            file.discard()
        shutil.rmtree(self.staging, ignore_errors=True)
        if kind is not None and self.directory.is_dir() and not any(self.directory.iterdir()):
            self.directory.rmdir()

    def keep(self, record: Record, split: str = "train") -> None:
        """Write a record of a split."""
        self._digest.add(split, record)
        self._open(f"{split}.jsonl").write(record.to_dict())

    def drop(self, dropped: Dropped) -> None:
        """Write a line of dropped.jsonl."""
        self._open("dropped.jsonl").write(dropped.to_dict())

    def quarantine(self, row: Quarantined) -> None:
        """Write a line of quarantine.jsonl."""
        self._open("quarantine.jsonl").write(row.to_dict())

    def edit(self, edit: Edit) -> None:
        """Write a line of edits.jsonl."""
        self._open("edits.jsonl").write(edit.to_dict())

    def write_text(self, name: str, text: str) -> None:
        """Stage a file of the directory that is for people: the card, the report."""
        with writing(self.directory):
            write_durably(self.staging / name, text.encode())

    def manifest(
        self, *, command: str, account: dict[str, Any], seed: int | None
    ) -> dict[str, Any]:
        """Return the manifest of what was written so far."""
        outputs = [
            {"path": name, "sha256": file.sha256, "rows": file.rows}
            for name, file in self._files.items()
        ]
        return {
            "schema_version": SCHEMA_VERSION,
            "command": command,
            "sources": account["sources"],
            "steps": account["steps"],
            "counts": account["counts"],
            "outputs": sorted(outputs, key=lambda output: FILES.index(str(output["path"]))),
            "seed": seed,
            "digest": self._digest.hexdigest(),
            "versions": {
                "curate": __version__,
                "ftfy": version("ftfy"),
                "orjson": version("orjson"),
                "unicode": unicodedata.unidata_version,
            },
        }

    def commit(self, manifest: dict[str, Any]) -> None:
        """Make the directory whole: files first, the manifest last by an atomic rename."""
        data = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        with writing(self.directory):
            for file in self._files.values():
                file.close()
            write_durably(self.staging / MANIFEST, data)
            (self.directory / MANIFEST).unlink(missing_ok=True)
            for name in FILES[:-1]:
                staged = self.staging / name
                if staged.exists():
                    staged.replace(self.directory / name)
                else:
                    (self.directory / name).unlink(missing_ok=True)
            sync_directory(self.directory)
            (self.staging / MANIFEST).replace(self.directory / MANIFEST)
            sync_directory(self.directory)

    def _open(self, name: str) -> "_HashedLines":
        if name not in self._files:
            self._files[name] = _HashedLines(self.staging / name)
        return self._files[name]


class _HashedLines:
    """A file of JSON lines that knows its hash and its rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._hash = hashlib.sha256()
        self._file: BinaryIO = path.open("wb", buffering=1 << 20)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, row: dict[str, Any]) -> None:
        line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        self._hash.update(line)
        with writing(self.path.parent.parent):
            self._file.write(line)
        self.rows += 1

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Let go of the file of a run that failed; what is still buffered is not wanted."""
        try:
            self._file.close()
        except OSError:
            return
