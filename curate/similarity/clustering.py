"""From records to verdicts: what `curate clean` does in its step `dedup`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.records import Record, Reference
from curate.similarity.contradictions import Contradictions
from curate.similarity.deciding import Decision, Policy
from curate.similarity.duplicates import cut, find_matches
from curate.similarity.index import Index, batches
from curate.similarity.join import count_shared, jaccard
from curate.similarity.ledger import Name, ids_of, read_matches
from curate.similarity.merits import Merits
from curate.similarity.profile import answer_length, profile

if TYPE_CHECKING:
    from curate.steps.base import Spread

__all__ = ["find_clusters", "recall_clusters"]

Array = np.ndarray[Any, np.dtype[Any]]

_SIDES = {"both": (0, 1), "prompt": (0,), "answer": (1,)}


def find_clusters(
    records: Iterable[Record],
    policy: Policy,
    references: Iterable[Reference] = (),
    spread: "Spread" = map,
) -> Decision:
    """Return what becomes of records, after comparing them with each other and with references.

    `records` can be gone through several times. Those that contradict each other are compared with
    nothing.
    """
    seen = Contradictions()
    decision = _find(seen.watch(records), policy, references, spread)
    if opposed := seen.of():
        rest = (record for record in records if record.id not in opposed)
        decision = _find(rest, policy, references, spread)
        decision.opposed = opposed
    return decision


def _find(
    records: Iterable[Record], policy: Policy, references: Iterable[Reference], spread: "Spread"
) -> Decision:
    index, merits = Index(), Merits(policy.prefer, policy.quality)
    for profiles in spread(profile, batches(_noted(records, merits))):
        index.extend(profiles)
    stored = None
    for reference in references:
        if reference.stored is None:
            index.add(reference.record)
        elif reference.stored is not stored:
            index.extend(reference.stored)
        stored = reference.stored
        merits.add_reference(reference)
    index.finish()
    merits.finish(index.length)
    matches = find_matches(index, merits.plain, _SIDES[policy.scope], merits.own, spread)
    return Decision(merits, matches, policy, lambda *pairs: _answers_alike(index, *pairs))


def _noted(records: Iterable[Record], merits: Merits) -> Iterator[Record]:
    for record in records:
        merits.add(record)
        yield record


def recall_clusters(
    records: Iterable[Record],
    lines: Sequence[Mapping[str, Any]],
    policy: Policy,
    references: Iterable[Reference] = (),
) -> Decision:
    """Return what becomes of the records that lines of clusters.jsonl name, by these alone.

    The lines have to be those of the same records, references and scope. The other records stay.

    Raises:
        LookupError: a line lacks something, or names a record that is not there.
    """
    named = {name for line in lines for name in ids_of(line)}
    merits, length = Merits(policy.prefer, policy.quality), []
    numbers: dict[Name, int] = {}
    seen = Contradictions()
    for record in seen.watch(records):
        if record.id in named:
            numbers[record.id] = len(numbers)
            merits.add(record)
            length.append(answer_length(record))
    for reference in references:
        if (name := (reference.set, reference.record.id)) in named:
            numbers[name] = len(numbers)
            merits.add_reference(reference)
            length.append(answer_length(reference.record))
    merits.finish(np.array(length, np.int64))
    matches = read_matches(lines, numbers)
    names = list(numbers)

    def alike(one: Array, other: Array) -> Array:
        wanted = np.union1d(one, other)
        index = _index(records, references, {names[number] for number in wanted.tolist()})
        return _answers_alike(index, *(np.searchsorted(wanted, part) for part in (one, other)))

    decision = Decision(merits, matches, policy, alike)
    decision.opposed = seen.of()
    return decision


def _index(records: Iterable[Record], references: Iterable[Reference], wanted: set[Name]) -> Index:
    index = Index()
    for record in records:
        if record.id in wanted:
            index.add(record)
    for reference in references if wanted else ():
        if (reference.set, reference.record.id) in wanted:
            index.add(reference.record)
    index.finish()
    return index


def _answers_alike(index: Index, one: Array, other: Array) -> Array:
    shared = count_shared(index.shingles_of, one, other, 1)
    return cut(jaccard(index, one, other, shared, 1))
