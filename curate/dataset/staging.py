"""Files in the making: grown in a folder of their own, then moved up together."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from curate.dataset.names import FILES, MANIFEST
from curate.dataset.staged_lines import StagedLines, damaged
from curate.errors import DatasetError, clip
from curate.files import replace_file, sync_directory, writing

__all__ = ["COMMIT", "STAGING", "Sizes", "Staging", "read_state"]

STAGING = ".staging"
_STATE = "checkpoint.json"
COMMIT = "commit"
_NAME = re.compile(
    "|".join(map(re.escape, (*FILES, _STATE, f"{_STATE}.tmp")))
    + r"|\d+\.(passed|dropped|edits|clusters|references)\.jsonl"
)
"""Names that a run gives to what it stages."""

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
        raise damaged(path, str(error)) from error
    if not isinstance(state, dict):
        raise damaged(path, "it is no JSON object")
    return state


class Staging:
    """The folder `DIR/.staging`, what is noted in it, and the way up from it.

    Attributes:
        directory: the folder above, in which the files stand in the end.
        run: what tells this run from others.
        files: the files of lines, by name.
        noted: whether a checkpoint is there, from which another run can go on.

    Raises:
        DatasetError: the folder is there and is not one that a run of ours made.
    """

    def __init__(self, directory: Path, run: Mapping[str, Any]) -> None:
        self.directory = directory
        self.run = run
        self.folder = directory / STAGING
        self.files: dict[str, StagedLines] = {}
        self.noted = False
        self._check_ours()

    def _check_ours(self) -> None:
        """Raise if something else has the name of the folder, or lies in it."""
        with writing(self.directory):
            odd = []
            if self.folder.is_symlink() or self.folder.is_file():
                odd = [self.folder]
            elif self.folder.is_dir():
                odd = sorted(path for path in self.folder.iterdir() if not _is_staged(path))
        if odd:
            raise DatasetError(
                f"{clip(str(odd[0]), 200)}: is not what a run of ours leaves there; move it away, "
                "or name another folder"
            )

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
                    raise damaged(self.folder / _STATE, f"{clip(name)} is no name of a staged file")
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
            raise damaged(self.folder / lost[0], "is lost")
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
            path.unlink()


def _is_staged(path: Path) -> bool:
    """Return whether a run may have put this into the folder: a plain file with such a name."""
    return _NAME.fullmatch(path.name) is not None and path.is_file() and not path.is_symlink()
