"""Tokens in boxes, each with its text, its id and its label."""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from curate.prompts.preview.pieces import Piece, numbers
from curate.prompts.preview.rendering import Rendering
from curate.prompts.preview.terminal import signs
from curate.prompts.preview.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["tokens_view"]

_THIN, _HEAVY = tuple("┌─┐│└┘"), tuple("┏━┓┃┗┛")
"""What a box is drawn with; what takes loss has a heavy one."""
_GUTTER = ("", "text", "id", "label", "")


class _Box(NamedTuple):
    """The lines of a box, all of one width, and what is in it."""

    lines: list[str]
    width: int
    piece: Piece


def tokens_view(console: "Console", row: list[Rendering]) -> set[str]:
    """Print every token in a box; tokens that only together make a character share one."""
    from rich.text import Text

    for each in row:
        console.print(each.title, style="bold")
        for boxes in _rows(map(_box, each.pieces()), console.width - len("label ")):
            for number, name in enumerate(_GUTTER):
                line = Text(f"{name:<6}", style="dim")
                for box in boxes:
                    style = "bold green" if box.piece.takes_loss else "dim"
                    line.append(box.lines[number], style=style)
                console.print(line)
        console.print()
    return signs(row, blanks=True)


def _box(piece: Piece) -> _Box:
    from rich.cells import cell_len

    text = visible(piece.text, blanks=True)
    if unicodedata.category(text[:1] or " ").startswith("M"):
        text = f"◌{text}"  # an accent alone would stand on the side of the box
    texts = (text, numbers(piece.ids), numbers(piece.labels))
    left, line, right, side, low, end = _HEAVY if piece.takes_loss else _THIN
    width = max(map(cell_len, texts))
    middle = [f"{side}{each}{' ' * (width - cell_len(each))}{side}" for each in texts]
    lines = [left + line * width + right, *middle, low + line * width + end]
    return _Box(lines, width + 2, piece)


def _rows(boxes: Iterable[_Box], width: int) -> Iterator[list[_Box]]:
    """Yield as many boxes as fit beside each other; a line of the text begins a row."""
    row: list[_Box] = []
    for box in boxes:
        text = box.piece.text
        is_full = sum(each.width for each in row) + box.width > width
        if row and (is_full or (row[-1].piece.text.endswith("\n") and text.strip("\n"))):
            yield row
            row = []
        row.append(box)
    if row:
        yield row
