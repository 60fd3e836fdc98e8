"""The sections of a report, in their order. Each has a template of its name in this folder."""

from collections.abc import Callable

from curate.reporting.material import Material
from curate.reporting.sections.account import account
from curate.reporting.sections.border import border
from curate.reporting.sections.contamination import contamination
from curate.reporting.sections.curve import curve
from curate.reporting.sections.dropped import dropped
from curate.reporting.sections.groups import clusters, conflicts
from curate.reporting.sections.languages import languages
from curate.reporting.sections.lengths import lengths
from curate.reporting.sections.licences import licences
from curate.reporting.sections.section import Section
from curate.reporting.sections.sources import mix, sources
from curate.reporting.sections.verbs import verbs

__all__ = ["COUNTED", "SECTIONS", "Maker", "Section"]

Maker = Callable[[Material], Section | None]

SECTIONS: tuple[Maker, ...] = (
    account,
    sources,
    mix,
    licences,
    lengths,
    verbs,
    languages,
    curve,
    border,
    clusters,
    conflicts,
    contamination,
    dropped,
)

COUNTED: tuple[Maker, ...] = (sources, lengths, verbs, dropped)
"""Those that look at each record: they go through the files together."""
