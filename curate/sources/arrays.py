"""The elements of a JSON text, found one by one without building the whole.

A broken element costs itself: the next one is found by a scan that knows strings from structure
or, where the quotes of the broken element do not pair, by the key that elements begin with.
"""

import itertools
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

from curate.sources.source import Found
from curate.sources.streams import Stream
from curate.sources.strict_json import is_json, parse

__all__ = ["TEXT", "Elements", "end_of", "read_elements"]

TEXT = rb'"(?:[^"\\\n]++|\\.)*+"'
"""A JSON string. It ends on its line, so that an open quote does not swallow what follows."""
_FLAT = re.compile(rb'\{[^{}\[\]"]*+(?:' + TEXT + rb'[^{}\[\]"]*+)*+\}')
_TOKEN = re.compile(TEXT + rb"|[\[\]{}]")
_SCALAR = re.compile(TEXT + rb"|[^,\[\]{}\s]++")
_BETWEEN = re.compile(rb"[\s,]*+")
_CLOSE = rb"\]\s*+(?:,\s*+" + TEXT + rb"\s*+:|\}?\s*+\Z)"
_NEXT = re.compile(rb"\s*+(?:,\s*+(?:\{\s*+" + TEXT + rb"\s*+:|[^{}\]])|" + _CLOSE + rb")")
"""What stands behind an element that was cut off where it ends."""
_LAST = re.compile(rb"(?<=\})\s*+\]\s*+\}?\s*+\Z")
_FIRST_KEY = re.compile(rb"\{\s*+(" + TEXT + rb")\s*+:")

_FULL_SCANS = 32
"""Elements without an end that are looked through to the end of the text."""
_WINDOW = 1 << 20
"""Bytes that later ones are looked through, so that many of them take no quadratic time."""


class Elements(NamedTuple):
    """Where elements stand in a text.

    Attributes:
        data: the whole text.
        start: where the first element, or the end, is looked for.
        closed: the elements end with `]`; else with the text.
        tail: what may follow the `]`; None: anything.

    """

    data: bytes
    start: int
    closed: bool = True
    tail: bytes | None = b""


def read_elements(stream: Stream, elements: Elements) -> Iterator[Found]:
    """Yield each element at its 0-based index, with the line and the byte at which it begins."""
    data, position = elements.data, elements.start
    line, counted, unclosed = 1, 0, 0
    keys: set[bytes] = set()
    for index in itertools.count():
        position = _BETWEEN.match(data, position).end()  # type: ignore[union-attr]
        line += data.count(b"\n", counted, position)
        counted = position
        place = index, line, stream.start + position
        if position == len(data) or _is_end(elements, position, keys):
            break
        limit = len(data) if unclosed < _FULL_SCANS else position + _WINDOW
        end = end_of(data, position, limit)
        raw = data[position:end]
        row, fault = parse(raw) if end else (None, "")
        if row is None:
            unclosed += not end
            if not end or not is_json(raw):
                end = _next_element(data, position, end, keys)
                raw = data[position:end].rstrip(b", \t\r\n")
            if end == len(data):
                fault = stream.failure or f"the text ends inside element {index}"
            fault = fault or parse(raw)[1]
        elif not keys and (key := _FIRST_KEY.match(raw)):
            keys.add(key[1])
        yield *place, raw, row, fault
        position = end
        if row is None and end == len(data):
            return
    yield from _ending(stream, elements, position, place)


def _is_end(elements: Elements, position: int, keys: set[bytes]) -> bool:
    """Return whether the array ends here: a `]` with more elements behind it is a stray one."""
    data, _, closed, tail = elements
    if not closed or not data.startswith(b"]", position):
        return False
    return tail is None or not _beginning(keys).search(data, position)


def _beginning(keys: set[bytes]) -> re.Pattern[bytes]:
    """Return how elements begin: with one of these keys, or with any where none is known.

    A quote inside a text is escaped, so such a beginning cannot stand in a text. What follows a
    colon is the value of a key.
    """
    words = b"|".join(re.escape(key) for key in sorted(keys)) or TEXT
    return re.compile(rb"\{(?<!:\{)(?<!: \{)\s*+(?:" + words + rb")\s*+:")


def _ending(
    stream: Stream, elements: Elements, position: int, place: tuple[int, int, int]
) -> Iterator[Found]:
    """Yield what is wrong after the last element: no end, a broken stream, more text."""
    data, _, closed, tail = elements
    index, line, _ = place
    fault, rest = stream.failure, b""
    if position == len(data):
        if closed and not fault:
            fault = f"the array has no end: ] is missing after {index} elements"
    elif tail is not None:
        text = data[position + 1 :].lstrip()
        rest = text.rstrip()
        begin = len(data) - len(text)
        line += data.count(b"\n", position, begin)
        position = begin
        if rest in (b"", tail):
            rest = b""
        else:
            fault = fault or "text after the end of the array"
    if fault:
        yield index, line, stream.start + position, rest, None, fault


def end_of(data: bytes, start: int, limit: int = sys.maxsize) -> int:
    """Return where the value that begins at `start` ends; 0 where it does not before `limit`.

    >>> end_of(b'{"a": "}"}, 2', 0), end_of(b'[[1]', 0)
    (10, 0)
    """
    if data[start] not in b"{[":
        scalar = _SCALAR.match(data, start)
        return scalar.end() if scalar else start + 1
    if flat := _FLAT.match(data, start, limit):
        return flat.end()
    depth = 0
    for token in _TOKEN.finditer(data, start, limit):
        mark = data[token.start()]
        if mark in b"{[":
            depth += 1
        elif mark in b"]}":
            depth -= 1
            if not depth:
                return token.end()
    return 0


def _next_element(data: bytes, start: int, end: int, keys: set[bytes]) -> int:
    """Return where a broken element ends: at its bracket, or else before the next element.

    The bracket counts where an element follows it; where quotes do not pair it may be any.
    """
    own = _FIRST_KEY.match(data, start)
    found = _beginning(keys | ({own[1]} if own else set())).search(data, start + 1)
    if end and (not found or end <= found.start()) and _NEXT.match(data, end):
        return end
    last = found or _LAST.search(data, start + 1)
    return last.start() if last else len(data)
