"""CSV and TSV: one row a line, or several where a quoted cell runs over lines."""

import csv
import sys
from collections import deque
from collections.abc import Iterator

from curate.errors import SourceError, clip
from curate.sources.source import Found
from curate.sources.streams import Stream
from curate.sources.strict_json import undecodable

__all__ = ["read_table"]

_LONGEST = 10_000
"""Lines that one row may run over. A quote that is never closed would else take the whole file."""


class _Lines:
    """The lines of a table as text, some of which can be given back.

    Attributes:
        taken: the lines taken since the row began.
        number: 1-based number of the first of them.
        offset: byte at which it begins.

    """

    def __init__(self, stream: Stream) -> None:
        self.taken: list[bytes] = []
        self.number = 1
        self.offset = stream.start
        self._lines = stream.lines()
        self._again: deque[bytes] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _LONGEST:
            raise csv.Error(f"a quoted cell runs over {_LONGEST} lines")
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line.decode(errors="surrogateescape")

    def begin(self) -> None:
        """Let a row begin after the lines taken."""
        self.number += len(self.taken)
        self.offset += sum(map(len, self.taken))
        self.taken = []

    def give_back(self) -> None:
        """Give back all lines but the first: the row is broken, they may be rows."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def read_table(stream: Stream, delimiter: str) -> Iterator[Found]:
    """Yield each row at the 1-based line on which it starts; the header is line 1.

    Raises:
        SourceError: the header cannot be read, or names a column twice.

    """
    csv.field_size_limit(sys.maxsize)
    lines = _Lines(stream)
    cells = csv.reader(lines, delimiter=delimiter, strict=True)
    header = _header(stream.path, lines, cells)
    while header:
        lines.begin()
        fault = ""
        values: list[str] = []
        try:
            values = next(cells)
        except StopIteration:
            break
        except csv.Error as error:
            fault = f"not CSV: {error}"
            lines.give_back()
        raw = b"".join(lines.taken)
        if not fault and not raw.strip(b" \r\n"):
            continue
        if stream.failure and not raw.endswith(b"\n"):
            break
        place = lines.number, lines.number, lines.offset, raw
        fault = fault or _fault(raw, values, header)
        yield *place, None if fault else dict(zip(header, values, strict=True)), fault
    if stream.failure:
        cut = b"".join(lines.taken)
        yield lines.number, lines.number, lines.offset, cut, None, stream.failure


def _header(path: str, lines: _Lines, cells: Iterator[list[str]]) -> list[str]:
    """Return the names of the columns; none where the table is empty."""
    try:
        header = next((row for row in cells if row), [])
        "".join(header).encode()
        if header and not any(header):
            if any(map(any, cells)):
                raise SourceError(f"{path}: the header names no column")
            return []
    except (csv.Error, UnicodeEncodeError) as error:
        raise SourceError(f"{path}:1: the header is not CSV in UTF-8: {error}") from error
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise SourceError(f"{path}: the header names column {clip(repr(repeated[0]))} twice")
    return header


def _fault(raw: bytes, values: list[str], header: list[str]) -> str:
    """Return why a row cannot be taken; empty where it can."""
    if fault := undecodable(raw):
        return fault
    if len(values) != len(header):
        return f"{len(values)} cells, but the header has {len(header)}"
    return ""
