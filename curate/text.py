"""Text as the steps compare it."""

import unicodedata

__all__ = ["fold"]


def fold(text: str) -> str:
    r"""Return `text` as exact deduplication compares it: NFC, case-folded, whitespace collapsed.

    NFC and not NFKC: in mathematics and code x² is not x2.

    >>> fold("  What is\tTHIS? ") == fold("what is this?")
    True
    >>> fold("x²") == fold("x2")
    False
    """
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return " ".join(folded.split())
