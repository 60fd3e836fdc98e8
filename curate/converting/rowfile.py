"""Write rows to one file: JSON lines or a JSON array, packed or not."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from curate.files import staged_file, writing
from curate.sources.source import file_format

__all__ = ["FORMS", "row_file"]

FORMS = {"jsonl": (b"", b"\n", b"\n"), "json": (b"[\n", b",\n", b"\n]\n")}
"""By suffix: what stands before the first row, between two, and after the last."""


@contextmanager
def row_file(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Give what writes a row, as JSON text, to a file that is there whole or not at all.

    Raises:
        DatasetError: the file cannot be written.
    """
    form, packing = file_format(path.name)
    begin, between, end = FORMS[form]
    with staged_file(path) as file:
        out = _packed(file, packing)
        first = True

        def write(row: bytes) -> None:
            nonlocal first
            with writing(path):
                out.write((begin if first else between) + row)
            first = False

        yield write
        with writing(path):
            out.write(end)
            if out is not file:
                out.close()


def _packed(file: BinaryIO, packing: str) -> Any:  # noqa: ANN401
    """Return what packs as it writes; the same rows give the same bytes."""
    if packing == "gz":
        return gzip.GzipFile("", "wb", fileobj=file, mtime=0)
    if packing == "zst":
        import zstandard

        return zstandard.ZstdCompressor().stream_writer(file, closefd=False)
    return file
