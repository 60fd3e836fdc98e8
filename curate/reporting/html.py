"""Self-contained pages: the shell that they share, and the page of an inspection.

`page.html` holds head and style; a page extends it. Everything is escaped: records hold markup,
and file names may hold controls.
"""

import base64
import functools
import hashlib
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate import __version__
from curate.reporting.overview import common_folder, conflict_line
from curate.reporting.summary import Report
from curate.reporting.verdict import verdict
from curate.text import counted, harmless

if TYPE_CHECKING:
    import jinja2

__all__ = ["PAGE_MARK", "inline_script", "inspection_page", "render_page"]

PAGE_MARK = b'<meta name="generator" content="curate inspect'
"""What is near the start of every page of an inspection."""

_BAR = 40  # height of a histogram, in units of its own
_FEW = 200  # sources that are listed: a page of thousands of rows is no overview


def render_page(name: str, values: Mapping[str, Any]) -> str:
    """Return a page made from a template beside this file; a value that is missing is a bug."""
    return _environment().get_template(name).render(version=__version__, **values)


def inline_script(name: str) -> dict[str, Any]:
    """Return a script beside this file, and the hash by which the policy of a page lets it run."""
    from markupsafe import Markup

    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {"script": Markup(text), "script_hash": f"sha256-{digest}"}


def inspection_page(report: Report) -> str:
    """Return the page of `curate inspect --html`."""
    summary = report.summary
    folder = common_folder([source["path"] for source in summary["sources"]])
    steps = [
        {"name": step, "problems": list(group)}
        for step, group in groupby(summary["problems"], key=lambda problem: problem["step"])
    ]
    languages = summary["languages"]
    values = {
        "verdict": verdict(summary),
        "is_clean": bool(summary["counts"]["read"]) and not summary["new"],
        "folder": folder,
        "summary": summary,
        "conflicts": conflict_line(summary["conflicts"]),
        "sources": summary["sources"][:_FEW],
        "more_sources": len(summary["sources"][_FEW:]),
        "fields": [
            {"name": name, "figures": figures, "bars": _bars(report.histograms[name])}
            for name, figures in summary["fields"].items()
            if figures["filled"]
        ],
        "languages": [*languages["languages"].items(), ("unclear", languages["unclear"])],
        "steps": steps,
        "off": [step for step in summary["off"] if step["records"]],
    }
    return render_page("inspect.html", values)


def _bars(histogram: list[tuple[int, int, int]]) -> list[dict[str, Any]]:
    """Return the height of each column, and what it says.

    >>> _bars([(1, 2, 4), (3, 5, 1)])[1]
    {'x': 11, 'height': 10.0, 'label': '3 to 5 characters: 1'}
    """
    highest = max((number for _, _, number in histogram), default=1)
    return [
        {"x": 10 * index + 1, "height": round(_BAR * number / highest, 2),
         "label": f"{low:,}{f' to {high:,}' if high > low else ''} characters: {number:,}"}
        for index, (low, high, number) in enumerate(histogram)
    ]  # fmt: skip


@functools.cache
def _environment() -> "jinja2.Environment":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: harmless(value) if type(value) is str else value,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["counted"] = counted
    environment.filters["words"] = lambda text: text.replace("_", " ")
    return environment
