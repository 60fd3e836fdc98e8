"""The sections of a report, in their order. Each has a template of its name in this folder."""

from collections.abc import Callable

from curate.reporting.material import Material
from curate.reporting.sections.account import account
from curate.reporting.sections.border import border
from curate.reporting.sections.contamination import contamination
from curate.reporting.sections.curve import curve
from curate.reporting.sections.groups import clusters, conflicts
from curate.reporting.sections.section import Section

__all__ = ["SECTIONS", "Section"]

SECTIONS: tuple[Callable[[Material], Section | None], ...] = (
    account,
    contamination,
    curve,
    border,
    clusters,
    conflicts,
)
