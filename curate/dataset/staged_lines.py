"""A staged file of JSON lines, and how a run goes on with it."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from curate.errors import DatasetError
from curate.files import writing

__all__ = ["StagedLines", "damaged"]


def damaged(path: Path, what: str) -> DatasetError:
    """Return the error for something staged with which no run can go on."""
    return DatasetError(f"{path}: {what}; without --resume the run starts over")


class StagedLines:
    """A file of JSON lines that knows its hash and its rows."""

    def __init__(self, path: Path, state: Mapping[str, Any] | None = None) -> None:
        """Begin a file, or go on with one where its checkpoint says that it ended."""
        self.path = path
        self.rows = self.size = 0
        self._hash = hashlib.sha256()
        if state is not None:
            self._restore(int(state["size"]), str(state["sha256"]))
        self._file: BinaryIO = path.open("ab" if state is not None else "wb", buffering=1 << 20)

    def _restore(self, size: int, sha256: str) -> None:
        if not self.path.is_file() or self.path.stat().st_size < size:
            raise damaged(self.path, "is shorter than its checkpoint says")
        os.truncate(self.path, size)
        with self.path.open("rb") as file:
            for line in file:
                self._count(line)
        if self.sha256 != sha256:
            raise damaged(self.path, "is not what its checkpoint says")

    @property
    def sha256(self) -> str:
        """SHA-256 of what was written so far."""
        return self._hash.hexdigest()

    def write(self, line: bytes) -> None:
        r"""Write one line, its \n included."""
        self._count(line)
        try:
            self._file.write(line)
        except OSError:
            with writing(self.path.parent.parent):
                raise

    def _count(self, line: bytes) -> None:
        self._hash.update(line)
        self.rows += 1
        self.size += len(line)

    def flush(self) -> None:
        """Let those who open the file see all of it."""
        with writing(self.path.parent.parent):
            self._file.flush()

    def sync(self) -> dict[str, Any]:
        """Wait until all of it is on the disk, and return what a checkpoint says of it."""
        self.flush()
        with writing(self.path.parent.parent):
            os.fsync(self._file.fileno())
        return {"size": self.size, "sha256": self.sha256}

    def close(self) -> None:
        """Let go of the file; what is still buffered is lost where it cannot be written."""
        try:
            self._file.close()
        except OSError:
            return
