"""Preferences that contradict each other: a pair the other way round, an answer labelled twice."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from curate.records import Record, content_hash
from curate.text import fold

__all__ = ["Contradictions"]


class _Claim(NamedTuple):
    id: str
    said: str
    opposite: str


class Contradictions:
    """Which records say the opposite of another one; case and space aside.

    >>> pairs = [Record(id="a:1", instruction="Add 2 and 2.", output="4", rejected="5"),
    ...          Record(id="a:2", instruction="Add 2 and 2.", output="5", rejected="4")]
    >>> found = Contradictions()
    >>> [record.id for record in found.watch(pairs)], found.of()
    (['a:1', 'a:2'], {'a:1': 'a:2', 'a:2': 'a:1'})
    """

    def __init__(self) -> None:
        self._claims: list[_Claim] = []

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records, and take note of those that say which answers are preferred."""
        for record in records:
            if record.rejected is not None or record.label is not None:
                self._note(record)
            yield record

    def _note(self, record: Record) -> None:
        bare = record.with_fields(output="", rejected=None, label=None)
        prompt = content_hash(_folded(text) for text in bare.content())
        answer, other = _folded(record.output), _folded(record.rejected)
        if record.rejected is not None:
            sides = [prompt, answer, other], [prompt, other, answer]
        else:
            sides = [prompt, answer, str(record.label)], [prompt, answer, str(not record.label)]
        self._claims.append(_Claim(record.id, *map(content_hash, sides)))

    def of(self) -> dict[str, str]:
        """Return, for the id of each that is contradicted, that of the first which does so."""
        first: dict[str, str] = {}
        for claim in self._claims:
            first.setdefault(claim.said, claim.id)
        return {
            claim.id: first[claim.opposite]
            for claim in self._claims
            if claim.opposite in first and claim.opposite != claim.said
        }


def _folded(text: object) -> str:
    return fold(text) if isinstance(text, str) else repr(text)
