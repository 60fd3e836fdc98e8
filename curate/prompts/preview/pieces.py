"""An example in parts: what takes loss and what does not, and the tokens of it."""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from curate.prompts.example import IGNORE_INDEX, Example
from curate.prompts.tokenizer import Tokenizer

__all__ = ["Part", "Piece", "numbers", "parts", "pieces"]

_BROKEN = "\ufffd"
"""What decoding makes of some of the bytes of a character."""


class Part(NamedTuple):
    """A stretch of text, and whether it takes loss."""

    text: str
    takes_loss: bool


class Piece(NamedTuple):
    """The text of a token, or of the tokens that only together make a character.

    Attributes:
        text: the text; the texts of all pieces, joined, are the decoded ids.
        ids: the ids, one or more.
        labels: their labels.

    """

    text: str
    ids: list[int]
    labels: list[int]

    @property
    def takes_loss(self) -> bool:
        """Whether any of the ids does."""
        return any(label != IGNORE_INDEX for label in self.labels)


def parts(example: Example, tokenizer: Tokenizer | None) -> Iterator[Part]:
    """Yield the texts of an example; with a tokenizer they are what its ids decode to.

    Where a character has ids that take loss and ids that do not, it stands with the later ones.
    """
    if tokenizer is None:
        yield Part(example.prompt, False)
        yield Part(example.completion, True)
        return
    ids = example.input_ids
    whole = tokenizer.decode(ids, skip_special_tokens=False)
    at = end = 0
    for takes_loss, run in itertools.groupby(example.labels, lambda label: label != IGNORE_INDEX):
        end += len(list(run))
        # From the first id on, not the run alone: some tokenizers drop a blank at the start.
        text = tokenizer.decode(ids[:end], skip_special_tokens=False)
        if not whole.startswith(text):  # it ends within a character
            text = text.rstrip(_BROKEN)
        until = max(at, len(text)) if end < len(ids) else len(whole)
        yield Part(whole[at:until], takes_loss)
        at = until


def pieces(example: Example, tokenizer: Tokenizer) -> Iterator[Piece]:
    """Yield the tokens of an example with their texts, as few together as make whole characters."""
    ids, labels = example.input_ids, example.labels
    whole = tokenizer.decode(ids, skip_special_tokens=False)
    before = start = at = 0  # the ids of the piece before, of this one, and its place in the text
    for end in range(1, len(ids) + 1):
        if end == len(ids):
            text: str | None = whole[at:]
        else:
            text = _text(tokenizer, ids[before : end + 1], start - before, whole, at)
        if text is not None:
            yield Piece(text, ids[start:end], labels[start:end])
            before, start, at = start, end, at + len(text)


def _text(tokenizer: Tokenizer, ids: list[int], known: int, whole: str, at: int) -> str | None:
    """Return the text of a piece, or None where its last character is not whole yet.

    The ids are those of the piece before it, `known` of them, which decoding may need to begin
    with, of the piece, and one more; `at` is where the piece stands in the text of all.
    """

    def added(end: int) -> str | None:
        text = tokenizer.decode(ids[:end], skip_special_tokens=False)[len(head) :]
        return text if whole.startswith(text, at) else None

    head = tokenizer.decode(ids[:known], skip_special_tokens=False) if known else ""
    text = added(len(ids) - 1)
    if text is None or not text.endswith(_BROKEN):
        return text
    more = added(len(ids))  # the sign stands in the data itself if the next token leaves it there
    return text if more is not None and len(more) > len(text) else None


def numbers(values: Iterable[int]) -> str:
    """Return ids or labels as they are shown."""
    return " ".join(map(str, values))
