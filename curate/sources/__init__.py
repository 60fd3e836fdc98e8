"""Sources: find, open and read files and hub datasets row by row; a row becomes a Record."""

from curate.sources.formats import stored_sha256
from curate.sources.layouts import LAYOUTS, TARGETS, Layout
from curate.sources.places import element_lines
from curate.sources.reader import Reader
from curate.sources.resolving import resolve
from curate.sources.source import Source

__all__ = [
    "LAYOUTS",
    "TARGETS",
    "Layout",
    "Reader",
    "Source",
    "element_lines",
    "resolve",
    "stored_sha256",
]
