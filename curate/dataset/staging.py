"""Files in the making: grown in a folder of their own, then moved up together."""

import hashlib
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from curate.dataset.names import FILES, MANIFEST
from curate.errors import DatasetError, clip
from curate.files import replace_file, sync_directory, writing

__all__ = ["COMMIT", "STAGING", "Sizes", "StagedLines", "Staging", "read_state"]

STAGING = ".staging"
_STATE = "checkpoint.json"
COMMIT = "commit"

Sizes = Mapping[str, Mapping[str, Any]]
"""What a checkpoint says of its files: name to size in bytes and SHA-256."""


def read_state(directory: Path) -> dict[str, Any]:
    """Return what an unfinished run noted last in `DIR/.staging`; empty if it noted nothing.

    Raises:
        DatasetError: it cannot be read.
    """
    path = directory / STAGING / _STATE
    try:
        state = orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(state, dict):
        raise _damaged(path, "it is no JSON object")
    return state


def _damaged(path: Path, what: str) -> DatasetError:
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
            raise _damaged(self.path, "is shorter than its checkpoint says")
        os.truncate(self.path, size)
        with self.path.open("rb") as file:
            for line in file:
                self._count(line)
        if self.sha256 != sha256:
            raise _damaged(self.path, "is not what its checkpoint says")

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


class Staging:
    """The folder `DIR/.staging`, what is noted in it, and the way up from it.

    Attributes:
        directory: the folder above, in which the files stand in the end.
        run: what tells this run from others.
        files: the files of lines, by name.
        noted: whether a checkpoint is there, from which another run can go on.

    """

    def __init__(self, directory: Path, run: Mapping[str, Any]) -> None:
        self.directory = directory
        self.run = run
        self.folder = directory / STAGING
        self.files: dict[str, StagedLines] = {}
        self.noted = False

    def begin(self, sizes: Sizes | None = None) -> None:
        """Make the folder, empty, or with the files that a checkpoint holds as it says."""
        with writing(self.directory):
            if sizes is None:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._empty()  # but leave it: without a manifest it is what marks the directory
                return
            self.noted = True
            for name, state in sizes.items():
                if Path(name).name != name:
                    raise _damaged(
                        self.folder / _STATE, f"{clip(name)} is no name of a staged file"
                    )
                self.files[name] = StagedLines(self.folder / name, state)

    def open(self, name: str) -> StagedLines:
        """Return a file of lines, begun if it is not open yet."""
        if name not in self.files:
            with writing(self.directory):
                self.files[name] = StagedLines(self.folder / name)
        return self.files[name]

    def append(self, name: str, parts: Iterable[str]) -> None:
        """Write the lines of other files behind those of one."""
        target = self.open(name)
        for part in parts:
            if part in self.files:
                self.files[part].flush()
                with writing(self.directory), self.files[part].path.open("rb") as file:
                    for line in file:
                        target.write(line)

    def drop(self, name: str) -> None:
        """Remove a file that no one needs any more."""
        if file := self.files.pop(name, None):
            file.close()
            with writing(self.directory):
                file.path.unlink(missing_ok=True)

    def note(self, state: Mapping[str, Any], names: Iterable[str]) -> None:
        """Put a checkpoint on the disk: what is said of the run, and the files as they stand."""
        sizes = {name: self.files[name].sync() for name in names}
        self._write_state({**state, "files": sizes})

    def _write_state(self, state: Mapping[str, Any]) -> None:
        data = orjson.dumps(
            {"run": self.run, **state}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
        with writing(self.directory):
            replace_file(self.folder / _STATE, data)
            self.noted = True
            sync_directory(self.folder)

    def commit(self, names: Collection[str]) -> None:
        """Move staged files up. Once that is noted, `publish` can end what was begun."""
        for name in names:
            if name in self.files:
                self.files[name].sync()
        self.close()
        self._write_state({COMMIT: list(names)})
        self.publish(names)

    def publish(self, names: Collection[str]) -> None:
        """Make the directory whole: the old manifest goes first, the new one comes last.

        It may have been broken off anywhere and is then called again.
        """
        lost = [
            n for n in names if not ((self.folder / n).exists() or (self.directory / n).exists())
        ]
        if lost:
            raise _damaged(self.folder / lost[0], "is lost")
        with writing(self.directory):
            if (self.folder / MANIFEST).exists():
                (self.directory / MANIFEST).unlink(missing_ok=True)
                sync_directory(self.directory)
                for name in FILES[:-1]:
                    if name not in names:
                        (self.directory / name).unlink(missing_ok=True)
                    elif (self.folder / name).exists():
                        (self.folder / name).replace(self.directory / name)
                sync_directory(self.directory)
                (self.folder / MANIFEST).replace(self.directory / MANIFEST)
                sync_directory(self.directory)

    def close(self) -> None:
        """Let go of every file."""
        for file in self.files.values():
            file.close()

    def remove(self) -> None:
        """Remove the folder, and a directory that holds nothing else.

        An unfinished directory that holds more keeps the folder as its mark.
        """
        with writing(self.directory):
            if not self.folder.is_dir():
                return
            self._empty()
            others = {path.name for path in self.directory.iterdir()} - {STAGING}
            if not others or MANIFEST in others:
                self.folder.rmdir()
            if not others:
                self.directory.rmdir()

    def _empty(self) -> None:
        """Remove what the folder holds, the note first: nothing goes on with half of the rest."""
        (self.folder / _STATE).unlink(missing_ok=True)
        for path in self.folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
