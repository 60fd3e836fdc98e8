"""From records to verdicts: what `curate clean` does in its step `dedup`."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xxhash
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from curate.records import Record
from curate.similarity.duplicates import Matches, Removal, conflicts, find_matches, remove
from curate.similarity.index import Index
from curate.similarity.join import count_shared, jaccard

__all__ = ["Clustering", "Policy", "Verdict"]

Array = np.ndarray[Any, np.dtype[Any]]
Note = Callable[[dict[str, Any]], None]

_SIDES = {"both": (0, 1), "prompt": (0,), "answer": (1,)}


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts as a duplicate, and which record of several stays.

    Attributes:
        thresholds: least similarity of two prompts, and of two answers.
        scope: what is compared: `both`, `prompt` or `answer`.
        prefer: sources whose records stay rather than others, best first.
        quality: column with a number: the record with the highest stays.
        conflicts: which record stays of those with one prompt and several answers: `keep_all`,
            `first`, `longest`, `prefer`, `majority` or `drop` (none).

    """

    thresholds: tuple[float, ...]
    scope: str
    prefer: tuple[str, ...]
    quality: str
    conflicts: str


class Verdict(NamedTuple):
    """Why a record goes, with the evidence."""

    reason: str
    evidence: dict[str, Any]


class Clustering:
    """Takes records, then says of each whether it stays."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._index = Index()
        self._ids: list[str] = []
        self._exact = array("Q")  # hash of all that is equal in exact duplicates
        self._preferred, self._quality = array("i"), array("d")  # less is better
        self._source, self._place = array("i"), array("q")
        self._names: dict[str, int] = {}

    def add(self, record: Record) -> None:
        """Take a record."""
        self._index.add(record)
        self._ids.append(record.id)
        content = "\0".join(record.content()).encode("utf-8", "surrogatepass")
        self._exact.append(xxhash.xxh3_64_intdigest(content))
        prefer = self._policy.prefer
        preferred = prefer.index(record.source) if record.source in prefer else len(prefer)
        self._preferred.append(preferred)
        self._quality.append(-self._quality_of(record))
        name, _, place = record.id.rpartition(":")
        if not (place.isascii() and place.isdigit() and len(place) < 16):
            name, place = record.id, "0"
        self._source.append(self._names.setdefault(name, len(self._names)))
        self._place.append(int(place))

    def _quality_of(self, record: Record) -> float:
        value = record.meta.get(self._policy.quality)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if number and value == value else -np.inf  # type: ignore[arg-type]

    def verdicts(self, note: Note) -> Iterator[Verdict | None]:
        """Yield the verdict on each record in the order in which they were added; None: it stays.

        `note` takes the clusters first.
        """
        index, policy = self._index, self._policy
        index.finish()
        rank, first = self._ranks()
        matches = find_matches(index, rank, _SIDES[policy.scope])
        removal = remove(matches, rank, policy.thresholds)
        groups = conflicts(index, removal.kept, rank) if policy.scope == "both" else []
        losers = self._settle(groups, removal, first)
        self._note(matches, groups, rank, note)
        for number, kept in enumerate(removal.kept.tolist()):
            winner = losers.get(number, losers.get(kept))
            if winner is not None:
                yield Verdict("conflict", self._conflict(number, winner))
            elif kept < 0:
                yield None
            else:
                yield self._duplicate(number, kept, removal)

    def _duplicate(self, number: int, kept: int, removal: Removal) -> Verdict:
        prompt, answer = (round(float(score), 4) for score in removal.scores[number])
        scope = self._policy.scope
        score = {"both": min(prompt, answer), "prompt": prompt, "answer": answer}[scope]
        evidence: dict[str, Any] = {"kept": self._ids[kept], "score": score, "field": scope}
        if self._exact[number] == self._exact[kept]:
            return Verdict("exact_duplicate", evidence)
        if not removal.near[number]:
            return Verdict("normalised_duplicate", evidence)
        if scope == "both":
            evidence |= {"prompt": prompt, "answer": answer}
        return Verdict("near_duplicate", evidence)

    def _ranks(self) -> tuple[Array, Array]:
        """Return the rank of each record among those that should stay, and its place alone."""
        alphabet = np.empty(len(self._names), np.int64)
        alphabet[[self._names[name] for name in sorted(self._names)]] = np.arange(alphabet.size)
        first = (np.array(self._place), alphabet[np.array(self._source)])
        length = -self._index.length
        best = np.lexsort((*first, length, np.array(self._quality), np.array(self._preferred)))
        return _rank(best), _rank(np.lexsort(first))

    def _settle(self, groups: list[Array], removal: Removal, first: Array) -> dict[int, int]:
        """Return who loses in conflicts, and to whom; to -1 if nobody stays."""
        policy = self._policy.conflicts
        losers: dict[int, int] = {}
        if policy == "keep_all":
            return losers
        weight = np.bincount(removal.kept[removal.kept >= 0], minlength=removal.kept.size)
        merit = {
            "first": first,
            "longest": -self._index.length,
            "prefer": np.array(self._preferred),
            "majority": -weight,
        }.get(policy)
        for group in groups:
            winner = -1
            if merit is not None:
                winner = int(group[np.lexsort((first[group], merit[group]))[0]])
            losers.update({record: winner for record in group.tolist() if record != winner})
        return losers

    def _conflict(self, number: int, winner: int) -> dict[str, Any]:
        evidence: dict[str, Any] = {"kept": None, "score": None, "field": "answer",
                                    "policy": self._policy.conflicts}  # fmt: skip
        if winner >= 0:
            evidence["kept"] = self._ids[winner]
            evidence["score"] = round(self._answers_alike(number, winner), 4)
        return evidence

    def _answers_alike(self, one: int, other: int) -> float:
        pair = np.array([one]), np.array([other])
        shared = count_shared(self._index.shingles_of, *pair, 1)
        return float(jaccard(self._index, *pair, shared, 1)[0])

    def _note(self, matches: Matches, groups: list[Array], rank: Array, note: Note) -> None:
        """Note every cluster: records that hang together by pairs, best first, and the pairs."""
        count = matches.leader.size
        follow = np.flatnonzero(matches.leader != np.arange(count))
        one = np.concatenate([matches.leader[follow], matches.first])
        other = np.concatenate([follow, matches.second])
        scores = np.concatenate([np.ones((follow.size, 2)), matches.scores])
        graph = csr_array((np.ones(one.size, np.int8), (one, other)), shape=(count, count))
        _, label = connected_components(graph, directed=False)
        members = np.unique(np.concatenate([one, other]))
        order = members[np.lexsort((rank[members], label[members]))]
        position: dict[int, int] = {}
        clusters: dict[int, dict[str, Any]] = {}
        for record in order.tolist():
            cluster = clusters.setdefault(int(label[record]), {"ids": [], "pairs": []})
            position[record] = len(cluster["ids"])
            cluster["ids"].append(self._ids[record])
        rounded = np.round(scores, 4).tolist()
        for a, b, pair in zip(one.tolist(), other.tolist(), rounded, strict=True):
            ends = sorted((position[a], position[b]))
            clusters[int(label[a])]["pairs"].append([*ends, *pair])
        for cluster in clusters.values():
            cluster["pairs"].sort()
        for cluster in sorted(
            clusters.values(), key=lambda cluster: (-len(cluster["ids"]), cluster["ids"][0])
        ):
            note({"kind": "duplicates", **cluster})
        for group in groups:
            note({"kind": "conflict", "ids": [self._ids[record] for record in group.tolist()]})


def _rank(order: Array) -> Array:
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    return rank
