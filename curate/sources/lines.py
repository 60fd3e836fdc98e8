"""JSON lines: one row a line."""

from collections.abc import Iterator

from curate.sources.source import Found
from curate.sources.streams import Stream
from curate.sources.strict_json import parse

__all__ = ["read_lines"]


def read_lines(stream: Stream) -> Iterator[Found]:
    r"""Yield each line that is not blank, at its 1-based number.

    Lines end at \n alone: U+2028 and U+0085 are data.
    """
    offset = stream.start
    number = 0
    cut = b""
    for number, line in enumerate(stream.lines(), 1):
        row, fault = parse(line)
        if row is not None:
            yield number, number, offset, line, row, ""
        elif stream.failure and not line.endswith(b"\n"):
            cut = line
            continue
        elif not line.isspace():
            yield number, number, offset, line, None, fault
        offset += len(line)
    if stream.failure:
        yield number, number, offset, cut, None, stream.failure
