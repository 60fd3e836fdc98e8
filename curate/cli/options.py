"""Options and arguments that several verbs share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from curate.errors import UsageError, clip

__all__ = ["directory", "json_flag", "layout_options", "out", "overwrite", "parse_map", "sources"]

F = TypeVar("F", bound=Callable[..., Any])

sources = click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
directory = click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
out = click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder to write."
)
overwrite = click.option(
    "--overwrite", is_flag=True, help="Replace what an earlier run wrote there."
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def layout_options(command: F) -> F:
    """Add `--layout` and `--map`."""
    layout = click.option("--layout", help="Read every source as this layout, e.g. alpaca.")
    mapping = click.option(
        "--map", "columns", multiple=True, metavar="FIELD=COLUMN",
        help="Read FIELD from COLUMN, e.g. instruction=question. Repeatable.",
    )  # fmt: skip
    return layout(mapping(command))


def parse_map(columns: tuple[str, ...]) -> dict[str, str] | None:
    """Return the mapping field → column of `--map`; None without one.

    Raises:
        UsageError: an entry is not FIELD=COLUMN.
    """
    mapping: dict[str, str] = {}
    for entry in (part for column in columns for part in column.split(",")):
        field, equals, column = entry.partition("=")
        if not (field and equals and column):
            raise UsageError(f"--map {clip(entry)}: expected FIELD=COLUMN")
        mapping[field.strip()] = column.strip()
    return mapping or None
