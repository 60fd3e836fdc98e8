"""Samples of what was dropped, by reason, and a list that can be searched."""

from curate.reporting.material import Material
from curate.reporting.sections.section import Section
from curate.reporting.sections.texts import clipped

__all__ = ["dropped"]

_NAME = 60


def dropped(material: Material) -> Section | None:
    """Return the section on what was dropped or could not be read; None where nothing was."""
    drops = material.census.drops
    if not drops.counts and not drops.unreadable.seen:
        return None
    order = [step["name"] for step in material.manifest["steps"]]
    kinds = sorted(
        drops.counts.items(), key=lambda item: (order.index(item[0][0]), -item[1], item[0])
    )
    reasons = [
        {
            "step": clipped(step, _NAME),
            "reason": clipped(reason, _NAME),
            "records": number,
            "sample": drops.sample(step, reason),
        }
        for (step, reason), number in kinds
    ]
    values = {
        "reasons": reasons,
        "unreadable": drops.unreadable.items(),
        "unread": drops.unreadable.seen,
        "searched": drops.searched.items(),
        "all": drops.searched.seen,
    }
    keys = ("step", "reason", "records")
    return Section(
        "dropped",
        "What was dropped, and why",
        values,
        [{key: each[key] for key in keys} for each in reasons],
    )
