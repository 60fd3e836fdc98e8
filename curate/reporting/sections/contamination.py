"""Evaluation sets, and where their items are: the least sure finds first."""

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import Any

from curate.dataset import CLUSTERS, read_ledger, read_lines
from curate.reporting.material import Material
from curate.reporting.sections.section import Section
from curate.reporting.sections.texts import clipped
from curate.steps.decontaminate import Decontaminate

__all__ = ["contamination"]

_SHOWN = 12
_ID = 120

Find = tuple[str, dict[str, Any]]
"""The id of a record and the evidence that an item is in it."""


def contamination(material: Material) -> Section | None:
    """Return the section on evaluation sets; None where the records were compared with none."""
    rows = read_ledger(material.folder / CLUSTERS)
    lines = [row for row in rows if row["step"] == Decontaminate.name]
    sets = {line["set"]: line for line in lines if line["kind"] == "eval_set"}
    if not sets:
        return None
    noted = [(line["ids"][0], line["evidence"]) for line in lines if line["kind"] != "eval_set"]
    found: Counter[str] = Counter()
    least = heapq.nsmallest(
        _SHOWN, _counted(noted or _dropped(material), found), key=lambda find: find[1]["score"]
    )
    figures = [
        {"set": name, "items": line["items"], "unusable": line["unusable"], "records": found[name]}
        for name, line in sets.items()
    ]
    finds = [_shown(id, evidence) for id, evidence in least]
    more = found.total() - len(finds)
    return Section(
        "contamination",
        "Evaluation items",
        {"sets": figures, "finds": finds, "more": more},
        figures,
    )


def _dropped(material: Material) -> Iterator[Find]:
    for row in read_lines(material.folder / "dropped.jsonl"):
        if row["step"] == Decontaminate.name:
            yield row["record"]["id"], row["evidence"]


def _counted(finds: Iterator[Find] | list[Find], found: Counter[str]) -> Iterator[Find]:
    for find in finds:
        found[find[1]["set"]] += 1
        yield find


def _shown(id: str, evidence: dict[str, Any]) -> dict[str, Any]:
    return {
        "record": clipped(id, _ID),
        "item": clipped(evidence["kept"], _ID),
        "score": evidence["score"],
        "where": f"{evidence['part']} in {evidence['field']}",
        "found": evidence["found"],
    }
