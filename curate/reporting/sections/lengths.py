"""How long instruction, context and output are, as read and as kept."""

from curate.reporting.charts import histogram
from curate.reporting.material import Material
from curate.reporting.sections.section import Section

__all__ = ["lengths"]


def lengths(material: Material) -> Section | None:
    """Return the section on lengths; None where every text is empty."""
    found = {
        name: change for name, change in material.census.lengths.figures().items() if change.columns
    }
    if not found:
        return None
    figures = {
        name: {
            "before": change.before._asdict(),
            "after": change.after._asdict(),
            "columns": [column._asdict() for column in change.columns],
        }
        for name, change in found.items()
    }
    pictures = {name: histogram(change.columns) for name, change in found.items()}
    return Section(
        "lengths", "Lengths before and after", {"fields": figures, "pictures": pictures}, figures
    )
