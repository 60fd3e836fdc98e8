"""What differs between two renderings of one record, word by word."""

import difflib
import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from curate.prompts.preview.rendering import Rendering
from curate.prompts.preview.terminal import signs
from curate.prompts.preview.visible import CLOSE, OPEN, visible
from curate.prompts.render import texts

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Change", "changes", "diff_view"]

_WORD = re.compile(r"<\|\w+\|>|\w+|\s|.", re.DOTALL)
_WHOLE = 40  # characters; a field so long is one word: no template changes what stands in it
_BLANKS = {char: visible(char, blanks=True) for char in " \n"}
_SIGNS = {"one": "[-{}-]", "other": "{{+{}+}}", "both": "{}"}
_STYLES = {"one": "red", "other": "green", "both": "dim"}


class Change(NamedTuple):
    """Some words, and which of the two has them. The part that takes loss is in ⟦ and ⟧."""

    text: str
    of: Literal["both", "one", "other"]

    @property
    def signed(self) -> str:
        """The text between the signs that `git diff --word-diff` writes."""
        return _SIGNS[self.of].format(self.text)


def diff_view(console: "Console", row: list[Rendering]) -> set[str]:
    """Print two renderings as one text: what one alone has, what the other alone has."""
    from rich.text import Text

    one, other = row
    console.print(one.name, style="bold")
    for rendering, of in ((one, "one"), (other, "other")):
        console.print(_SIGNS[of].format(rendering.heading), style=_STYLES[of])
    shown = Text()
    met = signs(row)
    for change in changes(one, other):
        shown.append(change.signed, style=_STYLES[change.of])
        if change.of != "both":
            met |= {char for char, sign in _BLANKS.items() if sign in change.text}
    console.print(shown, end="\n\n")
    return met


def changes(one: Rendering, other: Rendering) -> Iterator[Change]:
    """Yield the words of both texts in order; of two in one place those of `one` come first."""
    fields = {visible(text) for text in texts(one.record) if len(text) >= _WHOLE}
    ours, theirs = (_words(each, fields) for each in (one, other))
    matcher = difflib.SequenceMatcher(None, ours, theirs)  # junk: else "! ! !" takes minutes
    found: list[Change] = []
    for kind, begin, end, from_, to in matcher.get_opcodes():
        if kind == "equal":
            found.append(Change("".join(ours[begin:end]), "both"))
        else:
            found.append(Change(_shown("".join(ours[begin:end])), "one"))
            found.append(Change(_shown("".join(theirs[from_:to])), "other"))
    yield from (change for change in found if change.text)


def _words(rendering: Rendering, fields: set[str]) -> list[str]:
    """Return the words of a rendering; a long field of the record is one."""
    whole = "|".join(map(re.escape, sorted(fields, key=len, reverse=True)))
    words: list[str] = []
    for text, takes_loss in rendering.parts():
        pieces = re.split(f"({whole})", visible(text)) if whole else [visible(text)]
        # What was split at stands at every second place.
        found = itertools.chain.from_iterable(
            [piece] if number % 2 else _WORD.findall(piece) for number, piece in enumerate(pieces)
        )
        words += [OPEN, *found, CLOSE] if takes_loss else found
    return words


def _shown(text: str) -> str:
    """Return a text that differs with its newlines, and its blanks where it has nothing else."""
    if text.isspace():
        text = text.replace(" ", _BLANKS[" "])
    return text.replace("\n", _BLANKS["\n"] + "\n")
