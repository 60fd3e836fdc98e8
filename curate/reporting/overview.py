"""One screen that shows what is in the sources and what is wrong with it."""

import os
from collections.abc import Iterator
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Any

from curate.errors import clip
from curate.reporting.preferences import bias
from curate.reporting.terminal import console
from curate.reporting.verdict import verdict
from curate.sources.remote import is_hub, is_url
from curate.text import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["common_folder", "conflict_line", "language_line", "print_overview"]

_FILES = 8
_LANGUAGES = 5
_UNREADABLE = 3

Line = tuple[str, str, str, str]
"""Label, count, place, why."""


def print_overview(summary: dict[str, Any]) -> None:
    """Print sources, fields, languages and problems, and last the verdict."""
    from rich.text import Text

    out = console()
    folder = common_folder([source["path"] for source in summary["sources"]])
    tables = [_sources(summary, folder)]
    if any(figures["filled"] for figures in summary["fields"].values()):
        tables.append(_fields(summary["fields"]))
    _print_beside(tables, out)
    out.print(Text(language_line(summary["languages"])))
    turns = summary["conversations"]
    told = [f"{turns:,} records have earlier turns."] if turns else []
    if line := bias(summary["preferences"]):
        told.append(f"{line}.")
    if line := conflict_line(summary["conflicts"]):
        told.append(line)
    if told:
        out.print(Text(" ".join(told)))
    lines = [*_unreadable_lines(summary), *_problem_lines(summary), *_off_lines(summary)]
    if lines:
        out.print()
        out.print(_problems(lines, folder, out.width, summary["baseline"] is not None))
    out.print()
    out.print(Text(verdict(summary), style="bold"))


def _print_beside(tables: list["Table"], out: "Console") -> None:
    """Print tables side by side where the terminal is wide enough, else below one another."""
    from rich.columns import Columns

    wide = sum(out.measure(table).maximum for table in tables) + 4 * len(tables)
    for part in [Columns(tables, padding=(0, 4))] if wide <= out.width else tables:
        out.print(part)
        out.print()


def common_folder(paths: list[str]) -> str:
    """Return the folder that all paths lie in, with a separator behind; empty where none is.

    >>> common_folder(["data/sample/a.json", "data/sample/b.json"]).replace(os.sep, "/")
    'data/sample/'
    """
    folders = {os.path.dirname(path) for path in paths}
    if "" in folders or any(is_hub(path) or is_url(path) for path in paths):
        return ""
    try:
        return os.path.join(os.path.commonpath(sorted(folders)), "")
    except ValueError:  # some absolute and some not
        return ""


def language_line(found: dict[str, Any]) -> str:
    """Return the share of each language, the first few by name.

    >>> language_line({"sample": 4, "languages": {"en": 3}, "unclear": 1})
    'Languages (of 4 records): en 75%, too short or mixed to tell 25%.'
    """
    size = found["sample"]
    if not size:
        return "Languages: no record to judge."
    named = list(found["languages"].items())
    parts = [f"{clip(code)} {_percent(number, size)}" for code, number in named[:_LANGUAGES]]
    if rest := sum(number for _, number in named[_LANGUAGES:]):
        parts.append(f"{len(named) - _LANGUAGES} others {_percent(rest, size)}")
    if found["unclear"]:
        parts.append(f"too short or mixed to tell {_percent(found['unclear'], size)}")
    return f"Languages (of {size:,} records): {', '.join(parts)}."


def conflict_line(conflicts: int) -> str:
    """Return what is said of prompts with several answers; empty where there are none.

    >>> conflict_line(1)
    '1 prompt has several answers.'
    """
    if not conflicts:
        return ""
    return f"{counted(conflicts, 'prompt has', 'prompts have')} several answers."


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    return "<1%" if 0 < share < 1 else f"{share:.0f}%"


