"""What each source gave: rows, records that stay, words, licences."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from curate.records import TEXT_FIELDS

__all__ = ["SourceFigures", "SourceTally"]


class SourceFigures(NamedTuple):
    """What one source gave.

    Attributes:
        name: of the source.
        read: rows, those that could not be read included.
        kept: records that stay.
        words: between white space, in all texts and turns of the lines that stay.
        licenses: lines that stay by licence, most first; empty where unknown.

    """

    name: str
    read: int
    kept: int
    words: int
    licenses: dict[str, int]


class SourceTally:
    """Counts records by the source that they name.

    >>> tally = SourceTally()
    >>> row = {"source": "a", "license": "mit", "instruction": "Name a day.", "context": "",
    ...        "output": "Friday.", "system": "", "history": []}
    >>> tally.keep(row), tally.lose("a"), tally.lose("b")
    (None, None, None)
    >>> tally.figures()[0]
    SourceFigures(name='a', read=2, kept=1, words=4, licenses={'mit': 1})
    """

    def __init__(self) -> None:
        self._read: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()
        self._words: Counter[str] = Counter()
        self._licenses: dict[str, Counter[str]] = {}

    def keep(self, row: Mapping[str, Any], is_copy: bool = False) -> None:
        """Count a line that stays; a copy that a merge made is no other record."""
        name = row["source"]
        self._read[name] += not is_copy
        self._kept[name] += not is_copy
        texts = [row.get(field) for field in TEXT_FIELDS]
        if row["history"]:
            texts += [turn.get("content") for turn in row["history"]]
        words = " ".join([text for text in texts if isinstance(text, str)]).split()
        self._words[name] += len(words)
        self._licenses.setdefault(name, Counter())[row["license"]] += 1

    def lose(self, name: str) -> None:
        """Count a row that was dropped or could not be read."""
        self._read[name] += 1

    def add(self, other: "SourceTally") -> None:
        """Take in what another tally counted."""
        self._read.update(other._read)
        self._kept.update(other._kept)
        self._words.update(other._words)
        for name, licenses in other._licenses.items():
            self._licenses.setdefault(name, Counter()).update(licenses)

    def figures(self) -> list[SourceFigures]:
        """Return the figures of each source, the one with the most rows first."""
        names = sorted(self._read, key=lambda name: (-self._read[name], name))
        return [
            SourceFigures(
                name, self._read[name], self._kept[name], self._words[name],
                dict(sorted(self._licenses.get(name, Counter()).items(),
                            key=lambda item: (-item[1], item[0]))),
            )
            for name in names
        ]  # fmt: skip
