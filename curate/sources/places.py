"""On which lines the elements of an array stand."""

from collections.abc import Collection

from curate.errors import SourceError
from curate.sources.formats import open_feed
from curate.sources.recognising import Recogniser
from curate.sources.source import Source, file_format

__all__ = ["element_lines"]


def element_lines(source: Source, indices: Collection[int]) -> dict[int, int]:
    """Return the 1-based line of each element of a JSON file; empty for what has no lines.

    Reads the file once more. Standard input cannot be, and gives nothing.
    """
    if source.path == "-" or file_format(source.path)[0] not in ("json", "jsonl", "ndjson"):
        return {}
    wanted = set(indices)
    try:
        with open_feed(source, Recogniser(source).fits) as feed:
            return {found[0]: found[1] for found in feed.rows if found[0] in wanted}
    except SourceError:  # it was there a moment ago; a line more or less decides nothing
        return {}
