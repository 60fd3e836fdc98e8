"""What a section of a report is."""

from typing import Any, NamedTuple

__all__ = ["Section"]


class Section(NamedTuple):
    """A part of a report.

    Attributes:
        name: of its template in this folder, and of its figures.
        title: its heading.
        values: what the template shows.
        figures: the same for machines; empty where the texts are all there is.

    """

    name: str
    title: str
    values: dict[str, Any]
    figures: Any = None
