"""The page of a preview: text, tokens and mask of records, or what two templates make otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from curate.outputs import check_free, write_file
from curate.prompts.example import Example
from curate.prompts.preview import (
    CLOSE,
    OPEN,
    Piece,
    Rendering,
    changes,
    legend,
    numbers,
    signs,
    visible,
)
from curate.reporting.html import inline_script, render_page
from curate.sources import Source
from curate.text import counted

__all__ = ["PREVIEW_MARK", "PreviewPage", "account"]

PREVIEW_MARK = b'<meta name="generator" content="curate preview'
"""What is near the start of every page of a preview."""


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """A page, and where it is written.

    Attributes:
        path: the file.
        source: where the records come from.
        model: whose tokens they are; None without a tokenizer.
        by_tokens: show tokens first, not text; the other views are a click away.
        as_diff: show what the two renderings of a record have apart.

    """

    path: Path
    source: str
    model: str | None = None
    by_tokens: bool = False
    as_diff: bool = False

    def check(self, sources: Sequence[Source]) -> None:
        """Raise UsageError unless the file is new or an earlier page, and none of the sources."""
        check_free("--html", self.path, PREVIEW_MARK, sources)

    def write(self, rows: Sequence[list[Rendering]]) -> None:
        """Write what each template makes of a record, one list a record."""
        write_file(self.path, self.made(rows).encode("utf-8", "backslashreplace"))

    def made(self, rows: Sequence[list[Rendering]]) -> str:
        """Return the page."""
        make: Callable[[list[Rendering]], Any] = _differing if self.as_diff else _beside
        blanks = self.model is not None or self.as_diff
        met = set().union(*(signs(row, blanks=blanks) for row in rows))
        views = ["text", "tokens", "mask"] if self.model is not None else ["text", "mask"]
        values = {
            "source": self.source,
            "model": self.model or "",
            "records": [{"name": row[0].name, "shown": make(row)} for row in rows],
            "is_compared": not self.as_diff and any(len(row) > 1 for row in rows),
            "views": [] if self.as_diff else views,
            "start": views[self.by_tokens],
            "marks": (OPEN, CLOSE),
            "legend": {f"{OPEN} {CLOSE}": "takes loss", **legend(met)},
        }
        return render_page("preview.html", {**values, **inline_script("preview.js")})


def account(rows: Sequence[list[Rendering]]) -> str:
    """Return how much a page shows, in one line."""
    examples = [each.item for row in rows for each in row if isinstance(each.item, Example)]
    tokens = sum(len(each.input_ids) for each in examples)
    loss = sum(each.loss_tokens for each in examples)
    told = counted(len(rows), "record", "records")
    return f"{told}, {tokens:,} tokens, {loss:,} of them take loss" if tokens else told


def _differing(row: list[Rendering]) -> dict[str, Any]:
    """Return the words of two renderings, and what the two are."""
    one, other = row
    return {"one": one.heading, "other": other.heading, "changes": list(changes(one, other))}


def _beside(row: list[Rendering]) -> list[dict[str, Any]]:
    """Return the runs of each rendering: neighbours that take loss, or do not, together."""
    runs = [_token_runs(each) or _text_runs(each) for each in row]
    return [{"heading": each.heading, "runs": one} for each, one in zip(row, runs, strict=True)]


def _text_runs(rendering: Rendering) -> list[dict[str, Any]]:
    return [
        {"takes_loss": part.takes_loss, "text": visible(part.text)} for part in rendering.parts()
    ]


def _token_runs(rendering: Rendering) -> list[dict[str, Any]]:
    runs = []
    at = 1
    for takes_loss, pieces in groupby(rendering.pieces(), key=lambda piece: piece.takes_loss):
        tokens = []
        for piece in pieces:
            tokens.append(_token(piece, at))
            at += len(piece.ids)
        runs.append({"takes_loss": takes_loss, "tokens": tokens})
    return runs


def _token(piece: Piece, at: int) -> dict[str, Any]:
    """Return a token, or those of one character, as the page shows it; `at` counts from 1."""
    last = at + len(piece.ids) - 1
    return {
        "text": visible(piece.text),
        "shown": visible(piece.text, blanks=True),
        "at": f"{at}" if at == last else f"{at}–{last}",
        "ids": numbers(piece.ids),
        "labels": numbers(piece.labels),
        "ends_line": piece.text.endswith("\n"),
    }
