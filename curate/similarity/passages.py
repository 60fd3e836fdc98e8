"""Where in a text, as it stands, some of its words are."""

import re
from typing import Any

import numpy as np

from curate.similarity.characters import WIDE, classify
from curate.similarity.tokens import NEGATION, tokenise

__all__ = ["Passages"]

Array = np.ndarray[Any, np.dtype[Any]]

_BREAKS = "\n\r.!?:;\"'“”‘’„«»()[]{}<>*#|•`。！？：；「」『』（）"
_PIECE = re.compile(r"\S+")


class Passages:
    """The words of one text with their places.

    Attributes:
        words: uint64, hashes of the words, as `tokenise` makes them of each piece between spaces.
        starts, ends: int64, the characters at which the piece of each word begins and ends.
        group, member: uint64, what each word is an alternative of, and which, as in `Tokens`.
        negations: bool, which words negate.

    """

    def __init__(self, text: str) -> None:
        self._text = text
        pieces = [piece for found in _PIECE.finditer(text) for piece in _cut(found)]
        tokens = tokenise([text[start:end] for start, end in pieces])
        counts = np.diff(tokens.first)
        bounds = np.array(pieces, np.int64).reshape(-1, 2)
        self.words, self.group, self.member = tokens.hashes, tokens.group, tokens.member
        self.negations = (tokens.kinds & NEGATION) != 0
        self._capital = tokens.capital
        self.starts, self.ends = np.repeat(bounds, counts, axis=0).T

    def stands_alone(self, first: int, last: int) -> bool:
        """Return whether what goes from one word to another begins and ends where sentences do."""
        before = self._text[: self.starts[first]].rstrip(" \t")
        behind = self._text[self.ends[last] :].lstrip(" \t")
        last_piece = self._text[self.starts[last] : self.ends[last]]
        opens = not before or before[-1] in _BREAKS
        closes = not behind or behind[0] in _BREAKS or last_piece[-1] in _BREAKS
        return opens and closes

    def are_names(self, words: slice) -> Array:
        """Return which words have a capital letter and another word right before them."""
        behind = [
            place > 0
            and self.starts[place] == self.ends[place - 1] + 1
            and self._text[self.ends[place - 1] - 1].isalnum()
            for place in range(*words.indices(self.words.size))
        ]
        return self._capital[words] & np.array(behind, bool)

    def span(self, first: int, last: int, room: int = 0) -> tuple[int, str]:
        """Return where the passage from one word to another begins, and its text.

        `room` is how many characters more it has at both ends.
        """
        start = max(int(self.starts[first]) - room, 0)
        return start, self._text[start : int(self.ends[last]) + room]


def _cut(found: re.Match[str]) -> list[tuple[int, int]]:
    """Return the bounds of a piece; in scripts without spaces those of each character."""
    start, piece = found.start(), found.group()
    if piece.isascii():
        return [(start, found.end())]
    classes = classify(np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), np.uint32))
    wide = (classes & WIDE) != 0
    if not wide.any():
        return [(start, found.end())]
    edges = np.flatnonzero(wide | np.concatenate([[True], wide[:-1]]))
    return [
        (start + int(a), start + int(b))
        for a, b in zip(edges, [*edges[1:], len(piece)], strict=True)
    ]
