"""Look at sources and write what was found: what `curate inspect` does."""

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

from curate.errors import UsageError, clip
from curate.files import replace_file, writing
from curate.reporting.baseline import read_baseline
from curate.reporting.html import PAGE_MARK, inspection_page
from curate.reporting.sarif import SARIF_MARK, sarif_log
from curate.reporting.summary import Report, summarise
from curate.sources import Source, element_lines
from curate.sources.source import file_format
from curate.steps import STEPS, select_steps
from curate.steps.pii import Pii

__all__ = ["inspect"]

_HEAD = 2000  # bytes within which a file of ours says so


def inspect(
    sources: Sequence[Source],
    *,
    baseline: Path | None = None,
    sarif: Path | None = None,
    html: Path | None = None,
    progress: Callable[[int], None] = lambda read: None,
) -> Report:
    """Return what was found; write `sarif` and `html` where they are given.

    Raises:
        UsageError: the baseline is none, or a file to write is a source or not ours.
        SourceError: a source cannot be read.
        DatasetError: a file cannot be written.
    """
    if sarif and html and os.path.realpath(sarif) == os.path.realpath(html):
        raise UsageError(f"--sarif and --html both name {clip(str(html))}: name two files")
    for option, path, mark in (("--sarif", sarif, SARIF_MARK), ("--html", html, PAGE_MARK)):
        if path is not None:
            _check_free(option, path, mark, sources)
    if baseline is not None:
        _check_no_source("--baseline", baseline, sources)
    known = None if baseline is None else read_baseline(baseline)
    steps = select_steps(STEPS)
    # The kinds are told, the values are not. Which are new cannot be told.
    off = [Pii(action="drop")] if known is None else []
    report = summarise(sources, steps, off=off, known=known, progress=progress)
    if sarif is not None:
        _write(sarif, sarif_log(report.findings, STEPS, _lines(sources)))
    if html is not None:
        _write(html, inspection_page(report).encode("utf-8", "backslashreplace"))
    return report


def _check_free(option: str, path: Path, mark: bytes, sources: Sequence[Source]) -> None:
    """Raise unless a file is new, empty, or an earlier one of ours."""
    where = f"{option} {clip(str(path))}"
    _check_no_source(option, path, sources)
    with writing(path):
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()  # fails where links lead in a circle
        if path.exists() and not path.is_file():
            raise UsageError(f"{where}: is no file; name a file to write")
        if path.parent and not path.parent.is_dir():
            raise UsageError(f"{where}: there is no folder {clip(str(path.parent))}")
        if path.exists():
            with path.open("rb") as file:
                head = file.read(_HEAD)
            if head and mark not in head:
                raise UsageError(f"{where}: is there already and is not ours; name a new file")
    if file_format(str(path))[0] and any(_is_below(path, source) for source in sources):
        raise UsageError(
            f"{where}: lies among the sources and would be read as one the next time; "
            "name it elsewhere"
        )


def _check_no_source(option: str, path: Path, sources: Sequence[Source]) -> None:
    for source in sources:
        if _is_same(path, Path(source.path)):
            raise UsageError(f"{option} {clip(str(path))}: is the source {clip(source.path)}")


def _is_same(path: Path, other: Path) -> bool:
    """Return whether two paths lead to one file, by links too."""
    try:
        return path.samefile(other)
    except (OSError, ValueError):
        return False


def _is_below(path: Path, source: Source) -> bool:
    """Return whether a file lies in the folder of a source that was found in a folder."""
    return not source.named and _is_same(path.parent, Path(source.path).parent)


def _write(path: Path, data: bytes) -> None:
    with writing(path):
        replace_file(Path(os.path.realpath(path)), data)


def _lines(sources: Sequence[Source]) -> Callable[[str, Collection[int]], dict[int, int]]:
    by_path = {source.path: source for source in sources}

    def lines(path: str, indices: Collection[int]) -> dict[int, int]:
        source = by_path.get(path)  # a dataset directory names files that are not here
        return {} if source is None else element_lines(source, indices)

    return lines
