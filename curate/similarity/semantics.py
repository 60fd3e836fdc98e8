"""From records to verdicts: what `curate clean` does in its step `semantic_dedup`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from curate.records import Record
from curate.similarity.clustering import recall_clusters
from curate.similarity.deciding import Decision, Policy
from curate.similarity.duplicates import Matches, best_of_same, cut
from curate.similarity.embedding import embed, load_encoder
from curate.similarity.meaning import difference, read_said
from curate.similarity.merits import Merits
from curate.similarity.neighbours import near_pairs
from curate.similarity.profile import answer_length, texts_of

__all__ = ["find_rewordings", "recall_rewordings"]

Array = np.ndarray[Any, np.dtype[Any]]
_BEFORE, _PROMPT, _ANSWER = range(3)


def find_rewordings(records: Iterable[Record], policy: Policy, model: str) -> Decision:
    """Return what becomes of records, of which some say the same in other words.

    Args:
        records: all of them.
        policy: its thresholds are the least cosines of prompts and of answers.
        model: as `load_encoder` takes it.

    """
    encode, limit = load_encoder(model)
    merits, length = Merits(policy.prefer, policy.quality), []
    numbers: dict[str, int] = {}
    places = []
    for record in records:
        merits.add(record)
        length.append(answer_length(record))
        places.append([numbers.setdefault(text, len(numbers)) for text in texts_of(record)])
    merits.finish(np.array(length, np.int64))
    texts = sorted(numbers)
    rank = np.empty(len(texts), np.int64)
    rank[[numbers[text] for text in texts]] = np.arange(len(texts))
    rows, row = np.unique(
        rank[np.array(places, np.int64).reshape(-1, 3)], axis=0, return_inverse=True
    )
    used = np.unique(rows[:, _PROMPT:])
    vectors = embed([texts[number] for number in used.tolist()], encode, limit)
    prompts, answers = (
        vectors[np.searchsorted(used, rows[:, side])] for side in (_PROMPT, _ANSWER)
    )
    one, other, scores = near_pairs(prompts, answers, min(policy.thresholds))
    said = (rows[one, _BEFORE] == rows[other, _BEFORE]) & (
        scores >= np.array(policy.thresholds) - 1e-6
    ).all(axis=1)
    one, other, scores = one[said], other[said], scores[said]
    same = _say_the_same(rows, texts, one, other)
    text = best_of_same(merits.plain, row.reshape(-1))
    stands = np.zeros(len(rows), np.int64)
    stands[row.reshape(-1)] = text
    matches = Matches(
        normal=text,
        text=text,
        first=stands[one[same]],
        second=stands[other[same]],
        scores=cut(scores[same] + 1e-6),
        prompt=np.arange(text.size, dtype=np.uint64),  # conflicts are the business of `dedup`
    )
    return Decision(merits, matches, policy, lambda first, second: np.ones(first.size))


def recall_rewordings(
    records: Iterable[Record], lines: Iterable[Mapping[str, Any]], policy: Policy
) -> Decision:
    """Return what becomes of records by lines of clusters.jsonl alone, without a model.

    Records that the lines do not name were not compared, and stay: they came back since then.
    Those that an earlier step has dropped since then have no part in it.
    """
    known = {record.id for record in records}
    return recall_clusters(records, list(_still_there(lines, known)), policy)


def _still_there(lines: Iterable[Mapping[str, Any]], known: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the lines without the records that are gone."""
    for line in lines:
        here = [place for place, id in enumerate(line["ids"]) if id in known]
        new = {place: number for number, place in enumerate(here)}
        same = []
        for compared, *others in line["same"]:
            if left := [new[place] for place in (compared, *others) if place in new]:
                new.setdefault(compared, left[0])
                same.append(left)
        pairs = [[new[a], new[b], *scores] for a, b, *scores in line["pairs"]
                 if a in new and b in new]  # fmt: skip
        ids = [line["ids"][place] for place in here]
        yield {**line, "ids": ids, "same": same, "pairs": pairs}


def _say_the_same(rows: Array, texts: list[str], one: Array, other: Array) -> Array:
    """Return which of some pairs nothing tells apart."""
    wanted = np.unique(np.concatenate([one, other]))
    said = read_said([(texts[a], texts[b], texts[c]) for a, b, c in rows[wanted].tolist()])
    ends = (np.searchsorted(wanted, side).tolist() for side in (one, other))
    apart = [difference(said[a], said[b]) for a, b in zip(*ends, strict=True)]
    return np.array([not what for what in apart], bool)
