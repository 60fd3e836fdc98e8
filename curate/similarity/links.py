"""What records have in common, so that one of them in a test says something of the others."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.records import Record
from curate.similarity.deciding import Policy
from curate.similarity.duplicates import find_matches
from curate.similarity.index import Index
from curate.similarity.runs import Runs
from curate.similarity.tokens import tokenise
from curate.text import fold, is_blank

__all__ = ["ALWAYS", "KINDS", "LinkFinder", "Links"]

Array = np.ndarray[Any, np.dtype[Any]]

KINDS = ("near_duplicate", "prompt", "context", "conversation", "passage")
ALWAYS = np.iinfo(np.int64).max
_RUNS = {13: 20, 20: 100, 60: 1000}
"""So many words in a row are a passage unless more than so many records have them: then they are
the wording of prompts. In 37,464 T0 prompts wordings have up to 40 words, and what more than 100
records have of passages 75 and more."""
_WORDING, _SOURCE = 60, 20
"""In a source of so many records fewer words that more than half of them have are wording too."""
_GREETING = 100
"""A beginning that more conversations have says nothing of them."""
_SIDES = {"both": (0, 1), "prompt": (0,), "answer": (1,)}
_BATCH = 1 << 17  # characters


@dataclass(frozen=True, slots=True)
class Links:
    """Links, each with the records that it holds together.

    Sources are numbered in the order in which they came up; what many records have is no link,
    so that one may end with the source that brings too many of them.

    Attributes:
        kind: int8 (links,), place in KINDS.
        until: int64 (links,), last source whose records it holds; ALWAYS if it does not end.
        starts: int64 (links + 1,), where in `holders` those of each link begin.
        holders: int64, numbers of records, those of a link by source.
        source: int64 (records,), number of the source of each.

    """

    kind: Array
    until: Array
    starts: Array
    holders: Array
    source: Array


class LinkFinder:
    """Finds links among records, which are added in reading order.

    Args:
        policy: thresholds and scope of near-duplicates.

    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._index = Index()
        self._sources: dict[str, int] = {}
        self._source: list[int] = []
        self._hashes: dict[str, list[tuple[int, int]]] = {"context": [], "conversation": []}
        self._runs = {length: Runs(length) for length in _RUNS}
        self._texts: list[str] = []
        self._owners: list[int] = []
        self._characters = 0

    def add(self, record: Record) -> None:
        """Add a record."""
        number = len(self._source)
        self._source.append(self._sources.setdefault(record.source, len(self._sources)))
        self._index.add(record)
        if isinstance(record.context, str) and not is_blank(record.context):
            self._hashes["context"].append((_hash(fold(record.context)), number))
        self._hashes["conversation"] += ((key, number) for key in _conversations(record))
        for text in _texts(record):
            self._texts.append(text)
            self._owners.append(number)
            self._characters += len(text)
        if self._characters > _BATCH:
            self._flush()

    def _flush(self) -> None:
        tokens, owners = tokenise(self._texts), np.array(self._owners, np.int64)
        for runs in self._runs.values():
            runs.add(tokens, owners)
        self._texts, self._owners, self._characters = [], [], 0

    def finish(self) -> Links:
        """Return the links; no record can be added any more."""
        self._flush()
        self._index.finish()
        source = np.array(self._source, np.int64)
        prompt = self._index.normal[:, 0]
        spoken = np.flatnonzero(prompt != 0)
        found = [
            _by_source("near_duplicate", *self._near(source.size), source),
            _by_source("prompt", *_same(prompt[spoken], spoken), source),
            _by_source("context", *_same(*self._column("context")), source),
            _by_source("conversation", *_same(*self._column("conversation")), source, _GREETING),
        ]
        for length, limit in _RUNS.items():
            shared = self._runs[length].shared()
            found.append(_by_source("passage", *shared, source, limit, wording=length < _WORDING))
        counts = np.concatenate([np.diff(links.starts) for links in found])
        return Links(
            kind=np.concatenate([links.kind for links in found]),
            until=np.concatenate([links.until for links in found]),
            starts=np.concatenate([[0], np.cumsum(counts)]),
            holders=np.concatenate([links.holders for links in found]),
            source=source,
        )

    def _column(self, name: str) -> tuple[Array, Array]:
        values = np.array(self._hashes[name], np.uint64).reshape(-1, 2)
        return values[:, 0], values[:, 1].astype(np.int64)

    def _near(self, count: int) -> tuple[Array, Array]:
        """Return the near-duplicates: number of a pair, or of a group of equal ones, and record."""
        rank = np.arange(count)
        matches = find_matches(self._index, rank, _SIDES[self._policy.scope], count)
        near = (matches.scores >= np.array(self._policy.thresholds) - 1e-9).all(axis=1)
        pairs = np.stack([matches.first[near], matches.second[near]], axis=1)
        equal, same = _same(matches.normal.astype(np.uint64), rank)
        number = np.repeat(np.arange(len(pairs)), 2)
        return np.concatenate([number, equal + len(pairs)]), np.concatenate([pairs.ravel(), same])


def _texts(record: Record) -> Iterator[str]:
    """Yield the texts of a prompt; a system prompt is wording."""
    turns = (turn.get("content") for turn in record.history if turn.get("role") != "system")
    for text in (record.instruction, record.context, *turns):
        if isinstance(text, str):
            yield text


def _conversations(record: Record) -> Iterator[int]:
    """Yield a hash for each beginning of a conversation that ends in an answer."""
    digest = hashlib.blake2b(digest_size=8)
    turns = [*record.turns(), {"role": "assistant", "content": record.output}]
    for turn in turns:
        role, content = turn.get("role", ""), turn.get("content", "")
        if role == "system":
            continue
        text = fold(content) if isinstance(content, str) else repr(content)
        digest.update(f"{role}:{len(text)}:{text}".encode("utf-8", "surrogatepass"))
        if role == "assistant":
            yield int.from_bytes(digest.digest())


def _hash(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())


def _same(keys: Array, records: Array) -> tuple[Array, Array]:
    """Return the keys that come several times, numbered, and the records, side by side."""
    _, number, counts = np.unique(keys, return_inverse=True, return_counts=True)
    several = counts[number] > 1
    return number[several], records[several]


def _by_source(
    kind: str,
    number: Array,
    holders: Array,
    source: Array,
    limit: int = 0,
    *,
    wording: bool = False,
) -> Links:
    """Return links of a kind.

    Args:
        kind: one of KINDS.
        number: of the link that each of the holders belongs to.
        holders: records.
        source: of each record.
        limit: so many records may have it; 0 is any number.
        wording: whether what most of a source has is no link.

    """
    order = np.lexsort((holders, source[holders], number))
    number, holders = number[order], holders[order]
    of = source[holders]
    starts = np.flatnonzero(np.append(True, number[1:] != number[:-1])[: number.size])
    counts = np.diff(np.append(starts, number.size))
    until = np.full(starts.size, ALWAYS)
    if limit:
        many = counts > limit
        until[many] = of[starts[many] + limit] - 1
    if wording and starts.size:
        link = np.repeat(np.arange(starts.size), counts)
        new = np.append(True, (link[1:] != link[:-1]) | (of[1:] != of[:-1]))
        first = np.flatnonzero(new)
        part = np.diff(np.append(first, of.size))
        size = np.bincount(source)[of[first]]
        most = first[(2 * part > size) & (size >= _SOURCE)]
        np.minimum.at(until, link[most], of[most] - 1)
    kinds = np.full(starts.size, KINDS.index(kind), np.int8)
    return Links(kinds, until, np.append(starts, number.size), holders, source)
