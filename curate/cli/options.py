"""Options and arguments that several verbs share."""

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from curate.errors import UsageError, clip

if TYPE_CHECKING:
    from curate.engines import Engine

__all__ = ["NumberRange", "check_path", "check_utf8", "delivery", "directory",
           "engine_options", "find_engine", "json_flag", "layout_options", "out",
           "overwrite", "parse_map", "sources"]  # fmt: skip

_URL = re.compile("[A-Za-z][A-Za-z0-9+.-]+:/")

F = TypeVar("F", bound=Callable[..., Any])


class NumberRange(click.FloatRange):
    """A number between two others; unlike for click's own type, `nan` is none."""

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; click ends the command with an error if it is out of the range."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


def check_path(ctx: click.Context, param: click.Parameter, value: Path) -> Path:
    """Return the path of a file or folder of this machine.

    Raises:
        UsageError: its name is not UTF-8, or it is a URL.
    """
    check_utf8(ctx, param, str(value))
    if _URL.match(str(value)):  # a path has lost one of its slashes
        raise UsageError(
            f"{param.opts[-1]} {clip(str(value), 200)}: is a URL, and has to be on this machine: "
            "copy from there, or to it"
        )
    return value


def check_utf8(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the path or URL of what is to be written.

    Raises:
        UsageError: it is not UTF-8.
    """
    text = value
    if text != text.encode("utf-8", "replace").decode():
        raise UsageError(f"{param.opts[-1]} {clip(text, 200)}: is not UTF-8; give another name")
    return value


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


sources = click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
directory = click.argument(
    "directory", metavar="DIR", type=click.Path(path_type=Path), callback=check_path
)
out = click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), callback=check_path,
    help="Folder to write.",
)  # fmt: skip
delivery = click.option(
    "-o", "--out", required=True, metavar="PATH|URL", callback=check_utf8, help="Folder to write.",
)  # fmt: skip
overwrite = click.option(
    "--overwrite", is_flag=True, help="Replace what an earlier run wrote there."
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def engine_options(command: F) -> F:
    """Add `--workers`, `--engine` and `--address`."""
    workers = click.option(
        "--workers", type=click.IntRange(1), metavar="N", show_default="all cores",
        help="Processes; the result is the same.",
    )  # fmt: skip
    engine = click.option(
        "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
        help="Work on this machine or on a Ray cluster; the result is the same.",
    )  # fmt: skip
    address = click.option(
        "--address", metavar="HOST:PORT",
        help="The Ray cluster. Else RAY_ADDRESS, one that runs here, or one started for this run.",
    )  # fmt: skip
    return workers(engine(address(command)))


def find_engine(
    name: Literal["local", "ray"], workers: int | None, address: str | None
) -> "Engine":
    """Return the engine of `--engine`, `--workers` and `--address`.

    Raises:
        UsageError: there is an address, and no cluster is asked for.
    """
    from curate.engines import Engine

    if address is not None and name != "ray":
        raise UsageError(f"--address {clip(address)} is that of a cluster: add --engine ray")
    if name == "local" and workers is None:
        workers = count_cores()
    return Engine(name, workers, address)


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
