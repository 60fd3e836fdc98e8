"""Which records of a source are looked at: what `curate preview` chooses by."""

import heapq
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from curate.errors import SourceError, clip
from curate.mixing import lot
from curate.records import Record
from curate.reporting.terminal import talk
from curate.sources import Reader, Source

__all__ = ["Choice", "chosen"]

_NAMED = 10  # ids or names that a message lists
_TOLD = 10  # rows left out, of which each has its line


@dataclass(frozen=True, slots=True)
class Choice:
    """Which records are shown: the first ones, unless it says otherwise.

    Attributes:
        limit: at most so many; None for all.
        ids: these alone, from every split.
        source: those of the source of this name; None for every source.
        longest: the longest ones, by the characters of all their texts, longest first.
        seed: those that a draw with this seed puts first; None draws none.

    """

    limit: int | None = None
    ids: tuple[str, ...] = ()
    source: str | None = None
    longest: bool = False
    seed: int | None = None


def chosen(sources: Sequence[Source], choice: Choice, where: str) -> Iterator[Record]:
    """Yield the records of a choice; what cannot be read is told to the person at the terminal.

    Of a dataset directory it is the train split that is looked at, as training does, but an id is
    looked for in all of them. No more is read than the choice asks for. `where` is what messages
    call the sources.

    Raises:
        SourceError: there is no such record, or nothing that can be read.

    """
    if choice.ids:
        yield from _by_id(_records(sources), choice.ids, where)
        return
    records = _records(source for source in sources if source.split in ("", "train"))
    records = _found(records, choice.source, where)
    limit = sys.maxsize if choice.limit is None else choice.limit
    if choice.longest:
        yield from heapq.nlargest(limit, records, key=_size)
    elif choice.seed is not None:
        yield from heapq.nsmallest(limit, records, key=partial(_lot, choice.seed))
    else:
        yield from itertools.islice(records, limit)


def _records(sources: Iterable[Source]) -> Iterator[Record]:
    """Yield what can be read, and say of the rest that it cannot."""
    left_out = 0
    try:
        for item in itertools.chain.from_iterable(map(Reader, sources)):
            if isinstance(item, Record):
                yield item
                continue
            left_out += 1
            if left_out <= _TOLD:
                talk(f"{item.path}:{item.line}: left out: {item.error}")
    finally:
        if left_out > _TOLD:
            talk(f"{left_out - _TOLD:,} rows more left out; `curate inspect` tells of all")


def _by_id(records: Iterable[Record], ids: Sequence[str], where: str) -> Iterator[Record]:
    wanted = dict.fromkeys(ids)
    for record in records:
        if record.id in wanted:
            del wanted[record.id]
            yield record
            if not wanted:
                return
    raise SourceError(
        f"{where}: has no record {_list(wanted)}; `curate explain DIR ID` tells what became of it"
    )


def _found(records: Iterable[Record], source: str | None, where: str) -> Iterator[Record]:
    """Yield the records of a source, and raise behind the last where there are none."""
    seen: dict[str, None] = {}
    found = False
    for record in records:
        seen[record.source] = None
        if source in (None, record.source):
            found = True
            yield record
    if not seen:
        raise SourceError(f"{where}: has no readable record")
    if not found:
        raise SourceError(
            f"{where}: has no record of the source '{clip(source or '')}'; it has "
            f"{_list(sorted(seen))}"
        )


def _list(names: Mapping[str, None] | Sequence[str]) -> str:
    """Return the first names of many, quoted."""
    shown = [f"'{clip(name)}'" for name in itertools.islice(names, _NAMED)]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _lot(seed: int, record: Record) -> bytes:
    return lot(record.id, seed)


def _size(record: Record) -> int:
    return sum(map(len, record.content()))
