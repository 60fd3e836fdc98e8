"""Which split each record goes to, so that no link is torn and no earlier record moves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from curate.similarity.links import ALWAYS, KINDS, Links

__all__ = ["OUT", "Places", "Torn", "groups", "place", "torn"]

Array = np.ndarray[Any, np.dtype[Any]]
Choose = Callable[[int, Array, Array, Array], Array]
"""What decides on new groups: source, first record and size of each, records of the source in each
split so far -> split of each group."""

OUT, _NONE = 3, -1
"""The place of a record that belongs to two splits."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where records go.

    Attributes:
        split: int8 (records,), number of the split, or OUT.
        between: of each record that is OUT: split -> kind of link and record there.

    """

    split: Array
    between: dict[int, dict[int, tuple[str, int]]]


def place(links: Links, choose: Choose) -> Places:
    """Return where records go.

    Source by source: records that hang together with records of one split go there, new groups
    where `choose` says. Where records of several splits hang together by new ones, each new record
    goes along with those that it is linked with, and is out if these are in several splits.
    """
    return _Placing(links, choose).run()


class _Placing:
    def __init__(self, links: Links, choose: Choose) -> None:
        self.links, self.choose = links, choose
        self.split = np.full(links.source.size, _NONE, np.int8)
        self.held = np.full(links.kind.size, _NONE, np.int8)  # the split that a link holds to
        self.between: dict[int, dict[int, tuple[str, int]]] = {}

    def run(self) -> Places:
        links = self.links
        owner = np.repeat(np.arange(links.kind.size), np.diff(links.starts))
        of = links.source[links.holders]
        usable = np.flatnonzero(links.until[owner] >= of)
        usable = usable[np.argsort(of[usable], kind="stable")]
        records = np.argsort(links.source, kind="stable")
        count = int(links.source.max(initial=-1)) + 1
        ends = np.searchsorted(of[usable], np.arange(count + 1))
        bounds = np.searchsorted(links.source[records], np.arange(count + 1))
        for source in range(count):
            part = usable[ends[source] : ends[source + 1]]
            new = records[bounds[source] : bounds[source + 1]]
            self._add(source, new, owner[part], links.holders[part])
        return Places(self.split, self.between)

    def _add(self, source: int, records: Array, link: Array, holder: Array) -> None:
        """Place the records of a source; `link` and `holder` say which link holds which of them."""
        used, number = np.unique(link, return_inverse=True)
        label = _components(np.searchsorted(records, holder), number, records.size, used.size)
        of_link = label[np.searchsorted(records, holder)]
        _, first, size = np.unique(label, return_index=True, return_counts=True)
        splits = np.zeros(first.size, np.int64)
        fixed = self.held[link] != _NONE
        np.bitwise_or.at(splits, of_link[fixed], 1 << self.held[link[fixed]].astype(np.int64))
        several = np.bitwise_count(splits) > 1
        where = np.select([splits == 1 << s for s in range(OUT)], list(range(OUT)), _NONE)
        self.split[records] = where[label]
        chosen = several[of_link]
        self._part(records[several[label]], link[chosen], holder[chosen])
        new = np.flatnonzero(splits == 0)
        have = np.bincount(self.split[records] + 1, minlength=OUT + 2)[1:-1]
        where[new] = self.choose(source, records[first[new]], size[new], have)
        fresh = (splits == 0)[label]
        self.split[records[fresh]] = where[label[fresh]]
        whole = ~chosen
        self.held[link[whole]] = where[of_link[whole]]

    def _part(self, records: Array, link: Array, holder: Array) -> None:
        """Place records that hang together with several splits, one after the other."""
        order = np.lexsort((link, holder))
        starts = np.searchsorted(holder[order], records)
        ends = np.searchsorted(holder[order], records, side="right")
        own = {
            record: link[order[start:end]]
            for record, start, end in zip(
                records.tolist(), starts.tolist(), ends.tolist(), strict=True
            )
        }
        waiting = list(own)
        while waiting:
            later = [record for record in waiting if not self._go_along(record, own[record])]
            if len(later) == len(waiting):  # what linked them is out: a new group begins
                record = later.pop(0)
                alone, have = np.array([record]), np.zeros(OUT, np.int64)
                split = self.choose(_NONE, alone, np.ones(1, np.int64), have)[0]
                self.split[record] = self.held[own[record]] = split
            waiting = later

    def _go_along(self, record: int, links: Array) -> bool:
        """Place a record with what its links hold; return whether they hold anything."""
        splits = sorted(set(self.held[links].tolist()) - {_NONE})
        if len(splits) == 1:
            self.split[record] = self.held[links] = splits[0]
        elif splits:
            self.split[record] = OUT
            self.between[record] = {split: self._evidence(links, split) for split in splits}
        return bool(splits)

    def _evidence(self, links: Array, split: int) -> tuple[str, int]:
        """Return the kind of a link that holds to a split, and the first record that it holds."""
        link = int(links[self.held[links] == split][0])
        holders = self.links.holders[self.links.starts[link] : self.links.starts[link + 1]]
        there = holders[self.split[holders] == split]
        return KINDS[self.links.kind[link]], int(there[0])


def _components(record: Array, link: Array, records: int, links: int) -> Array:
    """Return, for each record, the number of those that links hold together."""
    size = records + links
    graph = coo_array((np.ones(record.size, np.int8), (record, link + records)), shape=(size, size))
    return np.asarray(connected_components(graph.tocsr(), directed=False)[1][:records], np.int64)


@dataclass(frozen=True, slots=True)
class Torn:
    """A link that holds records of two splits together."""

    kind: str
    one: int
    other: int


def torn(links: Links, split: Array) -> Iterator[Torn]:
    """Yield the links that still hold when all sources are there, and are torn."""
    inside = split[links.holders]
    kept = (inside != OUT) & (inside != _NONE)
    owner = np.repeat(np.arange(links.kind.size), np.diff(links.starts))
    kept &= links.until[owner] == ALWAYS
    owner, holders, inside = owner[kept], links.holders[kept], inside[kept]
    same = owner[1:] == owner[:-1]
    for at in np.flatnonzero(same & (inside[1:] != inside[:-1])).tolist():
        kind = KINDS[links.kind[owner[at]]]
        yield Torn(kind, int(holders[at]), int(holders[at + 1]))


def groups(links: Links, split: Array) -> Array:
    """Return the sizes of the groups of records that are kept, the largest first."""
    owner = np.repeat(np.arange(links.kind.size), np.diff(links.starts))
    use = (split[links.holders] != OUT) & (links.until[owner] == ALWAYS)
    label = _components(links.holders[use], owner[use], split.size, links.kind.size)
    sizes = np.bincount(label[split != OUT])
    return np.sort(sizes[sizes > 0])[::-1]
