"""From matches to verdicts: which records stay, and why the others go."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from curate.records import Record
from curate.similarity.duplicates import Matches, remove, same_prompts
from curate.similarity.ledger import lines
from curate.similarity.merits import Merits

__all__ = ["Decision", "Policy", "Verdict"]

Array = np.ndarray[Any, np.dtype[Any]]
_STAYS, _NOBODY = -2, -1


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


class Decision:
    """What becomes of records among which there are matches.

    Args:
        merits: of the records.
        matches: among them.
        policy: by which it is decided.
        alike: returns the similarity of answers: of some records and as many others.

    Attributes:
        merits, matches, policy: as given.
        kept: int64 (n,), as in Removal: conflicts have no part in it.
        opposed: ids of records that go because others say the opposite, and of one that does;
            none of them is among those above.

    """

    def __init__(
        self,
        merits: Merits,
        matches: Matches,
        policy: Policy,
        alike: Callable[[Array, Array], Array],
    ) -> None:
        self.merits, self.matches, self.policy = merits, matches, policy
        self._removal = remove(matches, merits.rank, policy.thresholds, merits.own)
        self._alike = alike
        self.kept = self._removal.kept
        self.opposed: Mapping[str, str] = {}

    def at(self, thresholds: tuple[float, ...]) -> "Decision":
        """Return what becomes of the records at other thresholds."""
        policy = replace(self.policy, thresholds=thresholds)
        return Decision(self.merits, self.matches, policy, self._alike)

    @property
    def gone(self) -> Array:
        """Which records go, references left out: bool (own,)."""
        return ((self.kept >= 0) | (self._winners() != _STAYS))[: self.merits.own]

    @property
    def repeated(self) -> int:
        """How many records have the same text as another, and go at any threshold."""
        own = self.merits.own
        return int(np.count_nonzero(self._removal.best[:own] != np.arange(own)))

    @cached_property
    def prompts(self) -> list[Array]:
        """Groups of records with one prompt, as `same_prompts` returns them."""
        if self.policy.scope != "both":
            return []
        return same_prompts(self.matches, self._removal.best, self.merits.rank, self.merits.own)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what is to be said of several records together: lines of clusters.jsonl."""
        return lines(self.merits, self.matches, self.prompts, self.kept)

    def verdicts(self) -> Iterator[Verdict | None]:
        """Yield the verdict on each record in the order in which they were added; None: it stays.

        There is none on references. A duplicate of one that loses a conflict goes for the
        conflict's sake.
        """
        winner = self._winners()
        lost, scores = np.flatnonzero(winner >= 0), dict[int, float]()
        if lost.size:
            alike = self._alike(lost, winner[lost]).tolist()
            scores = dict(zip(lost.tolist(), alike, strict=True))
        own = self.merits.own
        places = zip(self.kept[:own].tolist(), winner[:own].tolist(), strict=True)
        for number, (kept, other) in enumerate(places):
            if other != _STAYS:
                yield self._conflict(other, scores.get(number))
            elif kept < 0:
                yield None
            else:
                yield self._duplicate(number, kept)

    def fates(self, records: Iterable[Record]) -> Iterator[tuple[Record, Verdict | None]]:
        """Yield each record with the verdict on it.

        It is None where the record was not among those added, but for contradicted preferences.

        The order has to be that in which the records were added, others may stand between.
        """
        ids, verdicts = iter(self.merits.ids[: self.merits.own]), self.verdicts()
        due = next(ids, None)
        for record in records:
            if record.id == due:
                yield record, next(verdicts)
                due = next(ids, None)
            elif other := self.opposed.get(record.id):
                yield record, Verdict("contradicting_preference", {"contradicts": other})
            else:
                yield record, None

    def _winners(self) -> Array:
        """Return to whom each record loses in a conflict: -2 if it does not, -1 to nobody.

        Where references have the prompt, the best of them wins.
        """
        kept, policy = self.kept, self.policy.conflicts
        winner = np.full(kept.size, _STAYS, np.int64)
        if policy == "keep_all":
            return winner
        first = self.merits.first
        merit = {
            "first": first,
            "longest": -self.merits.length,
            "prefer": self.merits.preferred,
            "majority": -np.bincount(kept[kept >= 0], minlength=kept.size),
        }.get(policy)
        for group in self.prompts:
            stay = group[kept[group] < 0]
            if stay.size < 2:
                continue
            best = _NOBODY
            if merit is not None:
                known = stay >= self.merits.own
                best = int(stay[np.lexsort((first[stay], merit[stay], ~known))[0]])
            winner[stay[stay != best]] = best
        winner[self.merits.own :] = _STAYS
        return np.where((winner == _STAYS) & (kept >= 0), winner[kept], winner)

    def _conflict(self, winner: int, score: float | None) -> Verdict:
        named = self._named(winner) if winner >= 0 else {"kept": None}
        evidence = {**named, "score": score, "field": "answer",
                    "policy": self.policy.conflicts}  # fmt: skip
        return Verdict("conflict", evidence)

    def _named(self, record: int) -> dict[str, Any]:
        """Return how evidence names a record that stays."""
        merits = self.merits
        of = {} if record < merits.own else {"set": merits.sets[record - merits.own]}
        return {"kept": merits.ids[record], **of}

    def _duplicate(self, number: int, kept: int) -> Verdict:
        merits, removal, scope = self.merits, self._removal, self.policy.scope
        prompt, answer = removal.scores[number].tolist()
        score = {"both": min(prompt, answer), "prompt": prompt, "answer": answer}[scope]
        evidence = {**self._named(kept), "score": score, "field": scope}
        if merits.exact[number] == merits.exact[kept]:
            return Verdict("exact_duplicate", evidence)
        if not removal.near[number]:
            return Verdict("normalised_duplicate", evidence)
        if scope == "both":
            evidence |= {"prompt": prompt, "answer": answer}
        return Verdict("near_duplicate", evidence)
