"""What clusters.jsonl says of one record: which others are like it."""

from pathlib import Path
from typing import Any

from curate.dataset.names import CLUSTERS
from curate.dataset.reader import read_ledger

__all__ = ["alike"]

Row = dict[str, Any]


def alike(directory: Path, id: str) -> tuple[list[Row], list[Row]]:
    """Return the records that were found to be like one, and the prompts it shares with others.

    Of the first, most similar first, `step`, `id`, of a record of another set its `set`, and the
    scores of `prompt` and `answer`. Of the second, `step` and the `ids` of the others.
    """
    similar: list[Row] = []
    conflicts: list[Row] = []
    for line in read_ledger(directory / CLUSTERS):
        if id not in line["ids"]:
            continue
        if line["kind"] == "duplicates":
            names = [{"id": other} for other in line["ids"]]
            names += [{"id": other, "set": of} for of, other in line.get("others", ())]
            similar += [
                {"step": line["step"], **names[place], "prompt": prompt, "answer": answer}
                for place, (prompt, answer) in _scores(line, line["ids"].index(id)).items()
            ]
        elif line["kind"] == "conflict":
            ids = [other for other in line["ids"] if other != id]
            conflicts.append({"step": line["step"], "ids": ids})
    similar.sort(key=lambda row: -min(row["prompt"], row["answer"]))
    return similar, conflicts


def _scores(line: Row, own: int) -> dict[int, tuple[float, float]]:
    """Return the scores of a place in a cluster with each other one that is like it."""
    leader = {place: first for first, *others in line["same"] for place in others}
    dress = {place: first for first, *others in line.get("normalised", ()) for place in others}
    followers: dict[int, list[int]] = {}
    count = len(line["ids"]) + len(line.get("others", ()))
    for place in range(count):
        followers.setdefault(leader.get(place, place), []).append(place)
    compared = leader.get(own, own)
    found: dict[int, tuple[float, float]] = {}
    for one, other, prompt, answer in line["pairs"]:
        if compared in (one, other):
            for place in followers.get(other if one == compared else one, ()):
                found[place] = (prompt, answer)
    normal = dress.get(compared, compared)
    for place in range(count):
        first = leader.get(place, place)
        if dress.get(first, first) == normal:
            found[place] = (1.0, 1.0)
    found.pop(own, None)
    return found
