"""What tells two records apart that say the same in other words, as far as rules can see it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.similarity.tokens import FILLER, NAME, NEGATION, NUMBER, NUMERAL, Tokens, tokenise

__all__ = ["Said", "difference", "read_said"]

_BATCH = 512
_QUOTED = re.compile(
    r"""\"([^"\n]{1,80})"|“([^”\n]{1,80})”|`([^`\n]{1,80})`|«([^»\n]{1,80})»"""
    r"""|(?<!\w)'([^'\n]{1,80})'(?!\w)|‘([^’\n]{1,80})’"""
)
_LABEL = 3  # words that say something; an answer of so few or less is a label
_SHORT = 40  # words; in a text of fewer a negation decides
_CODE_SHARE = 12  # one symbol in so many characters: the text is code
_CODE_ALIKE = 0.9  # least share of words that two pieces of code have in common
_PASSAGE = 60  # words; a prompt of more is about a passage, of which much can be asked
_ASKING = tokenise(["what which how"]).hashes  # one question can begin with each of these


@dataclass(frozen=True, slots=True)
class Said:
    """What is looked at in a text. Words are hashes, equal whatever the case.

    Attributes:
        words: all, in their order.
        content: those that say what the text is about.
        numbers: with digits or as words.
        names: with a capital letter inside a sentence.
        denied: number of negations.
        choices: for each kind of alternative ("left", "right") those that are there, in the order
            in which they first come.
        quoted: what stands in quotes.
        signs: symbols, as code points.
        is_code: whether the text is code.

    """

    words: tuple[int, ...]
    content: frozenset[int]
    numbers: Counter[int]
    names: tuple[int, ...]
    denied: int
    choices: dict[int, tuple[int, ...]]
    quoted: frozenset[str]
    signs: Counter[int]
    is_code: bool


Sayings = tuple[Said, Said, Said]
"""What is looked at in a record: what came before its prompt, the prompt, the answer."""


def read_said(texts: Sequence[tuple[str, str, str]]) -> list[Sayings]:
    """Return what is looked at in records, of which texts are given as `texts_of` returns them."""
    found: list[Sayings] = []
    for start in range(0, len(texts), _BATCH):
        batch = [text for record in texts[start : start + _BATCH] for text in record]
        tokens = tokenise(batch)
        said = [_said(tokens, text, number) for number, text in enumerate(batch)]
        found += zip(said[::3], said[1::3], said[2::3], strict=True)
    return found


def _said(tokens: Tokens, text: str, number: int) -> Said:
    place = slice(tokens.first[number], tokens.first[number + 1])
    hashes, kinds = tokens.hashes[place], tokens.kinds[place]
    loose = tokens.loose[(tokens.loose_text == number) & ~tokens.counts]
    numbers = hashes[(kinds & (NUMBER | NUMERAL)) != 0]
    names = hashes[(kinds & NAME) != 0]
    if 3 * names.size >= hashes.size:  # capital letters are the style of the text
        names = names[:0]
    choices: dict[int, tuple[int, ...]] = {}
    asking = np.isin(hashes, _ASKING)
    grouped = (tokens.group[place] != 0) & ~asking
    pairs = zip(tokens.group[place][grouped].tolist(), tokens.member[place][grouped].tolist(),
                strict=True)  # fmt: skip
    for group, member in dict.fromkeys(pairs):
        choices[group] = (*choices.get(group, ()), member)
    bounds = np.searchsorted(tokens.symbol_text, [number, number + 1])
    signs = tokens.symbols[slice(*bounds)]
    return Said(
        words=tuple(hashes.tolist()),
        content=frozenset(hashes[((kinds & FILLER) == 0) & ~asking].tolist()),
        numbers=Counter([*numbers.tolist(), *loose.tolist()]),
        names=tuple(dict.fromkeys(names.tolist())),
        denied=int(np.count_nonzero(kinds & NEGATION)),
        choices=choices,
        quoted=frozenset(
            " ".join("".join(found).lower().split()) for found in _QUOTED.findall(text)
        ),
        signs=Counter(signs.tolist()),
        is_code="```" in text or signs.size * _CODE_SHARE > tokens.characters[number],
    )


def difference(one: Sayings, other: Sayings) -> str:
    """Return what tells two records apart, in a word; empty for nothing."""
    (before, asked, answered), (earlier, asks, answers) = one, other
    if before.words != earlier.words:
        return "before"
    if what := _labels(asked, asks, answered, answers):
        return what
    for text, same in ((asked, asks), (answered, answers)):
        if what := _differs(text, same):
            return what
    if asked.numbers != asks.numbers:
        return "numbers"
    if set(answered.numbers) - set(asked.numbers) != set(answers.numbers) - set(asks.numbers):
        return "numbers"
    if not _has_names(one, other) or not _has_names(other, one):
        return "names"
    if _common(asked.names, asks.names) != _common(asks.names, asked.names):
        return "names"
    return "word" if _has_changed_word(asked, asks) else ""


def _labels(asked: Said, asks: Said, answered: Said, answers: Said) -> str:
    """Return whether answers are short, and say too little for the prompts to be the same."""
    shortest = min((answered, answers), key=lambda answer: len(answer.content))
    if shortest.is_code:
        return ""
    if len(shortest.content) <= _LABEL:
        told = asked.content | asks.content
        news = answered.content - told
        if not news or news != answers.content - told:
            return "label"
    passage = max(len(asked.words), len(asks.words)) > _PASSAGE
    return "passage" if passage and len(shortest.words) < _SHORT else ""


def _differs(text: Said, other: Said) -> str:
    short = max(len(text.words), len(other.words)) < _SHORT
    if bool(text.denied) != bool(other.denied) if not short else text.denied != other.denied:
        return "negation"
    for group in text.choices.keys() & other.choices.keys():
        ours, theirs = text.choices[group], other.choices[group]
        if (set(ours) - set(theirs) and set(theirs) - set(ours)) or _common(
            ours, theirs
        ) != _common(theirs, ours):
            return "choice"
    if text.quoted != other.quoted:
        return "quoted"
    if text.is_code != other.is_code:
        return "code"
    if text.is_code:
        one, two = (Counter(said.words) + said.signs for said in (text, other))
        if (one & two).total() < _CODE_ALIKE * (one | two).total():
            return "code"
    return ""


def _has_names(one: Sayings, other: Sayings) -> bool:
    known = {word for said in other for word in said.words}
    return all(name in known for said in one for name in said.names)


def _common(one: tuple[int, ...], other: tuple[int, ...]) -> list[int]:
    return [item for item in one if item in other]


def _has_changed_word(asked: Said, asks: Said) -> bool:
    """Return whether the prompt is the other one with a word in the place of another."""
    shared = len(asked.content & asks.content)
    return len(asked.content) == len(asks.content) == shared + 1
