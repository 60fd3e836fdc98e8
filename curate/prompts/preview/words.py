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
_WHOLE = 40  # characters; a field so long is looked for as a whole: templates leave it as it is
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
    fields = {visible(text.strip()) for text in texts(one.record)}
    pairs = [(_marked(one), _marked(other))]
    for field in sorted(fields, key=len, reverse=True):
        if len(field) >= _WHOLE:
            pairs = [cut for pair in pairs for cut in _cut(pair, field)]
    found = itertools.chain.from_iterable(map(_compared, pairs))
    for of, group in itertools.groupby(found, key=lambda change: change.of):
        text = "".join(change.text for change in group)
        if text:
            yield Change(text if of == "both" else _shown(text), of)


def _marked(rendering: Rendering) -> str:
    """Return the text of a rendering, in ⟦ and ⟧ what takes loss."""
    return "".join(
        f"{OPEN}{visible(text)}{CLOSE}" if takes_loss else visible(text)
        for text, takes_loss in rendering.parts()
    )


def _cut(pair: tuple[str, str], field: str) -> list[tuple[str, str]]:
    """Return a pair of texts cut around what stands in both, so that it need not be compared."""
    one, other = pair
    if one == other or field not in one or field not in other:
        return [pair]
    (head, _, tail), (start, _, end) = one.partition(field), other.partition(field)
    return [(head, start), (field, field), (tail, end)]


def _compared(pair: tuple[str, str]) -> Iterator[Change]:
    one, other = pair
    if one == other:
        yield Change(one, "both")
        return
    ours, theirs = map(_WORD.findall, pair)
    matcher = difflib.SequenceMatcher(None, ours, theirs)  # junk: else "! ! !" takes minutes
    for kind, begin, end, from_, to in matcher.get_opcodes():
        if kind == "equal":
            yield Change("".join(ours[begin:end]), "both")
        else:
            yield Change("".join(ours[begin:end]), "one")
            yield Change("".join(theirs[from_:to]), "other")


def _shown(text: str) -> str:
    """Return a text that differs with its newlines, and its blanks where it has nothing else."""
    if text.isspace():
        text = text.replace(" ", _BLANKS[" "])
    return text.replace("\n", _BLANKS["\n"] + "\n")
