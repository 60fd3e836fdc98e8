"""What the model sees, on a terminal, in a pipe and in a log: signs as well as colours.

A view prints one record, as one template or several make it.
"""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TextIO

from curate.prompts.preview.rendering import Rendering
from curate.prompts.preview.visible import CLOSE, OPEN, hidden, legend, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["View", "beside_view", "marked", "show", "signs", "text_view"]

View = Callable[["Console", list[Rendering]], set[str]]
"""Prints a record and returns the characters that it had signs for."""

_NARROW = 36
"""Characters; where a column would have fewer, renderings stand one below the other."""
_SIGNS = 16
"""Signs that a legend explains."""


def show(
    rows: Iterable[list[Rendering]],
    view: View | None = None,
    file: TextIO | None = None,
) -> None:
    """Print each record in a view, and in the last line what the signs mean that stand there.

    Colours stand in a terminal only; nothing in the data can control one.
    """
    console = _console(file)
    met: set[str] = set()
    for row in rows:
        met |= (view or text_view)(console, row)
    if met:
        told = [f"{sign} {name}" for sign, name in legend(met).items()]
        told[_SIGNS:] = [f"and {len(told) - _SIGNS} more"] * (len(told) > _SIGNS)
        console.print(" · ".join(told), style="italic")


def _console(file: TextIO | None) -> "Console":
    from rich.console import Console

    is_terminal = (file or sys.stdout).isatty()
    return Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=True,
                   width=None if is_terminal else 120)  # fmt: skip


def text_view(console: "Console", row: list[Rendering]) -> set[str]:
    """Print the text, the part that takes loss between ⟦ and ⟧; the answers of a pair side by side.

    With a tokenizer it is the decoded ids that are shown, special tokens included.
    """
    if _fits_beside(console, row) and row[0].side:
        return beside_view(console, row)
    for each in row:
        console.print(each.title, style="bold")
        if not each.dropped:
            console.print(marked(each), end="\n\n")
    return signs(row)


def beside_view(console: "Console", row: list[Rendering]) -> set[str]:
    """Print the texts side by side, where the terminal is wide enough."""
    from rich import box
    from rich.table import Table

    if not _fits_beside(console, row):
        return text_view(console, row)
    table = Table(box=box.MINIMAL, expand=True, show_edge=False, pad_edge=False)
    for each in row:
        table.add_column(each.heading, ratio=1, overflow="fold")
    table.add_row(*map(marked, row))
    console.print(row[0].name, style="bold")
    console.print(table, soft_wrap=False)
    console.print()
    return signs(row)


def _fits_beside(console: "Console", row: list[Rendering]) -> bool:
    return console.is_terminal and console.width >= (_NARROW + 3) * len(row)


def signs(row: list[Rendering], *, blanks: bool = False) -> set[str]:
    """Return the characters of the texts that signs stand for."""
    texts = (part.text for each in row for part in each.parts())
    return set().union(*(hidden(text, blanks=blanks) for text in texts))


def marked(rendering: Rendering) -> "Text":
    """Return the text with its mask; nothing for what was dropped."""
    from rich.text import Text

    shown = Text()
    for text, takes_loss in rendering.parts():
        if takes_loss:
            shown.append(f"{OPEN}{visible(text)}{CLOSE}", style="bold green")
        else:
            shown.append(visible(text), style="dim")
    return shown
