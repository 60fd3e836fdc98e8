"""Parquet files and hub datasets: rows that arrive as values, not as text."""

import datetime
import hashlib
import io
import json
import math
from collections.abc import Iterator
from typing import Any

from curate.errors import SourceError, UsageError, clip
from curate.sources.remote import is_url, open_url
from curate.sources.source import Found, Row
from curate.sources.streams import Stream

__all__ = ["Hub", "as_text", "parts_of", "read_parquet"]

BATCH = 1000
"""Rows of Parquet that are held at a time."""


def read_parquet(stream: Stream, packed: bool) -> Iterator[Found]:
    """Yield each row at its 0-based index. A row group that cannot be read costs its rows.

    Raises:
        SourceError: it is no Parquet file.

    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    opened: str | io.IOBase = stream.path
    if packed:
        opened = io.BytesIO(stream.readall())
    elif is_url(stream.path):
        opened = open_url(stream.path)
    try:
        file = pq.ParquetFile(opened)
    except (pa.ArrowException, OSError) as error:
        found = stream.failure or _line(error)
        raise SourceError(f"{stream.path} is not a whole Parquet file: {found}") from error
    with file:
        names = file.schema_arrow.names
        if len(set(names)) < len(names):
            raise SourceError(f"{stream.path} names a column twice: {clip(', '.join(names))}")
        index = 0
        for group in range(file.num_row_groups):
            end = index + file.metadata.row_group(group).num_rows
            try:
                for batch in file.iter_batches(BATCH, row_groups=[group]):
                    for row in batch.to_pylist():
                        yield _found(index, row)
                        index += 1
            except (pa.ArrowException, OSError) as error:
                what = f"rows {index} to {end - 1} cannot be read: {_line(error)}"
                yield index, 0, -1, None, None, what
            index = end
    if stream.failure:
        yield index, 0, -1, None, None, stream.failure


class Hub:
    """A dataset of the Hugging Face hub, streamed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._digest = hashlib.sha256()

    def rows(self) -> Iterator[Found]:
        """Yield each row at its 0-based index.

        Raises:
            SourceError: the hub cannot be reached, or knows no such dataset.

        """
        rows = self._open()
        index = 0
        while True:
            try:
                row = dict(next(rows))
            except StopIteration:
                return
            except Exception as error:  # the loader raises what its network layers raise
                raise self._failed(error) from error
            found = _found(index, row)
            self._digest.update(as_text(row).encode() + b"\n")
            yield found
            index += 1

    def finish(self) -> str:
        """Return the SHA-256 of the rows as JSON lines."""
        return self._digest.hexdigest()

    def _open(self) -> Iterator[Row]:
        import datasets

        name, config, split, revision = parts_of(self._path)
        try:
            opened = datasets.load_dataset(
                name, config or None, split=split, revision=revision or None, streaming=True
            )
            return iter(opened)
        except Exception as error:  # see rows
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> SourceError:
        return SourceError(
            f"{self._path} cannot be read: {type(error).__name__}: {_line(error)}. "
            "Check the name, the configuration and the split (hf:OWNER/NAME:CONFIG:SPLIT@REVISION) "
            "and that the hub can be reached"
        )


def as_text(row: Row) -> str:
    """Return a row as JSON text, with `<type>` for what JSON cannot carry.

    >>> as_text({"a": b"1"})
    '{"a": "<bytes>"}'
    """
    return json.dumps(row, default=lambda value: f"<{type(value).__name__}>", skipkeys=True)


def parts_of(path: str) -> tuple[str, str, str, str]:
    """Return dataset, configuration, split and revision of `hf:OWNER/NAME[:CONFIG][:SPLIT][@REV]`.

    Of a single part, what is called like a split is one; `hf:OWNER/NAME::SPLIT` says so.

    >>> parts_of("hf:a/b:main:test@v1"), parts_of("hf:a/b:test"), parts_of("hf:a/b:main")
    (('a/b', 'main', 'test', 'v1'), ('a/b', '', 'test', ''), ('a/b', 'main', 'train', ''))

    Raises:
        UsageError: the path is not written so.

    """
    rest, _, revision = path.removeprefix("hf:").partition("@")
    name, *parts = rest.split(":")
    if len(parts) > 2 or not name or name.startswith("/") or name.endswith("/"):
        raise UsageError(f"{path}: write hf:OWNER/NAME[:CONFIG][:SPLIT][@REVISION]")
    if len(parts) == 1:
        is_split = parts[0].partition("_")[0] in ("train", "validation", "valid", "dev", "test")
        parts = ["", parts[0]] if is_split else [parts[0], ""]
    config, split = parts or ("", "")
    return name, config, split or "train", revision


def _found(index: int, row: Row) -> Found:
    """Return a row in its place, with moments of time as ISO 8601 text."""
    fault = ""
    for column, value in row.items():
        if type(value) is str:
            continue
        try:
            row[column] = _plain(value)
        except ValueError as error:
            fault = fault or f"column {clip(repr(column))} holds {error}, which JSON cannot carry"
    return index, 0, -1, None, row, fault


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return the value as JSON carries it.

    Raises:
        ValueError: names what JSON has no place for.

    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(repr(value))
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    raise ValueError(type(value).__name__)


def _line(error: Exception) -> str:
    """Return the first line of what an exception says."""
    return clip(str(error).strip().partition("\n")[0], 200)
