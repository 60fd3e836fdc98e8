"""Repair how text is written without changing what it says."""

import functools
import re
import unicodedata
from collections.abc import Callable
from typing import ClassVar

from pydantic import Field

from curate.records import TEXT_FIELDS, Record
from curate.steps.base import RecordStep, edit_texts, text_of

__all__ = ["CLOSING_TOKENS", "OPENING_TOKENS", "Normalise"]

CLOSING_TOKENS = (
    "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|im_end|>", "<|end|>", "<|eos|>",
    "<end_of_turn>", "<eos>", "</s>", "<pad>", "<|pad|>",
)  # fmt: skip
OPENING_TOKENS = ("<|endoftext|>", "<|begin_of_text|>", "<|bos|>", "<bos>", "<s>")

_REACH = 8  # characters around a suspect one that decide whether text is mojibake
_WINDOW = 60  # characters judged at once

# Terminal escapes, C0 controls but tab and newline, DEL, and the byte order mark. Joiners stay:
# emoji and Indic scripts need them.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")
_ESCAPE = re.compile("\x1b\\[[0-9;]*[A-Za-z]")

# Who speaks of this may show what garbled text looks like.
_ABOUT_ENCODING = re.compile(
    r"\b(?:mojibake|garbled|encodings?|(?:en|de|mis)coded (?:as|in|with|text)|utf-?8|latin-?1|"
    r"iso-?8859|(?:cp|windows)-?125\d|code ?pages?|charsets?|character sets?|unicode|"
    r"(?:strange|weird|odd|funny|wrong|broken) (?:characters?|symbols?|letters?)|wrong with)\b",
    re.IGNORECASE,
)
_LONE = re.compile(r"(?<!\w)Ã(?= )")  # a letter by itself as well as a garbled "à"


class Normalise(RecordStep):
    r"""Unicode NFC, mojibake, newlines, space at the ends, stray control tokens at the ends.

    Inner text is left alone: quotation marks, ligatures, widths and spaces inside a line are the
    author's, an indented first line of code keeps its indent, a token after a colon is what the
    sentence is about, and `<s>` with its `</s>` is HTML. A record that speaks of encodings keeps
    its mojibake.

    >>> step = Normalise()
    >>> step.apply(Record(id="a:1", instruction="Say it.\r\n", output="cafÃ© <|endoftext|>")).output
    'café'
    >>> kept = Record(id="a:2", instruction="What does <|endoftext|> do?", output="It ends a text.")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "normalise"

    mojibake: bool = Field(True, description="Repair text decoded with the wrong encoding (ftfy).")
    closing_tokens: tuple[str, ...] = Field(
        CLOSING_TOKENS, description="Control tokens removed where they close a field."
    )
    opening_tokens: tuple[str, ...] = Field(
        OPENING_TOKENS, description="Control tokens removed where they open a field."
    )

    def apply(self, record: Record) -> Record:
        """Return the record with every text repaired, or the record itself if none needed it."""
        step = self
        if self.mojibake and _is_about_encoding(record):
            step = self.model_copy(update={"mojibake": False})
        return edit_texts(record, lambda field, text: step.normalise(text))

    def normalise(self, text: str) -> str:
        """Return the text repaired. Idempotent."""
        if not text:
            return text
        if not text.isascii():
            if self.mojibake:
                text = _fix_encoding()(text)
            text = unicodedata.normalize("NFC", text)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if _INVISIBLE.search(text):
            text = text.replace("\x0b", "\n").replace("\x0c", "\n")
            text = _INVISIBLE.sub("", _ESCAPE.sub("", text))
        before = None
        while text != before:
            before = text
            text = self._without_control_tokens(_trim(text))
        return text

    def _without_control_tokens(self, text: str) -> str:
        if text.endswith(self.closing_tokens):
            for token in self.closing_tokens:
                bare = text.removesuffix(token)
                if bare != text and not _is_meant(text, token) and not bare.rstrip().endswith(":"):
                    text = bare
        if text.startswith(self.opening_tokens):
            for token in self.opening_tokens:
                if not _is_meant(text, token):
                    text = text.removeprefix(token)
        return text


def _is_about_encoding(record: Record) -> bool:
    """Return whether a record that holds mojibake speaks of how text is encoded."""
    texts = [
        *(text_of(getattr(record, field)) for field in TEXT_FIELDS),
        *(text_of(turn.get("content")) for turn in record.history),
    ]
    if not any(not text.isascii() and _is_bad(text) for text in texts):
        return False
    return any(_ABOUT_ENCODING.search(text) for text in texts)


def _is_meant(text: str, token: str) -> bool:
    """Return whether `<s>` or `</s>` is HTML: both are there, and balanced.

    >>> _is_meant("<s>old</s> new", "<s>"), _is_meant("Hello</s>", "</s>")
    (True, False)
    """
    if token not in ("<s>", "</s>"):
        return False
    opened = text.count("<s>")
    return opened > 0 and opened == text.count("</s>")


def _trim(text: str) -> str:
    r"""Return `text` without space at its end, blank lines at its start and a stray leading space.

    A leading space is stray if it stands alone: more, a tab, or indented lines after it are code.

    >>> _trim(" Paris \n"), _trim("  x = 1"), _trim(" x = 1\n y = 2")
    ('Paris', '  x = 1', ' x = 1\n y = 2')
    """
    text = text.rstrip()
    body = text.lstrip()
    indent = text[: len(text) - len(body)].rpartition("\n")[2]
    stray = len(indent) == 1 and indent != "\t" and "\n " not in body
    return body if stray else indent + body


@functools.cache
def _fix_encoding() -> Callable[[str], str]:
    """Return ftfy's repair of wrongly decoded text, without its changes of style."""
    from ftfy import fix_encoding
    from ftfy.fixes import fix_c1_controls

    def fix(text: str) -> str:
        is_bad = _is_bad(_LONE.sub("", text))
        return str(fix_c1_controls(fix_encoding(text))) if is_bad else text

    return fix


def _is_bad(text: str) -> bool:
    """Return whether ftfy calls a window around a suspect character bad.

    Its search over whole texts took a third of a run over real data.
    """
    from ftfy.badness import is_bad

    suspect = _suspect()
    place = suspect.search(text)
    while place:
        if is_bad(text[max(0, place.start() - _REACH) : place.end() + _WINDOW]):
            return True
        place = suspect.search(text, place.end() + _WINDOW - _REACH)
    return False


@functools.cache
def _suspect() -> re.Pattern[str]:
    """Return what finds a character without which ftfy calls no text bad.

    Curly quotation marks, dashes, Greek, Cyrillic or Chinese alone are none.
    """
    from ftfy.badness import MOJIBAKE_CATEGORIES as KINDS

    names = ("c1", "bad", "law", "currency", "numeric", "upper_accented", "lower_accented", "box")
    return re.compile(f"[{''.join(KINDS[name] for name in names)}ВГРСвΒΓΞΟβ]")
