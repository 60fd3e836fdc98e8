"""Drop outputs that go round in circles."""

import itertools
import re
from typing import ClassVar

from pydantic import Field

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of

__all__ = ["Repetition"]

_MIN_WORDS = 50  # shares of a shorter text say nothing
_PERIODS = 20  # words of the longest unit looked for at the end
_LOOP = 5  # times in a row, and
_LOOP_WORDS = 20  # words in all, make a loop
_RUN = 100  # times one character in a row
_ASKED_FOR = re.compile(
    r"\b(?:repeat\w*|repetiti\w*|times|again|loops?|patterns?|songs?|lyrics|poems?|chant|refrain|"
    r"chorus|copies|copy|ascii|table|matrix|mantra|zero(?:e?s)|googol\w*|poly-?(?-i:[ACGTU])|"
    r"(?:dna|rna|nucleotide|nucleic acid|peptide|protein) (?:strands?|sequences?)|"
    r"(?:(?:fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|million|\d{2,})(?: of)? "
    r"(?:ones|letters?|digits?|dots|emojis?|exclamation (?:marks?|points?)|question marks?|"
    r"['\"]?\w['\"]?'?s)))\b",
    re.IGNORECASE,
)


class Repetition(RecordStep):
    """A loop at the end of an output, one character a hundred times, the same lines or phrases.

    A loop is a unit of up to 20 words that ends the output five times in a row or more. The shares
    of lines and 10-grams follow Gopher's repetition filter, on outputs of fifty words and more;
    its bounds, 0.20 and 0.10 of the characters, are for web pages. Worked solutions and code
    repeat themselves more than that, so ours lie higher. A prompt that asks for a repetition,
    a song, a table, a hundred zeros is left alone.

    Source: Rae et al., Scaling Language Models: Gopher (2021), table A1.

    >>> step = Repetition()
    >>> bad = Record(id="a:1", instruction="Name a colour.", output="Red and " + "so on and " * 9)
    >>> step.apply(bad).reason, step.apply(bad).evidence
    ('loop', {'field': 'output', 'found': 'so on and', 'times': 9})
    >>> kept = Record(id="a:2", instruction="Cheer three times.", output="Hurrah! Hurrah! Hurrah!")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "repetition"
    judges_answers: ClassVar[bool] = True

    max_duplicate_lines: float = Field(
        0.6, gt=0, le=1, description="Largest share of characters in lines that came before."
    )
    max_duplicate_10grams: float = Field(
        0.6, gt=0, le=1, description="Largest share of words in 10-grams that came before."
    )

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with the loop or the share."""
        output = text_of(record.output)
        words = output.split()
        unit, times = _loop(words)
        if not unit:
            unit, times = _stutter(output)
        run, length = _run(output)
        share, reason = self._share(output, words) if len(words) >= _MIN_WORDS else (0.0, "")
        if not (unit or run or reason) or _ASKED_FOR.search(text_of(record.instruction)):
            return record
        if unit:
            return self.drop(record, "loop", field="output", found=unit, times=times)
        if run:
            return self.drop(record, "loop", field="output", found=run, times=length)
        return self.drop(record, reason, field="output", share=round(share, 3))

    def _share(self, output: str, words: list[str]) -> tuple[float, str]:
        lines = [line for line in output.splitlines() if len(line.split()) > 2]
        if len(set(lines)) < len(lines):
            repeated = sum(map(len, lines)) - sum(map(len, set(lines)))
            share = repeated / len(output)
            if share > self.max_duplicate_lines:
                return share, "duplicate_lines"
        if _may_repeat(words, self.max_duplicate_10grams) and _is_language(words):
            share = _duplicate_share(words, 10)
            if share > self.max_duplicate_10grams:
                return share, "duplicate_10grams"
        return 0.0, ""


def _loop(words: list[str]) -> tuple[str, int]:
    """Return the unit that the words end with over and over, and how often; or none.

    >>> _loop("well no no no no no no no no no no no no no no no no no no no no no".split())
    ('no', 21)
    >>> _loop("no no no".split())
    ('', 0)
    """
    count = len(words)
    for period in range(1, min(_PERIODS, count // _LOOP) + 1):
        if words[-1] != words[-1 - period]:
            continue
        unit = words[-period:]
        start = count - period
        while start >= period and words[start - period : start] == unit:
            start -= period
        times = (count - start) // period
        if times >= _LOOP and times * period >= _LOOP_WORDS:
            text = " ".join(unit)
            return (text, times) if any(map(str.isalpha, text)) else ("", 0)
    return "", 0


def _stutter(text: str) -> tuple[str, int]:
    """Return the letters that a text ends with over and over without a space, and how often.

    >>> _stutter("你好" * 60), _stutter("=-" * 60)
    (('你好', 60), ('', 0))
    """
    if len(text) < _RUN or " " in text[-_RUN:]:
        return "", 0
    for period in range(1, _PERIODS + 1):
        unit = text[-period:]
        if text.endswith(unit * (_RUN // period)) and any(map(str.isalpha, unit)):
            rest = text
            while rest.endswith(unit):
                rest = rest.removesuffix(unit)
            return unit, (len(text) - len(rest)) // period
    return "", 0


def _may_repeat(words: list[str], share: float) -> bool:
    """Return whether so large a share can lie in repeated 10-grams: a cheap bound from above.

    The ten words of one were there before, and so were its nine pairs.
    """
    if len(set(words)) > len(words) * (1 - share):
        return False
    return len(set(itertools.pairwise(words))) <= len(words) * (1 - 0.9 * share)


def _run(text: str) -> tuple[str, int]:
    """Return a letter or digit that stands a hundred times in a row, and how often; or none.

    >>> _run("0" * 100), _run("-" * 100), _run("ab" * 100)
    (('0', 100), ('', 0), ('', 0))
    """
    half = _RUN // 2
    for start in range(0, len(text) - half + 1, half):  # a run holds one of these pieces whole
        letter = text[start]
        if text[start + half - 1] == letter and (letter.isalnum() or letter in "!?"):
            if text[start : start + half] == letter * half:
                before = start - len(text[:start].rstrip(letter))
                length = before + len(text) - start - len(text[start:].lstrip(letter))
                if length >= _RUN:
                    return letter, length
    return "", 0


def _is_language(words: list[str]) -> bool:
    """Return whether most words hold a letter: a table of numbers repeats itself."""
    return 2 * sum(any(map(str.isalpha, word)) for word in words) > len(words)


def _duplicate_share(words: list[str], size: int) -> float:
    """Return the share of words in n-grams that came before, none counted twice.

    >>> _duplicate_share("a b c a b c a b".split(), 3)
    0.375
    """
    seen: set[tuple[str, ...]] = set()
    repeated, index = 0, 0
    while index <= len(words) - size:
        gram = tuple(words[index : index + size])
        if gram in seen:
            repeated += size
            index += size
        else:
            seen.add(gram)
            index += 1
    return repeated / len(words)
