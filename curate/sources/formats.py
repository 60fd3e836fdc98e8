"""Which reader a source needs."""

import collections
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from curate.errors import SourceError
from curate.sources.columnar import Hub, read_parquet
from curate.sources.remote import is_hub
from curate.sources.source import Found, Source, file_format
from curate.sources.streams import open_stream
from curate.sources.structure import Fits, read_json
from curate.sources.tables import read_table

__all__ = ["Feed", "open_feed", "stored_sha256"]


class Feed(NamedTuple):
    """The rows of an opened source.

    Attributes:
        rows: each row in its place.
        mark: what stands between path and position in an origin: `:` for lines, `#` for indices.
        finish: gives the SHA-256, after the last row.

    """

    rows: Iterator[Found]
    mark: str
    finish: Callable[[], str]


@contextmanager
def open_feed(source: Source, fits: Fits) -> Iterator[Feed]:
    """Give the rows of a source; `fits` says whether columns fit a layout.

    Raises:
        SourceError: the source cannot be opened.

    """
    if is_hub(source.path):
        hub = Hub(source.path)
        yield Feed(hub.rows(), "#", hub.finish)
        return
    form, packing = file_format(source.path)
    with open_stream(source.path, packing) as stream:
        if form == "parquet":
            yield Feed(read_parquet(stream, bool(packing)), "#", stream.finish)
            return
        if encoding := _wide_encoding(stream.head(4)):
            raise SourceError(f"{source.path} is {encoding}: save it as UTF-8")
        if form in ("csv", "tsv"):
            rows = read_table(stream, "\t" if form == "tsv" else ",")
            yield Feed(rows, ":", stream.finish)
        else:
            yield Feed(*read_json(stream, fits), stream.finish)


def _wide_encoding(head: bytes) -> str:
    r"""Return what the first bytes of a text say, with a byte order mark or without, if not UTF-8.

    >>> _wide_encoding(b"\xff\xfe{\0"), _wide_encoding(b"\0\0\0["), _wide_encoding(b"[{")
    ('UTF-16', 'UTF-32', '')
    """
    if head in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return "UTF-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    zeros = [byte == 0 for byte in head]  # a text begins with a sign of ASCII, or two
    if zeros in ([False, True, True, True], [True, True, True, False]):
        return "UTF-32"
    return "UTF-16" if zeros in ([False, True] * 2, [True, False] * 2) else ""


def stored_sha256(source: Source) -> str:
    """Return the SHA-256 that a Reader has of the source at its end, without reading its rows.

    Raises:
        SourceError: the source cannot be opened.

    """
    if is_hub(source.path):
        hub = Hub(source.path)
        collections.deque(hub.rows(), 0)
        return hub.finish()
    with open_stream(source.path) as stream:
        return stream.finish()
