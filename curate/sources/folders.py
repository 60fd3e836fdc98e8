"""The data files below a folder, of this machine or of a store."""

import json
import os
from collections.abc import Iterator
from typing import Protocol

from curate.errors import SourceError
from curate.sources.source import file_format

__all__ = ["SPLITS", "Folders", "LocalFolders", "files_below"]

SPLITS = ("train", "validation", "test")


class Folders(Protocol):
    """What is asked of folders."""

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder; SourceError where it cannot be read."""

    def is_folder(self, path: str) -> bool:
        """Return whether a path leads to a folder."""

    def read(self, path: str) -> bytes | None:
        """Return what a file holds; None where there is none."""

    def identity(self, folder: str) -> str:
        """Return what is the same for all paths that lead to one folder."""

    def join(self, folder: str, name: str) -> str:
        """Return the path of what lies in a folder."""


class LocalFolders:
    """The folders of this machine."""

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder."""
        try:
            return os.listdir(folder)
        except OSError as error:
            raise SourceError(f"folder {folder} cannot be read: {error.strerror}") from error

    def read(self, path: str) -> bytes | None:
        """Return what a file holds; None where there is none that can be read."""
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            return None

    def is_folder(self, path: str) -> bool:
        """Return whether a path leads to a folder."""
        return os.path.isdir(path)

    def identity(self, folder: str) -> str:
        """Return the path without links."""
        return os.path.realpath(folder)

    def join(self, folder: str, name: str) -> str:
        """Return the path of what lies in a folder."""
        return os.path.join(folder, name)


def files_below(folders: Folders, folder: str, seen: set[str | None]) -> Iterator[tuple[str, str]]:
    """Yield the data files below a folder, sorted; of a dataset directory its splits alone.

    Folders in `seen` are passed over, and a folder to which several links lead is gone through
    once.

    Raises:
        SourceError: a folder cannot be read, or is a dataset directory that is not whole.
    """
    real = folders.identity(folder)
    if real in seen:
        return
    seen.add(real)
    entries = sorted(entry for entry in folders.names(folder) if not entry.startswith("."))
    listed = _listed(folders, folder, entries)
    if listed is not None:
        names = ((f"{split}.{form}", split) for split in SPLITS for form in ("jsonl", "parquet"))
        yield from ((folders.join(folder, name), split) for name, split in names if name in listed)
        return
    if {"dropped.jsonl", "quarantine.jsonl"} <= set(entries):
        raise SourceError(f"{folder} is an unfinished dataset directory: it has no manifest.json. "
                          "Finish it, or name its files one by one")  # fmt: skip
    for entry in entries:
        path = folders.join(folder, entry)
        if folders.is_folder(path):
            yield from files_below(folders, path, seen)
        elif file_format(entry)[0]:
            yield path, ""


def _listed(folders: Folders, folder: str, entries: list[str]) -> list[object] | None:
    """Return the files that the manifest of a dataset directory lists; None for other folders."""
    path = folders.join(folder, "manifest.json")
    stored = folders.read(path) if "manifest.json" in entries else None
    try:
        manifest = json.loads(stored) if stored is not None else None
    except ValueError:
        return None
    if not isinstance(manifest, dict) or "schema_version" not in manifest:
        return None
    try:
        return [output["path"] for output in manifest["outputs"]]
    except (KeyError, TypeError) as error:
        raise SourceError(
            f"{path}: its outputs are none; `curate audit {folder}` says more"
        ) from error
