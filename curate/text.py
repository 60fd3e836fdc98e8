"""Text as the steps compare it."""

import unicodedata

__all__ = ["fold"]


def fold(text: str) -> str:
    r"""Return `text` as exact deduplication compares it: NFC, case-folded, whitespace collapsed.

    NFC and not NFKC: in mathematics and code x² is not x2. The depth of indented lines counts.

    >>> fold("  What is\tTHIS? ") == fold("what is this?")
    True
    >>> fold("x²") == fold("x2")
    False
    """
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    if "\n " in folded or "\n\t" in folded:  # indented lines: in code, depth is meaning
        lines = (line for line in folded.splitlines() if line.strip())
        return "\n".join(_indent(line) + " ".join(line.split()) for line in lines)
    return " ".join(folded.split())


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
