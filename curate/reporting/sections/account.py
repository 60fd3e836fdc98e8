"""What was read and what became of it, and what each step did."""

from typing import Any

from curate.reporting.charts import funnel
from curate.reporting.material import Material
from curate.reporting.sections.section import Section

__all__ = ["account"]


def account(material: Material) -> Section:
    """Return the section with the balance and the way through the steps."""
    counts, steps = material.manifest["counts"], material.manifest["steps"]
    figures = {"counts": counts, "steps": [_figures(step) for step in steps]}
    values = {"counts": counts, "steps": steps, "bars": funnel(material.manifest)}
    return Section("account", "From read to kept", values, figures)


def _figures(step: dict[str, Any]) -> dict[str, Any]:
    return {name: step[name] for name in ("name", "in", "kept", "edited", "dropped")}
