"""Markdown in which the texts of users stay texts."""

import re
from collections.abc import Iterable, Sequence

from curate.errors import clip

__all__ = ["fenced", "table", "text"]

_CLIP = 120  # characters
_ACTIVE = re.compile(r"[\\`*\[\]<>&|~$#!]|\b_|_\b")


def text(value: object, limit: int = _CLIP) -> str:
    r"""Return a value as one line of text, with an entity for what Markdown would take as markup.

    >>> text("a_b|c\n<i>"), text("x" * 9, limit=5)
    ('a_b&#124;c&#92;n&#60;i&#62;', 'xxxx…')
    """
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", clip(value, limit))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table. Texts are taken as they are: those of users have to pass `text` first.

    >>> print(table(["step", "in"], [["dedup", 1200]]))
    | step | in |
    | --- | ---: |
    | dedup | 1,200 |
    """
    rows = [*rows]
    numbers = [bool(rows) and all(isinstance(row[i], int) for row in rows)
               for i in range(len(header))]  # fmt: skip
    lines = [
        [*header],
        ["---:" if number else "---" for number in numbers],
        *([f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def fenced(lines: Iterable[str], language: str) -> str:
    r"""Return lines of code, in a fence longer than any in them.

    >>> fenced(["a ```` b"], "sh").splitlines()[0]
    '`````sh'
    """
    code = "\n".join(lines)
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"
