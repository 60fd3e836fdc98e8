"""JSON text to a row, strictly: what would be changed in silence is refused with the reason."""

import json
import re
from typing import Any, NoReturn

import orjson

from curate.errors import clip
from curate.sources.source import Row

__all__ = ["DEPTH", "is_json", "kind", "parse", "undecodable"]

DEPTH = 200
"""Levels of nesting that a row may have; what writes it again stops at 254."""

_LONG_NUMBER = re.compile(rb"\d{19}")
_KINDS = {str: "text", int: "a number", float: "a number", bool: "true or false",
          list: "a list", dict: "an object", type(None): "null"}  # fmt: skip


class _FaultError(ValueError):
    """JSON that Python would read and that must not be read."""


def parse(raw: bytes) -> tuple[Row | None, str]:
    """Return the row and no fault, or no row and what is wrong with the text.

    >>> parse(b'{"a": 1}')
    ({'a': 1}, '')
    >>> parse(b'{"a": 1, "a": 2}')
    (None, "key 'a' appears twice")
    >>> parse(b'{"a": NaN}')
    (None, 'NaN is not JSON')
    >>> parse(b"[1]")
    (None, 'a list, not an object')
    """
    try:
        row = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return None, _explain(raw, error)
    if type(row) is not dict:
        return None, f"{kind(row)}, not an object"
    fault = _fault(raw, row)
    return (None, fault) if fault else (row, "")


def is_json(raw: bytes) -> bool:
    """Return whether a text is JSON, if of a kind that is refused: its brackets can be trusted.

    >>> is_json(b'{"a": NaN, "a": 1}'), is_json(b'{"a": }'), is_json(b'[' * 100_000)
    (True, False, True)
    """
    try:
        json.loads(raw.decode())
    except RecursionError:  # whatever it holds, its brackets were counted and not the reader's
        return True
    except ValueError:
        return False
    return True


def kind(value: object) -> str:
    """Return what a value is, in words.

    >>> kind(None), kind([1])
    ('null', 'a list')
    """
    return _KINDS.get(type(value), type(value).__name__)


def _fault(raw: bytes, row: Row) -> str:
    """Return what the parser changed in silence: a repeated key or a number it could not hold.

    Every key and every text takes two quotes, so a repeated key leaves quotes over. Only where
    the count does not add up, or cannot be taken by counting, is the text read again.
    """
    values = list(map(type, row.values()))
    if values.count(str) == len(values):
        texts, has_float = 2 * len(values), False
    else:
        texts, depth, has_float = _count(row)
        if depth > DEPTH:
            return f"nested deeper than {DEPTH} levels"
    quotes = raw.count(b'"')
    if b"\\" in raw and (escaped := raw.count(b'\\"')):
        quotes = -1 if b'\\\\"' in raw else quotes - escaped
    if quotes == 2 * texts and not (has_float and _LONG_NUMBER.search(raw)):
        return ""
    return _strict_fault(raw.decode())


def _count(row: Row) -> tuple[int, int, bool]:
    """Return the number of keys and texts, the levels of nesting, and whether a float occurs."""
    texts = depth = 0
    has_float = False
    level: list[Any] = [row]
    while level:
        depth += 1
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                texts += len(node)
                node = node.values()
            for value in node:
                of = type(value)
                if of is str:
                    texts += 1
                elif of is dict or of is list:
                    below.append(value)
                elif of is float:
                    has_float = True
        level = below
    return texts, depth, has_float


def _explain(raw: bytes, error: orjson.JSONDecodeError) -> str:
    """Return why the text is refused."""
    if fault := undecodable(raw):
        return fault
    if "surrogate" in error.msg:
        return "half of a surrogate pair (\\ud800 to \\udfff) is not text"
    return _strict_fault(raw.rstrip(b"\r\n").decode()) or f"not JSON: {error.msg}"


def undecodable(raw: bytes) -> str:
    r"""Return which byte of a row is not UTF-8; empty where all are.

    >>> undecodable(b"a\xff")
    'byte 0xff at byte 1 of the row is not UTF-8'
    """
    try:
        raw.decode()
    except UnicodeDecodeError as bad:
        return f"byte 0x{raw[bad.start]:02x} at byte {bad.start} of the row is not UTF-8"
    return ""


def _strict_fault(text: str) -> str:
    """Return the first fault that a slow, strict reading finds; empty where there is none."""
    try:
        json.loads(text, object_pairs_hook=_unique, parse_int=_int64, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg.removesuffix(' at')} at character {error.pos + 1}"
    except _FaultError as error:
        return str(error)
    except RecursionError:
        return f"nested deeper than {DEPTH} levels"
    return ""


def _unique(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) != len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in row if keys.count(key) > 1)
        raise _FaultError(f"key {clip(repr(repeated))} appears twice")
    return row


def _int64(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
        raise _FaultError(f"number {clip(digits, 40)} does not fit into 64 bits")
    return int(digits)


def _refuse(constant: str) -> NoReturn:
    raise _FaultError(f"{constant} is not JSON")
