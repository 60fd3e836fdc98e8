"""Make an index, or add to one: what `curate index` does."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import zstandard

from curate.errors import DatasetError, SourceError, clip
from curate.files import claim, replace_file, sync_directory, writing
from curate.indexing.folder import INDEX, RECORDS, SCHEMA_VERSION, StoredIndex, makers, open_index
from curate.records import Record
from curate.references import References, ReferenceSet
from curate.sources import Source
from curate.steps import Normalise

__all__ = ["Growth", "grow_index"]

_STAGING, _LOCK = ".staging", ".lock"


@dataclass(frozen=True, slots=True)
class Growth:
    """What came of growing an index.

    Attributes:
        added: records that are new.
        there: records that it had already, with the same id and the same content.
        records: all that it has now.

    """

    added: int
    there: int
    records: int


def grow_index(
    sources: Sequence[Source],
    path: Path,
    *,
    progress: Callable[[int], None] = lambda read: None,
    talk: Callable[[str], None] = lambda message: None,
) -> Growth:
    """Add the records of sources to the index in a folder, which is made if it is not there.

    A record that is there already is not added again. The index stays as it was until the new part
    is whole.

    Args:
        sources: what is read.
        path: the folder of the index.
        progress: is told the number of records read so far.
        talk: is told of rows that cannot be read.

    Raises:
        SourceError: a source cannot be read, or a record has the id of another one that is there.
        DatasetError: the folder holds something else, cannot be written, was written by another
            version, is damaged, or is being grown by another run.
    """
    claim(path, _names(path), (INDEX, _LOCK), "index")
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        try:
            return _grow(_begin(path), sources, progress, talk)
        except BaseException:
            shutil.rmtree(path / _STAGING, ignore_errors=True)
            if not (path / INDEX).exists():
                (path / _LOCK).unlink()
                path.rmdir()
            raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other runs from growing the index; the lock goes with the process that holds it."""
    with writing(path):
        file = (path / _LOCK).open("wb")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise DatasetError(f"{path}: another run is growing the index; wait for it") from error
    with file:
        yield


def _names(path: Path) -> set[str]:
    """Return the names that the folder of an index may hold."""
    if not path.is_dir():
        return set()
    parts = {entry.name for entry in path.iterdir() if entry.is_dir() and entry.name.isdecimal()}
    return {INDEX, f"{INDEX}.tmp", _STAGING, _LOCK} | parts


def _begin(path: Path) -> StoredIndex:
    """Return the index as it is, after removing what a run that was stopped left in its folder."""
    empty = {"schema_version": SCHEMA_VERSION, **makers(), "records": 0, "parts": []}
    index = StoredIndex(path, empty)
    if (path / INDEX).exists():
        index = open_index(path)
        if what := index.outdated():
            raise DatasetError(
                f"{path}: cannot be grown by this version: {what}; make the index anew from its "
                f"sources, which {INDEX} names"
            )
    whole = {part.folder.name for part in index.parts}
    with writing(path):
        for entry in path.iterdir():
            if entry.name == _STAGING or (entry.name.isdecimal() and entry.name not in whole):
                shutil.rmtree(entry)
    return index


def _grow(
    index: StoredIndex,
    sources: Sequence[Source],
    progress: Callable[[int], None],
    talk: Callable[[str], None],
) -> Growth:
    from curate.similarity.index import Index
    from curate.similarity.stored import save_profiles

    known, added, there = _known(index), 0, 0
    staging, profiles = index.path / _STAGING, Index()
    references = References([ReferenceSet("index", sources)], warn=talk)
    with writing(index.path):
        staging.mkdir()
        with zstandard.open(staging / RECORDS, "wb") as file:
            for number, (_, record, _) in enumerate(references, 1):
                if number % 1000 == 0:
                    progress(number)
                if _is_known(record, known):
                    there += 1
                    continue
                added += 1
                normal = Normalise().apply(record)
                profiles.add(normal)
                both = [record] if normal is record else [record, normal]
                row = [each.to_dict() for each in both]
                file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        if not added:
            if not index.parts:
                raise SourceError("the sources hold no record to put into an index")
            shutil.rmtree(staging)
            return Growth(0, there, index.state["records"])
        profiles.finish()
        save_profiles(profiles, staging)
        _publish(index, staging, added, references.entries())
    return Growth(added, there, index.state["records"] + added)


def _known(index: StoredIndex) -> dict[str, str]:
    """Return the content key of every record of an index, by its id."""
    known: dict[str, str] = {}
    for part in index.parts:
        part.check()
        known.update((record.id, record.key) for record, _ in part.rows())
    return known


def _is_known(record: Record, known: dict[str, str]) -> bool:
    """Return whether the index has the record; from now on it has."""
    key = record.key
    if (found := known.setdefault(record.id, key)) is key:
        return False
    if found != key:
        raise SourceError(
            f"id {clip(record.id)} ({clip(record.origin)}) is that of another record in the index: "
            "a dataset directory keeps its ids. Give the sources that differ other names "
            "(NAME=PATH) when they are cleaned"
        )
    return True


def _publish(
    index: StoredIndex, staging: Path, records: int, sources: list[dict[str, Any]]
) -> None:
    """Put the part on the disk under its number, then `index.json`, by which it counts."""
    files = []
    for path in sorted(staging.iterdir()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files.append({"name": path.name, "bytes": path.stat().st_size, "sha256": digest})
    sync_directory(staging)
    name = str(len(index.parts) + 1)
    staging.replace(index.path / name)
    sources = [{k: v for k, v in each.items() if k != "set"} for each in sources]
    part = {"name": name, "records": records, "sources": sources, "files": files}
    total = index.state["records"] + records
    state = {**index.state, "records": total, "parts": [*index.state["parts"], part]}
    sync_directory(index.path)
    replace_file(index.path / INDEX, orjson.dumps(state, option=orjson.OPT_INDENT_2))
    sync_directory(index.path)
