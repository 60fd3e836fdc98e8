"""What each character is when texts are compared: part of a word, a token, a symbol, or space."""

import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["DIGIT", "END", "GLUE", "SYMBOL", "UPPER", "WIDE", "WORD", "Signs", "classify", "lower",
           "signs_among"]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
Signs = Callable[[Array], Array]

WORD = np.uint8(1)  # letters, digits, marks and the underscore: runs of them are tokens
WIDE = np.uint8(2)  # of a script that writes no spaces between words: each is a token
DIGIT = np.uint8(4)
SYMBOL = np.uint8(8)  # neither of a word, nor space, nor punctuation of a sentence
GLUE = np.uint8(16)  # may join what stands on its two sides
UPPER = np.uint8(32)
END = np.uint8(64)  # of a sentence, or of what leads to one
_UNKNOWN = np.uint8(255)

_PUNCTUATION = frozenset(".,;:!?\"'`´‘’“”„«»…。、，；：！？「」『』・")
_GLUE = frozenset("'’,.")
_ENDS = frozenset(".!?:\n\0؟。！？：")
# Thai and Lao, Tibetan, Myanmar, Khmer, kana, ideographs; not Hangul, which writes spaces.
_WIDE = ((0xE00, 0xEFF), (0xF00, 0xFFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF),
         (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
         (0xFF66, 0xFF9D), (0x20000, 0x3FFFF))  # fmt: skip


def _class(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)
    kind = int(GLUE) if character in _GLUE else 0
    kind |= int(END) if character in _ENDS else 0
    if category[0] in "LNM" or character == "_":
        wide = category[0] != "N" and any(first <= code <= last for first, last in _WIDE)
        kind |= int(WIDE if wide else WORD)
        kind |= int(DIGIT) if category == "Nd" else 0
        kind |= int(UPPER) if category in ("Lu", "Lt") else 0
    elif category[0] in "PS" and character not in _PUNCTUATION:
        kind |= int(SYMBOL)
    return kind


def _lower(code: int) -> int:
    lower = chr(code).lower()
    return ord(lower) if len(lower) == 1 else code


_CLASSES = np.full(0x110000, _UNKNOWN, np.uint8)
_CLASSES[:128] = [_class(code) for code in range(128)]
_LOWER = np.arange(0x110000, dtype=np.uint32)
_LOWER[:128] = [_lower(code) for code in range(128)]


def classify(codes: Array) -> Array:
    """Return the classes of code points.

    The tables of what is not ASCII fill up as characters are met: a script costs nothing to those
    who have none of it.
    """
    classes = _CLASSES.take(codes)
    unknown = classes == _UNKNOWN
    if unknown.any():
        for code in np.unique(codes[unknown]).tolist():
            _CLASSES[code] = _class(code)
            _LOWER[code] = _lower(code)
        classes = _CLASSES.take(codes)
    return classes


def lower(codes: Array) -> Array:
    """Return the lower-case forms of code points that were classified."""
    return _LOWER.take(codes)


def signs_among(signs: str) -> Signs:
    """Return what says which code points are one of some signs.

    >>> signs_among("?!")(np.array([ord("?"), ord(".")]))
    array([ True, False])
    """
    known = np.zeros(max(map(ord, signs)) + 2, bool)
    known[[ord(sign) for sign in signs]] = True
    return lambda codes: known[np.minimum(codes, known.size - 1)]
