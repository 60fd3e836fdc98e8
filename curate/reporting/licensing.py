"""The licences of a set, as the card and the report tell them."""

from collections.abc import Mapping

from curate.licences import LICENCES, UNKNOWN, canonical, warnings
from curate.text import counted

__all__ = ["licences_of", "what_to_know"]

_MOST = 20  # licences in the table


def licences_of(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return licences and records, most first; those beyond a few as one.

    >>> licences_of({"mit": 1, "": 3})
    [('unknown', 3), ('mit', 1)]
    """
    held: dict[str, int] = {}
    for name, number in sorted(counts.items()):
        held[name or UNKNOWN] = held.get(name or UNKNOWN, 0) + number
    ordered = sorted(held.items(), key=lambda item: -item[1])
    rows = ordered[:_MOST]
    if rest := ordered[_MOST:]:
        rows.append((counted(len(rest), "other", "others"), sum(number for _, number in rest)))
    return rows


def what_to_know(counts: Mapping[str, int]) -> list[str]:
    """Return what to know before a set with these licences is used or shared.

    >>> what_to_know({"mit": 1, "house rules": 2})
    ['2 records have licences whose terms are not known: read them.']
    """
    known = {name: n for name, n in counts.items() if canonical(name) in (*LICENCES, UNKNOWN)}
    said = warnings(known)
    if strange := sum(counts.values()) - sum(known.values()):
        records = counted(strange, "record has a licence", "records have licences")
        said.append(f"{records} whose terms are not known: read them.")
    return said
