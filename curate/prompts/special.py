"""Special-token strings: which a template wrote, and which merely stand in the data.

`</s>` ends the answer when the template writes it and is four characters when a user typed it.
The rendered text alone cannot tell, so a record that could be mistaken is rendered twice: as it
is, and *guarded*, with the characters in question replaced one for one by characters that occur
nowhere else. Where both renderings agree, the replaced places are known to come from the data.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from curate.prompts.tokenizer import Tokenizer

__all__ = ["Guard", "SpecialTokens", "map_texts", "texts_in"]

_PRIVATE = range(0xF0000, 0x10FFFE)
"""Code points without a meaning (planes 15 and 16), from which a guard takes what is unused."""


@dataclass(frozen=True)
class SpecialTokens:
    """The special-token strings of a tokenizer.

    Attributes:
        strings: every one of them.
        eos: the one that ends an answer; empty without one.
        names: what templates know them by, such as `bos_token`.
        absorbing: for the strings that take whitespace with them: before, after.

    """

    strings: frozenset[str]
    eos: str
    names: Mapping[str, Any]
    absorbing: Mapping[str, tuple[bool, bool]]

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "SpecialTokens":
        """Return the special tokens of a tokenizer."""
        added = getattr(tokenizer, "added_tokens_decoder", {}).values()
        special = {token.content: token for token in added if token.special}
        named = set(tokenizer.all_special_tokens)
        return cls(
            strings=frozenset(text for text in named | set(special) if text),
            eos=tokenizer.eos_token or "",
            names=dict(tokenizer.special_tokens_map),
            absorbing={text: (token.lstrip, token.rstrip) for text, token in special.items()},
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Any of the strings, longest first, with the whitespace that it takes along."""
        parts = []
        for text in sorted(self.strings, key=lambda text: (-len(text), text)):
            before, after = self.absorbing.get(text, (False, False))
            parts.append(before * r"\s*" + f"({re.escape(text)})" + after * r"\s*")
        return re.compile("|".join(parts) or r"(?!)")

    @cached_property
    def _heads(self) -> frozenset[str]:
        return frozenset(text[:end] for text in self.strings for end in range(1, len(text)))

    @cached_property
    def _tails(self) -> frozenset[str]:
        return frozenset(text[start:] for text in self.strings for start in range(1, len(text)))

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.strings), default=0)

    @cached_property
    def _initials(self) -> frozenset[str]:
        return frozenset(text[0] for text in self.strings)

    def count(self, text: str) -> int:
        """Return how many of the strings stand in the text."""
        if not any(char in text for char in self._initials):  # nearly all texts, and much faster
            return 0
        return sum(1 for _ in self._pattern.finditer(text))

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the strings stand, with the whitespace that they take along."""
        return (found.span() for found in self._pattern.finditer(text))

    def cores(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the strings stand, whitespace apart."""
        return (found.span(found.lastindex or 0) for found in self._pattern.finditer(text))

    def stands_last(self, text: str) -> bool:
        """Return whether one of the strings stands at the end, whitespace aside."""
        return text.rstrip().endswith(tuple(self.strings))

    def end_of_last(self, text: str) -> int:
        """Return where the last special-token string of the text ends; 0 without one."""
        return max((end for _, end in self.cores(text)), default=0)

    def risky(self, text: str, *, edges: bool) -> set[int]:
        """Return the places of `text` that could be part of a special token once rendered.

        That is every whole special-token string and, with `edges`, what could become one together
        with its neighbours: a head at the end, a tail at the start, a piece that is all the text.
        Whitespace is left out, so that what strips a text strips its guarded form alike.
        """
        places = {at for start, end in self.cores(text) for at in range(start, end)}
        if edges:
            places |= self._edges(text)
        return {at for at in places if not text[at].isspace()}

    def _edges(self, text: str) -> set[int]:
        """Return the places at the ends of a text that are pieces of a special token."""
        places: set[int] = set()
        inner = text.strip()
        start = text.find(inner)
        end = start + len(inner)
        for size in range(1, min(self._longest - 1, len(inner)) + 1):
            if inner[-size:] in self._heads:
                places.update(range(end - size, end))
            if inner[:size] in self._tails:
                places.update(range(start, start + size))
        if 0 < len(inner) < self._longest and any(inner in string for string in self.strings):
            places.update(range(start, end))
        return places


@dataclass(frozen=True, slots=True)
class Guard:
    """A replacement of characters, one for one, that can be undone."""

    there: Mapping[str, str]
    back: Mapping[int, str]
    risky: Callable[[str], set[int]]

    @classmethod
    def over(
        cls, risky: Callable[[str], set[int]], texts: Sequence[str], source: str
    ) -> "Guard | None":
        """Return the guard for the texts of a record; None where none is needed.

        `risky` tells the places to replace; `source` is the text of the template.
        """
        chars = {text[at] for text in texts for at in risky(text)}
        if not chars:
            return None
        used = set(source).union(*texts)
        free = (code for code in _PRIVATE if chr(code) not in used)
        pairs = [(char, chr(next(free))) for char in sorted(chars)]
        return cls(
            there=dict(pairs),
            back={ord(private): char for char, private in pairs},
            risky=risky,
        )

    def hide(self, text: str) -> str:
        """Return the text with its risky characters replaced."""
        chars = list(text)
        for at in self.risky(text):
            chars[at] = self.there[chars[at]]
        return "".join(chars)

    def restore(self, text: str) -> str:
        """Return the text with the replaced characters put back."""
        return text.translate(self.back)

    def hidden(self, text: str) -> frozenset[int]:
        """Return the places in a guarded rendering that hold replaced characters."""
        return frozenset(at for at, char in enumerate(text) if ord(char) in self.back)


def texts_in(value: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield every text in a value made of texts, lists and dictionaries, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield str(key)
            yield from texts_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_in(part)


def map_texts(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401
    """Return the value as plain data, a new one, with every text in it changed.

    Numbers, booleans and None stay. Anything else becomes its text: a template must not reach
    the methods of what a file happened to hold.
    """
    if isinstance(value, str):
        return change(str(value))
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {change(str(key)): map_texts(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [map_texts(part, change) for part in value]
    return change(str(value))
