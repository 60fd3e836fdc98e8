"""Convert sources into one file of another layout: what `curate convert` does."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import orjson

from curate.converting.account import Account
from curate.converting.compare import changes, lost_columns, read_back
from curate.converting.rowfile import FORMS, row_file
from curate.converting.targets import Target, to_row
from curate.converting.unheld import UnheldError
from curate.dataset import MANIFEST
from curate.errors import DatasetError, SourceError, UsageError
from curate.records import Quarantined, Record
from curate.sources import Reader, Source
from curate.sources.source import file_format

__all__ = ["check_file", "convert", "of_split"]

Item = Record | Quarantined


def convert(
    sources: Sequence[Source],
    target: Target,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda read: None,
    through: Callable[[Iterable[Item]], Iterable[Item]] = lambda items: items,
) -> Account:
    """Write the file and return the account.

    Every row is read back before it is written, so that what comes back otherwise is counted. A
    record that the target cannot hold is left out. `through` can change what was read; it yields
    an item for each.

    Raises:
        UsageError: the suffix of the file says no form that is written.
        SourceError: a source cannot be read, or no record can be written.
        DatasetError: the file is there already, is a source, or cannot be written.
        AccountError: a row was lost on the way.
    """
    check_file(path, target, sources, overwrite=overwrite)
    account = Account()
    with row_file(path) as write:
        for source in sources:
            for item in through(Reader(source)):
                account.read += 1
                if account.read % 1000 == 0:
                    progress(account.read)
                _take(item, target, account, write)
        account.check()
        if not account.written:
            raise SourceError("; ".join(["no record can be written", *account.lines()]))
    return account


def _take(
    item: Record | Quarantined, target: Target, account: Account, write: Callable[[bytes], None]
) -> None:
    """Write a record and note what comes back otherwise, or note why it is left out."""
    if isinstance(item, Quarantined):
        where = f"{item.path}:{item.line}: {item.error}"
        account.left_out.add("unreadable", where)
        return
    try:
        row = to_row(target, item)
        line = orjson.dumps(row)
        back = read_back(orjson.loads(line))
        changed = changes(item, back)
    except UnheldError as unheld:
        where = f"{item.id}, {unheld.detail}" if unheld.detail else item.id
        account.left_out.add(unheld.reason, where)
        return
    for change in changed:
        account.changed.add(change, item.id)
    for column in lost_columns(item, back):
        account.columns.add(column, item.id)
    account.has_tools |= "tools" in row
    write(line)
    account.written += 1


def check_file(path: Path, target: Target, sources: Sequence[Source], *, overwrite: bool) -> None:
    """Raise unless a file may be written: DatasetError, UsageError where the name is wrong."""
    form, packing = file_format(path.name)
    if form not in FORMS:
        raise UsageError(f"{path}: unknown suffix. Allowed: .jsonl .json, each also .gz or .zst")
    if packing and not target.packed:
        raise UsageError(f"{path}: {target.name} reads no .{packing}; leave the suffix off")
    for source in sources:
        if os.path.exists(source.path) and path.exists() and path.samefile(source.path):
            raise DatasetError(f"{path}: is the source {source.path}; name another file with -o")
    if (path.parent / MANIFEST).exists():
        raise DatasetError(
            f"{path}: lies in a dataset directory, which holds its own files alone; name a file "
            "elsewhere"
        )
    if path.is_dir():
        raise DatasetError(f"{path}: is a folder; name a file")
    if path.exists() and not overwrite:
        raise DatasetError(f"{path}: is there already; pass --overwrite to replace it")


def of_split(sources: Sequence[Source], split: str | None) -> list[Source]:
    """Return the sources to read: of dataset directories one split, since a file holds but one.

    Raises:
        UsageError: it is not clear which split is meant, or there is none of that name.
    """
    splits = list(dict.fromkeys(source.split for source in sources if source.split))
    if split is None and len(splits) > 1:
        raise UsageError(
            f"the dataset directory holds {', '.join(splits)}, and one FILE cannot tell them "
            "apart: name one with --split"
        )
    if split is not None and split not in splits:
        found = f"found: {', '.join(splits)}" if splits else "no SOURCE is a dataset directory"
        raise UsageError(f"--split {split}: no such split ({found})")
    return [source for source in sources if not split or source.split in ("", split)]
