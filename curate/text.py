"""Text as the steps compare it, and as it is shown."""

import re
import unicodedata

__all__ = ["counted", "fold", "harmless", "is_blank"]

# White space, controls, the blank of Braille, and what Unicode calls Default_Ignorable_Code_Point.
_BLANK = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u2800\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*+"
)
# Controls but tab and newline, and what turns the direction of writing.
_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def fold(text: str) -> str:
    r"""Return `text` as fingerprints of findings have it: NFC, case-folded, spaces collapsed.

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


def harmless(text: str) -> str:
    r"""Return `text` with an escape for whatever steers a terminal or turns text around.

    In JSON the escape says the same.

    >>> harmless("a\x9bb\u202ec\n")
    'a\\u009bb\\u202ec\n'
    """
    return _HARMFUL.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def counted(number: int, one: str, more: str) -> str:
    """Return a number with the word for so many.

    >>> counted(1, "prompt has", "prompts have"), counted(1200, "prompt has", "prompts have")
    ('1 prompt has', '1,200 prompts have')
    """
    return f"{number:,} {one if number == 1 else more}"


def is_blank(text: str) -> bool:
    r"""Return whether nothing in `text` can be seen.

    >>> is_blank(" \u200b\u2800\n"), is_blank("\u200b.")
    (True, False)
    """
    return _BLANK.fullmatch(text) is not None


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
