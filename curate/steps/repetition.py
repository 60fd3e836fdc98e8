"""Drop outputs that go round in circles."""

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
_RUN = re.compile(r"([^\s\W_])\1{99,}")
_ASKED_FOR = re.compile(
    r"\b(?:repeat\w*|repetiti\w*|times|again|loops?|patterns?|songs?|lyrics|poems?|chant|refrain|"
    r"chorus|copies|copy|ascii|table|matrix|mantra)\b",
    re.IGNORECASE,
)


class Repetition(RecordStep):
    """A loop at the end of an output, one character a hundred times, the same lines or phrases.

    A loop is a unit of up to 20 words that ends the output five times in a row or more. The shares
    of lines and 10-grams are those of Gopher's repetition filter, on outputs of fifty words and
    more; its bounds, 0.30 and 0.10, are for web pages. Worked solutions and code repeat themselves
    more than that, so ours lie higher. A prompt that asks for a repetition, a song, a table is
    left alone.

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

    max_duplicate_lines: float = Field(
        0.6, gt=0, le=1, description="Largest share of characters in lines that came before."
    )
    max_duplicate_10grams: float = Field(
        0.6, gt=0, le=1, description="Largest share of characters in 10-grams that came before."
    )

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with the loop or the share."""
        output = text_of(record.output)
        words = output.split()
        unit, times = _loop(words)
        run = _RUN.search(output) if len(output) >= 100 and not unit else None
        share, reason = 0.0, ""
        if len(words) >= _MIN_WORDS and 2 * len(set(words)) < len(words):
            share, reason = self._share(output, words)
        if not (unit or run or reason) or _ASKED_FOR.search(text_of(record.instruction)):
            return record
        if unit:
            return self.drop(record, "loop", field="output", found=unit, times=times)
        if run:
            found, times = run.group(1), len(run.group())
            return self.drop(record, "loop", field="output", found=found, times=times)
        return self.drop(record, reason, field="output", share=round(share, 3))

    def _share(self, output: str, words: list[str]) -> tuple[float, str]:
        lines = [line for line in output.splitlines() if len(line.split()) > 2]
        share = _duplicate_share([(line,) for line in lines], 1)
        if share > self.max_duplicate_lines:
            return share, "duplicate_lines"
        grams = list(zip(*(words[start:] for start in range(10)), strict=False))
        share = _duplicate_share(grams, 10)
        return (share, "duplicate_10grams") if share > self.max_duplicate_10grams else (0.0, "")


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


def _duplicate_share(grams: list[tuple[str, ...]], step: int) -> float:
    """Return the share of characters in units that came before, none counted twice."""
    seen: set[tuple[str, ...]] = set()
    total = sum(len(gram[0]) for gram in grams) + sum(map(len, grams[-1][1:] if grams else ()))
    repeated, index = 0, 0
    while index < len(grams):
        gram = grams[index]
        if gram in seen:
            repeated += sum(map(len, gram))
            index += step
        else:
            seen.add(gram)
            index += 1
    return repeated / total if total else 0.0
