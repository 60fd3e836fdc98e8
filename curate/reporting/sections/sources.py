"""What each source gave, and the planned mix beside the realised one."""

from typing import Any

from curate.licences import UNKNOWN
from curate.reporting.material import Material
from curate.reporting.sections.section import Section
from curate.reporting.sections.texts import clipped

__all__ = ["mix", "sources"]

_SHOWN = 20  # rows of a table; the rest in one line
_LICENCES = 3  # of a source
_NAME = 120


def sources(material: Material) -> Section | None:
    """Return the section on the sources; None where nothing was read."""
    figures = [each._asdict() for each in material.census.sources.figures()]
    if not figures:
        return None
    rows = [
        {**each, "name": clipped(each["name"], _NAME), "licenses": _licences(each["licenses"])}
        for each in figures[:_SHOWN]
    ]
    rest = figures[_SHOWN:]
    values = {
        "rows": rows,
        "rest": {"sources": len(rest), **_sums(rest)},
        "total": _sums(figures),
        "repeated": material.manifest["counts"].get("repeated", 0),
    }
    return Section("sources", "Sources", values, figures)


def _sums(figures: list[dict[str, Any]]) -> dict[str, int]:
    return {key: sum(each[key] for each in figures) for key in ("read", "kept", "words")}


def _licences(counts: dict[str, int]) -> str:
    """Return the licences of a source in one line.

    >>> _licences({"": 2, "mit": 1})
    'unknown (2), mit (1)'
    """
    if not counts:
        return "—"
    if len(counts) == 1:
        return clipped(next(iter(counts)) or UNKNOWN, _NAME)
    named = [f"{clipped(name or UNKNOWN, _NAME)} ({counts[name]:,})" for name in counts]
    more = [f"{len(named) - _LICENCES:,} others"] if len(named) > _LICENCES else []
    return ", ".join(named[:_LICENCES] + more)


def mix(material: Material) -> Section | None:
    """Return the section on the mix that a merge made; None where there was none."""
    if "mixing" not in material.manifest:
        return None
    parts = material.manifest["mixing"]["sources"]
    keys = ("name", "available", "weight", "cap", "planned", "realised")
    figures = [{key: part.get(key) for key in keys} for part in parts]
    most = max([1, *(part[key] for part in figures for key in ("planned", "realised"))])
    rows = [
        {
            **part,
            "name": clipped(part["name"], _NAME),
            "short": part["planned"] - part["realised"],
            "bars": [round(100 * part[key] / most, 3) for key in ("planned", "realised")],
        }
        for part in figures[:_SHOWN]
    ]
    missed = sum(part["planned"] != part["realised"] for part in figures)
    values = {
        "rows": rows,
        "more": len(figures[_SHOWN:]),
        "missed": missed,
        "total": {key: sum(part[key] for part in figures) for key in ("planned", "realised")},
    }
    return Section("mix", "Planned and realised mix", values, figures)
