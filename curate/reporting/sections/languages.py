"""The languages of the records, judged on a sample."""

from curate.reporting.material import Material
from curate.reporting.sections.section import Section

__all__ = ["languages"]

_SHOWN = 12


def languages(material: Material) -> Section | None:
    """Return the section on languages; None where there is no record to judge."""
    judged = material.manifest["languages"]
    if not judged["sample"]:
        return None
    named = list(judged["languages"].items())
    rows = named[:_SHOWN]
    if rest := named[_SHOWN:]:
        rows.append((f"{len(rest):,} others", sum(number for _, number in rest)))
    if judged["unclear"]:
        rows.append(("unclear", judged["unclear"]))
    counts = material.manifest["counts"]
    kept = counts["kept"] + counts.get("repeated", 0)
    values = {"rows": rows, "sample": judged["sample"], "kept": kept}
    return Section("languages", "Languages", values, judged)
