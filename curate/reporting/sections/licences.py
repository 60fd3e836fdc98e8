"""The licences that the records have, and what to know before the set is used."""

from curate.reporting.licensing import licences_of, what_to_know
from curate.reporting.material import Material
from curate.reporting.sections.section import Section
from curate.reporting.sections.texts import clipped

__all__ = ["licences"]

_NAME, _LINE = 120, 300


def licences(material: Material) -> Section | None:
    """Return the section on licences; None where no record was kept."""
    counts = material.manifest["licenses"]
    if not counts:
        return None
    rows = [(clipped(name, _NAME), number) for name, number in licences_of(counts)]
    said = [clipped(line, _LINE) for line in what_to_know(counts)]
    values = {"rows": rows, "said": said, "total": sum(counts.values())}
    return Section("licences", "Licences", values, {"licenses": counts, "warnings": said})
