"""Sources: find, open and read files and hub datasets row by row; a row becomes a Record."""

from curate.sources.formats import stored_sha256
from curate.sources.layouts import LAYOUTS, TARGETS, Layout
from curate.sources.places import element_lines
from curate.sources.reader import Reader
from curate.sources.resolving import resolve, split_name
from curate.sources.source import Source, stem

__all__ = [
    "LAYOUTS",
    "TARGETS",
    "Layout",
    "Reader",
    "Source",
    "element_lines",
    "resolve",
    "split_name",
    "stem",
    "stored_sha256",
]
