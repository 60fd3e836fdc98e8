"""Everything invisible made visible, and what the signs for it mean."""

import unicodedata
from collections.abc import Iterable

from curate.text import is_blank

__all__ = ["CLOSE", "OPEN", "hidden", "legend", "visible"]

OPEN, CLOSE = "⟦", "⟧"
"""What stands around the part that takes loss, so that a pipe and a black-and-white screen show it.
In the data they are shown as escapes."""

_PICTURES = {
    **{chr(code): chr(0x2400 + code) for code in range(0x20)}, " ": "␣", "\x7f": "␡"
}  # fmt: skip
_SIGNS = {OPEN, CLOSE, *_PICTURES.values()}
"""What means something else where we write it, and is an escape where the data have it."""


def visible(text: str, *, blanks: bool = False) -> str:
    r"""Return the text with everything invisible made visible, with `blanks` space and newline too.

    >>> visible("a\tb \x1b[31m\u200b\n")
    'a␉b ␛[31m\\u200b\n'
    >>> visible("a \n", blanks=True)
    'a␣␊'
    """
    return text.translate({ord(char): _sign(char) for char in hidden(text, blanks=blanks)})


def legend(chars: Iterable[str]) -> dict[str, str]:
    r"""Return for hidden characters what sign `visible` writes, and what it means.

    >>> legend("\u200b\t")
    {'␉': 'tab', '\\u200b': 'zero width space'}
    """
    return {_sign(char): _name(char) for char in sorted(chars)}


def hidden(text: str, *, blanks: bool = False) -> set[str]:
    r"""Return the characters of a text that `visible` does not show as they are.

    >>> sorted(hidden("a \t\n")), sorted(hidden("a \t\n", blanks=True))
    (['\t'], ['\t', '\n', ' '])
    """
    plain = set() if blanks else {" ", "\n"}
    return {
        char
        for char in set(text) - plain
        if char in _SIGNS or not char.isprintable() or is_blank(char)
    }


def _sign(char: str) -> str:
    """Return the picture of a control character or blank, and the escape of any other."""
    return _PICTURES.get(char) or char.encode("unicode_escape").decode()


def _name(char: str) -> str:
    r"""Return what a character is called.

    >>> [_name(char) for char in "\t\0\x9b\xa0 \ue000"]
    ['tab', 'null', 'control character', 'no-break space', 'space', 'private character']
    """
    if char == "\t":
        return "tab"
    kind = {"Cc": "control", "Co": "private"}.get(unicodedata.category(char), "unassigned")
    picture = unicodedata.name(_PICTURES.get(char, " ")).removeprefix("SYMBOL FOR ")
    unnamed = picture if ord(char) < 0x20 or char == "\x7f" else f"{kind} character"
    return unicodedata.name(char, unnamed).lower()
