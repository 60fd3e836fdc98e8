"""What a run shows on the terminal: results on stdout, talk and progress on stderr."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from curate.errors import clip
from curate.text import harmless

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "counting", "print_json", "print_table", "quiet_libraries", "talk"]


def talk(message: str) -> None:
    """Print one line for the person at the terminal, to stderr."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201


def console() -> "Console":
    """Return the console of results; a pipe gets 120 columns and no colour."""
    from rich.console import Console

    plain = not sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=False, width=120 if plain else None)


def print_json(value: Any, *, indent: bool = True) -> None:  # noqa: ANN401
    """Print a value as JSON in which nothing can steer the terminal; on one line without indent."""
    import click
    import orjson

    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else 0).decode()
    click.echo(harmless(text).encode())


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers stand right, control characters and markup are shown as text."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for index, name in enumerate(header):
        number = any(isinstance(row[index], int | float) for row in rows)
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    out = console()
    out.print(Text(title, style="bold"))
    out.print(table)


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return clip(str(value), 200)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Show how many of something are done: a live line on a terminal, sparse lines elsewhere."""
    if not sys.stderr.isatty():
        yield _sparse(what)
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what)
        yield lambda done: progress.update(task, description=f"{done:,} {what}")


def _sparse(what: str) -> Callable[[int], None]:
    step = 100_000
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if done // step > told:
            told = done // step
            talk(f"{done:,} {what}")

    return tell


def quiet_libraries() -> None:
    """Keep the progress bars and advice of the Hugging Face libraries off the terminal."""
    import logging
    import os
    import warnings

    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    warnings.filterwarnings("ignore")
    for name in ("bitsandbytes", "datasets", "huggingface_hub", "transformers"):
        logging.getLogger(name).setLevel(logging.ERROR)
