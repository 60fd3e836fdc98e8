"""Two records or more side by side: their texts, and what differs between two of them."""

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from curate.records import TEXT_FIELDS

__all__ = ["Part", "differences", "text_rows"]

_WORD = 100  # characters; a longer word is cut
_TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)


class Part(NamedTuple):
    """A part of a text, and whether the other text has something else there."""

    text: str
    differs: bool


def text_rows(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Yield a name and the text of each record: for every text field, and every earlier turn."""
    for name in TEXT_FIELDS:
        if name != "rejected" or any(name in record for record in records):
            yield name, [_text(record.get(name)) for record in records]
    turns = itertools.zip_longest(*(record["history"] for record in records), fillvalue={})
    for number, places in enumerate(turns, 1):
        role = next(turn["role"] for turn in places if turn)
        yield f"{role}, turn {number}", [_text(turn.get("content", "")) for turn in places]


def _text(value: object) -> str:
    if value is None:
        return "(missing)"
    return "(empty)" if value == "" else str(value)


def differences(
    one: str, other: str, *, room: int = 50, limit: int = 4000
) -> tuple[list[Part], list[Part]]:
    """Return two texts in parts, a word or more each; what is long and equal is cut.

    Args:
        one: a text.
        other: the one beside it.
        room: characters that an equal part may have.
        limit: characters that are compared, from the first word that differs on.

    """
    start = _equal_start(one, other)
    ours, theirs = (_TOKEN.findall(text[start : start + limit]) for text in (one, other))
    left, right = [Part(one[:start], False)], [Part(other[:start], False)]
    matcher = difflib.SequenceMatcher(None, ours, theirs)  # junk: else "! ! !" takes minutes
    for kind, begin, end, from_, to in matcher.get_opcodes():
        left.append(Part("".join(ours[begin:end]), kind != "equal"))
        right.append(Part("".join(theirs[from_:to]), kind != "equal"))
    for parts, text in ((left, one), (right, other)):
        if len(text) > start + limit:
            parts.append(Part(" …", False))
    return list(_shortened(left, room)), list(_shortened(right, room))


def _equal_start(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike, up to the last word of these.

    >>> _equal_start("Name a  colour", "Name a colour"), _equal_start("Name a", "Name an ox")
    (6, 5)
    """
    places = (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    common = next(places, min(len(one), len(other)))
    tail = one[max(common - _WORD, 0) : common]
    return common - len(tail) + len(re.sub(r"(\w+|\s+)\Z", "", tail))


def _shortened(parts: Iterable[Part], room: int) -> Iterator[Part]:
    """Yield the parts, equal ones cut, and neighbours of one kind as one."""
    ends = 2 * room // 5
    for differs, group in itertools.groupby(parts, key=lambda part: part.differs):
        text = "".join(part.text for part in group)
        if not differs and len(text) > room:
            text = f"{text[:ends]} … {text[-ends:]}"
        yield Part(text, differs)
