"""Look at sources and write what was found: what `curate inspect` does."""

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from curate.errors import UsageError, clip
from curate.outputs import check_free, check_no_source, write_file
from curate.reporting.baseline import read_baseline
from curate.reporting.html import PAGE_MARK, inspection_page
from curate.reporting.sarif import SARIF_MARK, sarif_log
from curate.reporting.summary import Report, summarise
from curate.sources import Source, element_lines
from curate.steps import STEPS, select_steps
from curate.steps.pii import Pii

__all__ = ["inspect"]


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
            check_free(option, path, mark, sources)
    if baseline is not None:
        check_no_source("--baseline", baseline, sources)
    known = None if baseline is None else read_baseline(baseline)
    steps = select_steps(STEPS)
    # The kinds are told, the values are not. Which are new cannot be told.
    off = [Pii(action="drop")] if known is None else []
    report = summarise(sources, steps, off=off, known=known, progress=progress)
    if sarif is not None:
        write_file(sarif, sarif_log(report.findings, STEPS, _lines(sources)))
    if html is not None:
        write_file(html, inspection_page(report).encode("utf-8", "backslashreplace"))
    return report


def _lines(sources: Sequence[Source]) -> Callable[[str, Collection[int]], dict[int, int]]:
    by_path = {source.path: source for source in sources}

    def lines(path: str, indices: Collection[int]) -> dict[int, int]:
        source = by_path.get(path)  # a dataset directory names files that are not here
        return {} if source is None else element_lines(source, indices)

    return lines
