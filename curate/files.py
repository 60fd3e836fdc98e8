"""Write files and folders so that what is there is whole, and nothing of others is touched."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from curate.errors import DatasetError, clip

__all__ = ["claim", "replace_file", "staged_file", "sync_directory", "write_durably", "writing"]


def claim(directory: Path, names: Collection[str], marks: Collection[str], what: str) -> set[str]:
    """Return what a folder that is to be written holds already; nothing if it is not there yet.

    Args:
        directory: the folder.
        names: every name that such a folder may hold.
        marks: names of which a folder of ours holds one.
        what: what such a folder is called.

    Raises:
        DatasetError: it is a file or a dead link, cannot be looked into, or holds what is not ours.
    """
    with writing(directory):
        if directory.is_symlink() and not directory.exists():
            raise DatasetError(f"{directory}: is a link that leads nowhere; name a folder to write")
        if directory.exists() and not directory.is_dir():
            raise DatasetError(f"{directory}: is a file; name a folder to write")
        found = {entry.name for entry in directory.iterdir()} if directory.is_dir() else set()
    # With no mark the names may be ours, but no run of ours began here.
    foreign = sorted(found - set(names) if found & set(marks) else found)
    if foreign:
        raise DatasetError(
            f"{directory}: holds {clip(foreign[0])} and is no {what}; name a new or empty folder"
        )
    return found


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """Turn a failed write into one line that names the directory and the reason."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError(f"{directory}: cannot be written: {reason}") from error


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def staged_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file that stands under its name once it is whole, and not at all if a run fails.

    Raises:
        DatasetError: it cannot be written.
    """
    staged = path.with_name(f"{path.name}.tmp")
    with writing(path):
        file = staged.open("wb", buffering=1 << 20)
    try:
        yield file
        with writing(path):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            staged.replace(path)
            sync_directory(path.parent)
    except BaseException:
        with suppress(OSError):  # what is still buffered is not wanted
            file.close()
        staged.unlink(missing_ok=True)
        raise


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    staged = path.with_name(f"{path.name}.tmp")
    write_durably(staged, data)
    staged.replace(path)


def sync_directory(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "nt":
        return  # Windows has no handle of a folder to sync
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
