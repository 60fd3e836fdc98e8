"""What a JSON file holds, whatever its suffix: lines, an array, or an object around a list."""

import re
from collections.abc import Callable, Iterator

from curate.errors import SourceError, clip
from curate.sources.arrays import TEXT, Elements, end_of, read_elements
from curate.sources.lines import read_lines
from curate.sources.source import Found
from curate.sources.streams import Stream
from curate.sources.strict_json import parse

__all__ = ["Fits", "read_json"]

Fits = Callable[[tuple[str, ...]], bool]
"""Says whether a row with these columns fits a layout."""

_HEAD = 1 << 16
_LOOKED_AT = 100
"""Lines of the head that are looked at."""
_KEY = re.compile(rb"[\s,]*+(" + TEXT + rb")\s*+:\s*+")
_OBJECTS = re.compile(rb"\[\s*+\{")


def read_json(stream: Stream, fits: Fits) -> tuple[Iterator[Found], str]:
    """Return the rows of a JSON file, and what stands before a position in an origin.

    Raises:
        SourceError: it holds several lists, so that it is not clear which one is meant.

    """
    head = _head(stream)
    if _is_lines(head, fits):
        return read_lines(stream), ":"
    elements = _elements(stream, stream.readall(), fits)
    return read_elements(stream, elements), "#"


def _head(stream: Stream) -> list[bytes]:
    """Return the first lines that are not blank, at least one of them whole."""
    size = _HEAD
    while True:
        head = stream.head(size)
        lines = [line for line in head.split(b"\n") if line.strip()]
        if len(head) < size:
            return lines[:_LOOKED_AT]
        if len(lines) > 1:
            return lines[:-1][:_LOOKED_AT]
        size *= 2


def _is_lines(head: list[bytes], fits: Fits) -> bool:
    """Return whether the file is read line by line.

    It is where its first line is an object, or where the first is broken and those after it are
    objects. An only object that fits no layout may be one around a list of rows.
    """
    if not head or head[0].lstrip()[:1] not in (b"{", b"["):
        return True
    first, rest = head[0], head[1:]
    row = parse(first)[0]
    if row is not None:
        return bool(rest) or fits(tuple(row)) or not any(_is_list(v) for v in row.values())
    whole = sum(parse(line)[0] is not None for line in rest)
    if not rest or not whole:
        return False
    goes_on = first.rstrip()[-1:] in (b"[", b"{", b",", b":")
    return whole == len(rest) or (2 * whole >= len(rest) and not goes_on)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _elements(stream: Stream, data: bytes, fits: Fits) -> Elements:
    """Return where the rows of a text stand that is an array, an object or several objects."""
    start = len(data) - len(data.lstrip())
    if data.startswith(b"[", start):
        return Elements(data, start + 1)
    keys, lists, end = _walk(data, start + 1)
    rest = data[end:].strip() if end else b""
    if not lists or fits(keys) or rest.startswith(b"{"):
        return Elements(data, start, closed=False)
    if len(lists) > 1:
        raise SourceError(
            f"{stream.path} holds {len(lists)} lists of objects ({clip(', '.join(lists))}): "
            "put each into a file of its own"
        )
    return Elements(data, next(iter(lists.values())) + 1, tail=None if end and not rest else b"}")


def _walk(data: bytes, position: int) -> tuple[tuple[str, ...], dict[str, int], int]:
    """Return the keys of an object, where its lists of objects begin, and where it ends.

    The end is 0 where the object is broken or cut.
    """
    keys: list[str] = []
    lists: dict[str, int] = {}
    while key := _KEY.match(data, position):
        name = key[1][1:-1].decode(errors="replace")
        keys.append(name)
        if _OBJECTS.match(data, key.end()):
            lists[name] = key.end()
        position = end_of(data, key.end()) if key.end() < len(data) else 0
        if not position:
            return tuple(keys), lists, 0
    end = len(data) - len(data[position:].lstrip())
    return tuple(keys), lists, end + 1 if data.startswith(b"}", end) else 0
