"""Texts as the sections show them: clipped, and what differs marked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curate.records import Record
from curate.reporting.beside import Part, differences, text_rows

if TYPE_CHECKING:
    from curate.similarity.ledger import Name

__all__ = ["against", "beside", "clipped", "fate", "one_line", "plain"]

_ROWS = 8
_SHOWN = 700  # characters of a text
_COMPARED = 800


def clipped(text: str, limit: int = _SHOWN) -> str:
    """Return a text, or its beginning and how long it is.

    >>> clipped("abcdef", 3)
    'abc … (6 characters)'
    """
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text):,} characters)"


def plain(value: object) -> str:
    """Return a field as text; what is no text as Python writes it."""
    return value if isinstance(value, str) else repr(value)


def one_line(text: str, limit: int) -> str:
    r"""Return the beginning of a text on one line.

    >>> one_line("Name\n  a colour.", 8)
    'Name a c …'
    """
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else f"{line[:limit]} …"


def fate(name: "Name", verdict: Mapping[str, Any] | None) -> dict[str, str]:
    """Return an id and what became of the record, in words; of another set all stay.

    >>> fate(("old", "facts:3"), None)
    {'id': 'facts:3', 'fate': 'kept', 'words': 'is in old'}
    """
    if not isinstance(name, str):
        set_, id = (clipped(part, 120) for part in name)
        return {"id": id, "fate": "kept", "words": f"is in {set_}"}
    id = clipped(name, 120)
    if verdict is None:
        return {"id": id, "fate": "kept", "words": "stays"}
    evidence = verdict["evidence"]
    words = [verdict["reason"].replace("_", " ")]
    words += [f"of {clipped(kept, 120)}" for kept in (evidence.get("kept"),) if kept]
    words += [f"in {clipped(set_, 120)}" for set_ in (evidence.get("set"),) if set_]
    return {"id": id, "fate": "dropped", "words": f"goes: {' '.join(words)}"}


def beside(one: Record, other: Record) -> Iterator[dict[str, Any]]:
    """Yield the texts of two records, a row a field; equal ones once."""
    rows = [
        (name, texts)
        for name, texts in text_rows([one.to_dict(), other.to_dict()])
        if texts != ["(empty)", "(empty)"]
    ]
    for name, (left, right) in rows[:_ROWS]:
        if left == right:
            yield {"name": name, "same": clipped(left, _SHOWN // 2)}
        else:
            parts = differences(left, right, room=160, limit=_COMPARED)
            yield {"name": name, "sides": [_cut(side) for side in parts]}
    if len(rows) > _ROWS:
        yield {"name": "…", "same": f"and {len(rows) - _ROWS:,} more turns"}


def against(first: str, text: str, limit: int) -> list[Part]:
    """Return a text in parts, what it has other than the first marked; none if it is the same."""
    if first == text:
        return []
    return _cut(differences(first, text, room=limit // 2, limit=_COMPARED)[1], limit)


def _cut(parts: Sequence[Part], room: int = _SHOWN) -> list[Part]:
    """Return the parts as far as there is room for them."""
    shown: list[Part] = []
    for part in parts:
        if room <= 0:
            return [*shown, Part(" …", False)]
        shown.append(Part(part.text[:room], part.differs))
        room -= len(part.text)
    return shown
