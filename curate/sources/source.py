"""What a SOURCE argument comes down to: one readable file, dataset or stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FORMATS", "PACKINGS", "Found", "Parts", "Row", "Source", "file_format", "stem"]

Row = dict[str, Any]
"""A row as it was read: column name to value."""

Parts = dict[str, Any]
"""Fields of a Record: what a row holds of one."""

Found = tuple[int, int, int, bytes | None, Row | None, str]
"""A row in its place: position, line (0: no lines), offset (-1: unknown), the bytes as they stood
(None: the format has none for a row), the row, and what is wrong where there is no row."""

FORMATS = ("json", "jsonl", "ndjson", "csv", "tsv", "parquet")
PACKINGS = ("gz", "zst")


@dataclass(frozen=True, slots=True)
class Source:
    """One readable file, hub dataset or stream of a SOURCE argument.

    Attributes:
        name: unique in the run.
        path: as the user gave it; `-` is standard input, `hf:...` a hub dataset.
        layout: the layout that every row must have; None: recognised by keys.
        mapping: our field to their column, forced with `--map`.
        license: licence of the rows that state none.
        split: the split of a Curate dataset directory that the file holds; empty elsewhere.
        recorded: the rows are Curate's own records: id, source, origin and meta are kept.
        named: the user named this very file, so that it may not be empty.
        unanswered: rows may be questions without an answer.
        argument: the SOURCE argument that it came from, as the user gave it.

    """

    name: str
    path: str
    layout: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    license: str = ""
    split: str = ""
    recorded: bool = False
    named: bool = True
    unanswered: bool = False
    argument: str = ""


def file_format(path: str) -> tuple[str, str]:
    """Return the format and the packing that the suffixes name; both empty for no data file.

    >>> file_format("a/facts.jsonl.gz"), file_format("README.md")
    (('jsonl', 'gz'), ('', ''))
    >>> file_format("https://host/facts.csv?download=true")
    ('csv', '')
    """
    rest, _, suffix = _stored(path).lower().rpartition(".")
    packing = ""
    if suffix in PACKINGS:
        packing = suffix
        rest, _, suffix = rest.rpartition(".")
    return (suffix, packing) if rest and suffix in FORMATS else ("", "")


def stem(path: str) -> str:
    """Return the file name without the suffixes that say how to read it.

    >>> stem("a/facts.v1.jsonl.gz"), stem("a/notes.txt")
    ('facts.v1', 'notes.txt')
    """
    name = _stored(path).replace("\\", "/").rpartition("/")[2]
    return name.rsplit(".", sum(map(bool, file_format(name))))[0]


def _stored(path: str) -> str:
    """Return the path; of a web address that without query and fragment."""
    if path.startswith(("http://", "https://")):
        return path.partition("?")[0].partition("#")[0]
    return path
