"""Files that a verb writes where the user says: new, or an earlier one of ours, never a source."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from curate.errors import UsageError, clip
from curate.files import replace_file, writing
from curate.sources import Source
from curate.sources.source import file_format

__all__ = ["check_free", "check_no_source", "write_file"]

_HEAD = 2000  # bytes within which a file of ours says so


def check_free(option: str, path: Path, mark: bytes, sources: Sequence[Source]) -> None:
    """Raise unless a file is new, empty, or an earlier one of ours.

    Args:
        option: the option that names the file.
        path: the file.
        mark: what is near the start of every file of this kind.
        sources: what is read.

    Raises:
        UsageError: it is a source, lies among them, or is not ours.
        DatasetError: it cannot be looked at.
    """
    where = f"{option} {clip(str(path))}"
    check_no_source(option, path, sources)
    with writing(path):
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()  # fails where links lead in a circle
        if path.exists() and not path.is_file():
            raise UsageError(f"{where}: is no file; name a file to write")
        if path.parent and not path.parent.is_dir():
            raise UsageError(f"{where}: there is no folder {clip(str(path.parent))}")
        if path.exists():
            with path.open("rb") as file:
                head = file.read(_HEAD)
            if head and mark not in head:
                raise UsageError(f"{where}: is there already and is not ours; name a new file")
    if file_format(str(path))[0] and any(_is_below(path, source) for source in sources):
        raise UsageError(
            f"{where}: lies among the sources and would be read as one the next time; "
            "name it elsewhere"
        )


def check_no_source(option: str, path: Path, sources: Sequence[Source]) -> None:
    """Raise UsageError where a path leads to one of the sources."""
    for source in sources:
        if _is_same(path, Path(source.path)):
            raise UsageError(f"{option} {clip(str(path))}: is the source {clip(source.path)}")


def write_file(path: Path, data: bytes) -> None:
    """Write a file, where a link leads, so that it is there whole or not at all."""
    with writing(path):
        replace_file(Path(os.path.realpath(path)), data)


def _is_same(path: Path, other: Path) -> bool:
    """Return whether two paths lead to one file, by links too."""
    try:
        return path.samefile(other)
    except (OSError, ValueError):
        return False


def _is_below(path: Path, source: Source) -> bool:
    """Return whether a file lies in the folder of a source that was found in a folder."""
    return not source.named and _is_same(path.parent, Path(source.path).parent)
