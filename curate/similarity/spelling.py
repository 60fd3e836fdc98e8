"""One way to write what is written in many: widths, ligatures, digits, entities, tags."""

import html
import re
import unicodedata

__all__ = ["respell"]

# What cannot be seen (soft hyphen, signs of no width, selectors), vowel signs and the stretching of
# Arabic, ligatures of Latin, wide and narrow forms; digits that are not ASCII; dashes; two letters.
_ODD = re.compile(
    "[\u00ad\u0610-\u061a\u061c\u0640\u064b-\u065f\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff\ufb00-\ufb06\uff01-\uff9f]+"
    "|\\d|[\u2010-\u2015\u2212]|[ßẞёЁ]"
)
_NOT_ASCII = re.compile("[^\0-\x7f]+")
_OTHERS = {"ß": "ss", "ẞ": "SS", "ё": "е", "Ё": "Е"}
_UNSEEN = frozenset(("Cf", "Mn", "Lm"))
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d?);")
# A tag that only breaks lines, not one that is spoken of ("the <br> tag", "`<br>`").
# Patterns that begin with a sign are found quickly: what has to stand before it comes after it.
_BREAK = re.compile(
    r"<(?:(?<![ `(]<)(?:br ?/?|/?p)>(?![`'\")])|(?<=^<)p>)", re.IGNORECASE | re.MULTILINE
)
_PERCENTS = tuple(  # not the operator
    re.compile(rf"{sign}(?<=\d{sign})(?![\w(]| \d)") for sign in ("%", " %")
)


def respell(text: str) -> str:
    r"""Return a text as another author would write it: the letters count, not their form.

    >>> respell("ﬁve\u200b of ２４ – &quot;a&quot;<br>b")
    'five of 24 - "a"\nb'
    """
    if "&" in text and ";" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
    if "<" in text:
        text = _BREAK.sub("\n", text)
    if "%" in text:
        for percent in _PERCENTS:
            text = percent.sub(" percent", text)
    if text.isascii():
        return text
    return _NOT_ASCII.sub(_plain, unicodedata.normalize("NFC", text))


def _plain(found: re.Match[str]) -> str:
    return _ODD.sub(_usual, found.group())


def _usual(found: re.Match[str]) -> str:
    odd = found.group()
    if odd in _OTHERS:
        return _OTHERS[odd]
    if len(odd) == 1 and (odd.isdecimal() or unicodedata.category(odd) in ("Pd", "Sm")):
        return str(unicodedata.decimal(odd, "-")) if odd < "\uff00" else _narrow(odd)
    return _narrow(odd)


def _narrow(odd: str) -> str:
    seen = (c for c in odd if c > "\uff00" or unicodedata.category(c) not in _UNSEEN)
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", "".join(seen)))
