"""The report of a dataset directory: report.html, and its numbers for machines."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from curate.dataset import DatasetWriter, read_manifest
from curate.errors import DatasetError
from curate.files import replace_file, writing
from curate.reporting.card import card
from curate.reporting.census import census_parts, take_census
from curate.reporting.html import inline_script, render_page
from curate.reporting.material import Material
from curate.reporting.sections import COUNTED, SECTIONS, Maker, Section
from curate.steps import Spread

__all__ = ["REPORT", "rebuild_report", "write_pages"]

REPORT = "report.html"
_PARTS = 4  # in which the records are counted, beside each other where there are processes


def rebuild_report(directory: Path) -> dict[str, Any]:
    """Write report.html of a dataset directory and return its numbers, by section.

    Raises:
        DatasetError: it is no dataset directory, was changed by hand, or cannot be written.
    """
    manifest = read_manifest(directory)
    try:
        page, figures = _report(directory, manifest)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise DatasetError(
            f"{directory}: was changed by hand ({error!r}); `curate audit` says where"
        ) from error
    with writing(directory):
        replace_file(directory / REPORT, page.encode())
    return figures


def write_pages(writer: DatasetWriter, manifest: Mapping[str, Any], spread: Spread = map) -> None:
    """Stage the files of a directory that are for people: its card and its report.

    `spread` is the `map` of other processes of this machine, or Python's own.
    """
    writer.write_text("README.md", card(dict(manifest)))
    writer.flush()
    page, _ = _report(writer.staging.folder, manifest, spread)
    writer.write_text(REPORT, page)


def _report(
    folder: Path, manifest: Mapping[str, Any], spread: Spread = map
) -> tuple[str, dict[str, Any]]:
    """Return the page and the numbers. No path, date or machine is part of them."""
    others = tuple(make for make in SECTIONS if make not in COUNTED)
    made = partial(_made, Material(folder, manifest), others)
    found, *counted = spread(_call, [made, *census_parts(folder, manifest, _PARTS)])
    found |= _made(Material(folder, manifest, take_census(counted)), COUNTED)
    sections = [section for make in SECTIONS if (section := found[make])]
    is_searched = any(made.values.get("searched") for made in sections)
    script = inline_script("search.js") if is_searched else {"script": "", "script_hash": ""}
    values = {"sections": sections, "counts": manifest["counts"], **script}
    page = render_page("report.html", values)
    return page, {made.name: made.figures for made in sections if made.figures is not None}


def _call(work: Callable[[], Any]) -> Any:  # noqa: ANN401
    return work()


def _made(material: Material, makers: Sequence[Maker]) -> dict[Maker, Section | None]:
    """Return what some makers of sections make; they share what they look at."""
    return {make: make(material) for make in makers}
