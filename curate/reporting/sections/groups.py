"""The largest clusters of like records, and prompts with several answers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curate.records import Record
from curate.reporting.material import Material
from curate.reporting.sections.section import Section
from curate.reporting.sections.texts import against, clipped, fate, one_line, plain

if TYPE_CHECKING:
    from curate.similarity.ledger import Name

__all__ = ["clusters", "conflicts"]

_GROUPS = 8
_MEMBERS = 6
_LINE = 220
_TEXTS = ("whole_prompt", "whole_answer")


def clusters(material: Material) -> Section | None:
    """Return the section with the largest clusters; None where there are none."""
    lines = [line for line in material.clusters if line["kind"] == "duplicates"]
    if not lines:
        return None
    groups_of = sorted(map(_names, lines), key=lambda names: -len(names))
    sizes = [len(names) for names in groups_of]
    found = _members(material, groups_of[:_GROUPS])
    groups = [
        {
            "size": len(names),
            "records": _beside_first([found[name] for name in names[:_MEMBERS]]),
            "more": len(names[_MEMBERS:]),
        }
        for names in groups_of[:_GROUPS]
    ]
    figures = {"clusters": len(sizes), "records": sum(sizes), "largest": sizes[0]}
    return Section("clusters", "The largest clusters", {**figures, "groups": groups}, figures)


def conflicts(material: Material) -> Section | None:
    """Return the section with prompts that have several answers; None where there are none."""
    lines = [line for line in material.clusters if line["kind"] == "conflict"]
    if not lines:
        return None
    groups_of = sorted(map(_names, lines), key=lambda names: -len(names))
    found = _members(material, groups_of[:_GROUPS])
    groups = [
        {
            "size": len(names),
            "prompt": clipped(found[names[0]]["whole_prompt"]),
            "records": [found[name] for name in names[:_MEMBERS]],
            "more": len(names[_MEMBERS:]),
        }
        for names in groups_of[:_GROUPS]
    ]
    figures = {"prompts": len(lines), "answers": sum(map(len, groups_of))}
    policy = material.step.conflicts if material.step else ""
    return Section(
        "conflicts",
        "One prompt, several answers",
        {**figures, "groups": groups, "policy": policy},
        figures,
    )


def _beside_first(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is shown of records: of the first the texts, of the others what differs."""
    first = records[0]
    others = [
        {**record, "differing": [against(first[name], record[name], _LINE) for name in _TEXTS]}
        for record in records[1:]
    ]
    return [first, *others]


def _names(line: Mapping[str, Any]) -> list["Name"]:
    """Return the records of a line, those of other sets last."""
    return [*line["ids"], *map(tuple, line.get("others", ()))]


def _members(
    material: Material, groups: Sequence[Sequence["Name"]]
) -> dict["Name", dict[str, Any]]:
    """Return what is shown of the first records of each group, by name."""
    wanted = {name for names in groups for name in names[:_MEMBERS]}
    return {
        name: {
            **fate(name, verdict),
            "whole_prompt": (prompt := _prompt(record)),
            "whole_answer": (answer := plain(record.output)),
            "prompt": one_line(prompt, _LINE),
            "answer": one_line(answer, _LINE),
        }
        for name, (record, verdict) in material.find(wanted).items()
    }


def _prompt(record: Record) -> str:
    """Return the texts of the prompt below one another."""
    turns = [f"{turn.get('role')}: {turn.get('content')}" for turn in record.turns()[:-1]]
    parts = [record.system, *turns, record.instruction, record.context]
    return "\n\n".join(plain(part) for part in parts if part)