def _sources(summary: dict[str, Any], folder: str) -> "Table":
    table = _table(f"Sources in {clip(folder, 40)}" if folder else "Sources")
    _columns(table, ["source", "layout"], ["rows", "unreadable"])
    files = summary["sources"]
    for file in files[:_FILES]:
        _row(table, file["name"], file["layout"] or "—", file["rows"], file["quarantined"])
    if rest := files[_FILES:]:
        rows, bad = (sum(file[key] for file in rest) for key in ("rows", "quarantined"))
        _row(table, f"… {len(rest)} more files", "", rows, bad)
    if len(files) > 1:
        counts = summary["counts"]
        _row(table, "total", "", counts["read"], counts["quarantined"])
    return table


def _fields(fields: dict[str, dict[str, int]]) -> "Table":
    table = _table("Fields, lengths in characters")
    _columns(table, ["field"], ["filled", "median", "95%", "longest"])
    for name, figures in fields.items():
        if figures["filled"]:
            _row(table, name, *figures.values())
    return table


def _problem_lines(summary: dict[str, Any]) -> Iterator[Line]:
    for step, group in groupby(summary["problems"], key=lambda problem: problem["step"]):
        yield from _step_lines(str(step), list(group))


def _step_lines(step: str, problems: list[dict[str, Any]]) -> Iterator[Line]:
    """Yield the lines of a step: three examples or more, at least one of each reason."""
    if len(problems) == 1:
        labels = [(step, f"{problems[0]['records']:,}")]
        if _words(problems[0]).replace(" ", "_") not in step:  # echo: echo
            labels.append((f" {_words(problems[0])}", ""))
        yield from _beside(labels, problems[0]["examples"])
        return
    yield step, "", "", ""
    for index, problem in enumerate(problems):
        shown = 2 if len(problems) == 2 and index == 0 else 1
        label = [(f" {_words(problem)}", f"{problem['records']:,}")]
        yield from _beside(label, problem["examples"][:shown])


def _words(problem: dict[str, Any]) -> str:
    return str(problem["reason"]).replace("_", " ")


def _beside(labels: list[tuple[str, str]], examples: list[dict[str, str]]) -> Iterator[Line]:
    for label, example in zip_longest(labels, examples):
        place, why = (example["place"], example["message"]) if example else ("", "")
        yield *(label or ("", "")), place, why


def _off_lines(summary: dict[str, Any]) -> Iterator[Line]:
    """Yield the lines of steps that are off and would touch something."""
    for off in summary["off"]:
        if off["records"]:
            labels = [(off["step"], f"{off['records']:,}"), (" off; would touch", "")]
            yield from _beside(labels, off["examples"])


def _unreadable_lines(summary: dict[str, Any]) -> Iterator[Line]:
    number = summary["new"].get("quarantined", 0)
    examples = [
        {"place": f"{row['path']}:{row['line']}" if row["line"] else row["path"],
         "message": f"{row['error']}: {row.get('raw_base64', row['raw'])}"}
        for row in summary["unreadable"][:_UNREADABLE]
    ]  # fmt: skip
    if number:
        yield from _beside([("unreadable rows", f"{number:,}")], examples)


def _problems(lines: list[Line], folder: str, width: int, is_new: bool) -> "Table":
    table = _table("What is new" if is_new else "What `curate clean` would do")
    _columns(table, ["step"], ["records"])
    table.add_column("for example", no_wrap=True)
    table.add_column("why", no_wrap=True, overflow="ellipsis", ratio=1)
    table.expand = True
    room = width // 4
    for label, count, place, why in lines:
        place = clip(place.removeprefix(folder), 1000)
        if len(place) > room:  # the end says most
            place = f"…{place[1 - room :]}"
        _row(table, label, count, place, clip(why, 200))
    return table


def _table(title: str) -> "Table":
    from rich.table import Table
    from rich.text import Text

    return Table(box=None, title=Text(title, style="bold"), title_justify="left",
                 padding=(0, 2, 0, 0), header_style="dim")  # fmt: skip


def _columns(table: "Table", texts: list[str], numbers: list[str]) -> None:
    for name in texts:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)


def _row(table: "Table", *cells: object) -> None:
    from rich.text import Text

    table.add_row(*(Text(f"{c:,}" if isinstance(c, int) else clip(str(c), 200)) for c in cells))
