"""The matches among records as lines of clusters.jsonl, and back again."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from curate.similarity.duplicates import Matches
from curate.similarity.merits import Merits

__all__ = ["Name", "ids_of", "lines", "read_matches"]

Array = np.ndarray[Any, np.dtype[Any]]
Line = dict[str, Any]
Name = str | tuple[str, str]


def lines(
    merits: Merits, matches: Matches, prompts: Sequence[Array], kept: Array
) -> Iterator[Line]:
    """Yield a line a cluster, then a line a prompt that several texts share.

    Args:
        merits: of the records.
        matches: among them.
        prompts: groups of records that share a prompt, see `same_prompts`.
        kept: as in Removal.

    """
    yield from sorted(
        _clusters(merits, matches), key=lambda cluster: (-len(cluster["ids"]), cluster["ids"][0])
    )
    for group in prompts:
        ours, others = group[group < merits.own], _others(merits, group[group >= merits.own])
        stay, gone = ours[kept[ours] < 0], ours[kept[ours] >= 0]
        if stay.size and stay.size + group.size - ours.size > 1:
            went = {"gone": [merits.ids[n] for n in gone.tolist()]} if gone.size else {}
            ids = [merits.ids[n] for n in stay.tolist()]
            yield {"kind": "conflict", "ids": ids, **went, **others}
        else:
            yield {"kind": "prompt", "ids": [merits.ids[n] for n in ours.tolist()], **others}


def _others(merits: Merits, references: Array) -> Line:
    """Return what a line says of references: set and id of each."""
    pairs = [[merits.sets[n - merits.own], merits.ids[n]] for n in references.tolist()]
    return {"others": pairs} if pairs else {}


def _clusters(merits: Merits, matches: Matches) -> list[Line]:
    """Return every cluster: records that hang together, best first, and references behind them."""
    normal, text, first, second = matches.normal, matches.text, matches.first, matches.second
    linked = np.zeros(text.size, bool)
    linked[normal[np.concatenate([np.arange(merits.own), first, second])]] = True
    follow = np.flatnonzero((text != np.arange(text.size)) & linked[normal])
    dressed = np.flatnonzero((text == np.arange(text.size)) & (normal != text) & linked[normal])
    one = np.concatenate([text[follow], normal[dressed], first])
    other = np.concatenate([follow, dressed, second])
    graph = csr_array((np.ones(one.size, np.int8), (one, other)), shape=(text.size, text.size))
    _, label = connected_components(graph, directed=False)
    members = np.unique(np.concatenate([one, other]))
    order = members[np.lexsort((merits.rank[members], members >= merits.own, label[members]))]
    position = np.zeros(text.size, np.int64)
    clusters: dict[int, Line] = {}
    for record in order.tolist():
        empty: Line = {"kind": "duplicates", "ids": [], "same": [], "pairs": []}
        cluster = clusters.setdefault(int(label[record]), empty)
        position[record] = len(cluster["ids"]) + len(cluster.get("others", ()))
        if record < merits.own:
            cluster["ids"].append(merits.ids[record])
        else:
            others = _others(merits, np.array([record]))["others"]
            cluster.setdefault("others", []).extend(others)
    for key, groups in (("same", _groups(text, follow)), ("normalised", _groups(normal, dressed))):
        for group in groups:
            places = position[group].tolist()
            cluster = clusters[int(label[group[0]])]
            cluster.setdefault(key, []).append([places[0], *sorted(places[1:])])
    ends = np.sort(np.stack([position[first], position[second]], axis=1), axis=1)
    scored = zip(ends.tolist(), matches.scores.tolist(), label[first].tolist(), strict=True)
    for places, scores, cluster_of in scored:
        clusters[cluster_of]["pairs"].append([*places, *scores])
    for cluster in clusters.values():
        for key in ("same", "normalised", "pairs"):
            cluster.get(key, []).sort()
    return list(clusters.values())


def _groups(leader: Array, follow: Array) -> Iterator[Array]:
    """Yield each record that others follow, and these behind it."""
    order = follow[np.argsort(leader[follow], kind="stable")]
    bounds = np.flatnonzero(np.diff(leader[order], prepend=-1, append=-1))
    for start, end in pairwise(bounds.tolist()):
        yield np.append(leader[order[start]], order[start:end])


def ids_of(line: Mapping[str, Any]) -> list[Name]:
    """Return the records that a line names: id, of a reference set and id."""
    return [*line["ids"], *line.get("gone", ()), *map(tuple, line.get("others", ()))]


def read_matches(lines: Sequence[Mapping[str, Any]], number: Mapping[Name, int]) -> Matches:
    """Return the matches that lines of clusters.jsonl hold, all of one step.

    Args:
        lines: what `lines` yields.
        number: of each record that they name, as `ids_of` returns it, from 0.

    Raises:
        LookupError: a line lacks something, or names a record that has no number.
    """
    text = np.arange(len(number))
    normal = text.copy()
    pairs = [np.zeros((0, 4))]
    for line in lines:
        if line["kind"] == "duplicates":
            records = np.array([number[name] for name in ids_of(line)], np.int64)
            for compared, *others in line["same"]:
                text[records[others]] = records[compared]
            for compared, *others in line.get("normalised", ()):
                normal[records[others]] = records[compared]
            found = np.array(line["pairs"], np.float64).reshape(-1, 4)
            found[:, :2] = records[found[:, :2].astype(np.int64)]
            pairs.append(found)
    normal = normal[text]
    prompt = len(lines) + normal.astype(np.uint64)
    for place, line in enumerate(lines):
        if line["kind"] in ("conflict", "prompt"):
            prompt[normal[[number[name] for name in ids_of(line)]]] = place
    together = np.concatenate(pairs)
    ends = together[:, :2].astype(np.int64)
    return Matches(normal, text, ends[:, 0], ends[:, 1], together[:, 2:], prompt[normal])
