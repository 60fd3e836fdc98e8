"""Whether a text says the same with other numbers, or counts them in another way."""

import itertools
import re
from collections.abc import Iterator

__all__ = ["has_other_numbers", "has_other_operators"]

_NUMERALS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
}
_NUMERALS |= {
    word: f"{value}0"
    for value, word in enumerate("thirty forty fifty sixty seventy eighty ninety".split(), 3)
}
_NUMERALS |= {"half": "0.5", "third": "0.33", "quarter": "0.25"}
_NUMERALS |= dict.fromkeys(("twice", "double"), "2") | dict.fromkeys(("thrice", "triple"), "3")
_HAN = "零〇一二三四五六七八九十百千万两兩"
_WIDE = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|[{_HAN}]+|[{_WIDE}]|[^\W\d{_WIDE}]+")
_OPERATOR = re.compile(r"(?<=[\d)])\s*([-+*/%^=<>]{1,2})\s*(?=[\d(])")
_SIGNS = str.maketrans("×·⋅÷−–", "***/--")
_Place = tuple[str, str, int, int, str]


def has_other_numbers(text: str, passage: str) -> bool:
    """Return whether, in a passage, another number stands in the place of one of a text.

    A number that is only gone, its place with it, is no other one.

    >>> text = "Ann has 3 red apples and 1,000 plums."
    >>> has_other_numbers(text, "Ann has 4 red apples and 1,000 plums.")
    True
    >>> has_other_numbers(text, "ANN HAS 3 RED APPLES"), has_other_numbers(text, "and 1000 plums")
    (False, False)
    """
    known, places = set[str](), set[_Place]()
    last = ""
    for number, place in _numbers(passage):
        pieces = re.split("[.,]", number)
        known.update(pieces, ("".join(pieces), last + number))  # "1 000" may be 1,000
        places.add(place)
        last = number
    for number, place in _numbers(text):
        pieces = re.split("[.,]", number)
        if place in places and "".join(pieces) not in known and not known.issuperset(pieces):
            return True
    return False


def has_other_operators(text: str, passage: str) -> bool:
    """Return whether a passage that has the words of a text counts its numbers in another way.

    >>> has_other_operators("What is 7 * 8?", "7 + 8"), has_other_operators("7 * 8", "7×8")
    (True, False)
    """
    one, other = (_OPERATOR.findall(each.translate(_SIGNS)) for each in (text, passage))
    return bool(one and other) and one != other


def _numbers(text: str) -> Iterator[tuple[str, _Place]]:
    """Yield each number with its place: the words around the numbers that stand in a row.

    Those written in Chinese are compared with their like alone.
    """
    words = [_NUMERALS.get(word, word) for word in _WORD.findall(text.lower())]
    runs = [(kind, list(run)) for kind, run in itertools.groupby(words, _kind)]
    bounds = [("", [""]), *runs, ("", [""])]
    for (_, before), (kind, run), (_, behind) in zip(bounds, runs, bounds[2:], strict=False):
        if kind:
            for at, word in enumerate(run):
                yield word, (kind, before[-1], at, len(run), behind[0])


def _kind(word: str) -> str:
    """Return what writes a number, empty for another word."""
    return "0" if word[0].isdigit() else "" if word.strip(_HAN) else _HAN[0]
