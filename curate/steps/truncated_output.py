"""Drop outputs that stop before they end."""

import re
from typing import ClassVar

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of

__all__ = ["TruncatedOutput"]

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_MIN_LINE = 6  # words: a shorter line is a signature, a line of verse
_MIN_WORDS = 30  # a shorter text may be a phrase, a title, a slot that was filled
# English words that no sentence ends with. Most prepositions may: "what it is made from".
_OPEN_WORDS = frozenset(
    "a an the and or of their its your our my than because which whose into during "
    "including".split()
)
# Words that a sentence may end with, but hardly one of an essay: "it is important to".
_LOOSE_WORDS = frozenset(
    "to are is was were be been has have had will would can could should shall may might must "
    "with for from by at as these those always often very such but however therefore while".split()
)
_LOOSE_MIN_WORDS = 60
_LAST_WORDS = 60  # characters
# Words that let a sentence end so: "who they are", "as we should", "you do not have to".
_LETS_END = re.compile(
    r"\b(?:wh\w+|how|that|as|than|if|not|no|never|\w+n['’]t|so|something|anything|nothing|someone|"
    r"anyone|everything|everyone)\b",
    re.IGNORECASE,
)
_SENTENCE_ENDS = '.!?:"”'
_NUMBERED = re.compile(r"\d+[.)]")
_ABOUT_FENCES = re.compile(r"\b(?:markdown|fenced?|fences|backticks?)\b", re.IGNORECASE)
_ASKS_FOR_PART = re.compile(
    r"\b(?:quot(?:e|es|ation|ations)|fragments?|excerpts?|unfinished|incomplete|cliffhanger|"
    r"mid-sentence|partial (?:sentence|text)s?|opening (?:line|sentence|paragraph)s?|"
    r"first (?:\w+ )?(?:words?|lines?|half|part|sentences?)|poems?|poetry|"
    r"songs?|lyrics|verses?|haikus?|raps?|limericks?|sonnets?|autocomplete)\b",
    re.IGNORECASE,
)
_PROSE_LINE = re.compile(r"\w[^{}=<>;|\\\[\]_#$]*\Z")
_SENTENCE = re.compile(r"[a-z]{2}[.!?][\"')”’]*\s+[\"'(“‘]?[A-Z]")


class TruncatedOutput(RecordStep):
    r"""An output that stops inside a code fence, or in mid-sentence: at "the", "of", a comma.

    The second sign is for English prose of thirty words and more with at least one full sentence;
    its last word, a comma, an opening bracket or a dash tells that more was to come. From sixty
    words on, "to", "are" or "always" tells it too. A prompt about Markdown or fences is left alone
    with the first sign, one that asks for a quotation, a fragment or verse with the second.

    >>> step = TruncatedOutput()
    >>> bad = Record(id="a:1", instruction="Add.", output="Like this:\n```python\ndef add(a, b):")
    >>> step.apply(bad).reason, step.apply(bad).evidence
    ('unclosed_fence', {'field': 'output', 'found': 'def add(a, b):'})
    >>> kept = bad.with_fields(output="Like this:\n```python\na + b\n```")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "truncated_output"
    judges_answers: ClassVar[bool] = True

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with its last words."""
        output, prompt = text_of(record.output).rstrip(), text_of(record.instruction)
        last = output.rpartition("\n")[2]
        if ("```" in output or "~~~" in output) and len(_FENCE.findall(output)) % 2:
            if not _ABOUT_FENCES.search(prompt):
                return self.drop(record, "unclosed_fence", field="output", found=last[-80:])
        elif _stops_midway(output, last) and not _ASKS_FOR_PART.search(prompt):
            return self.drop(record, "cut_off", field="output", found=last[-80:])
        return record


def _stops_midway(output: str, last: str) -> bool:
    """Return whether English prose ends, on its last line, before its sentence does."""
    word = last[-20:].rpartition(" ")[2]
    if word in _LOOSE_WORDS:
        ends = len(output.split()) >= _LOOSE_MIN_WORDS and _breaks_off(output, last)
    elif word in _OPEN_WORDS or word[-1:] in (",", "(", "—"):
        ends = len(output.split()) >= _MIN_WORDS and len(last.split()) >= _MIN_LINE
    else:
        return False
    is_english = " the " in output and _SENTENCE.search(output) is not None
    return ends and is_english and _PROSE_LINE.match(last) is not None


def _breaks_off(output: str, last: str) -> bool:
    """Return whether nothing in the last line lets it end with a loose word.

    >>> _breaks_off("We have to", "We have to"), _breaks_off("If you want to", "If you want to")
    (True, False)
    """
    before = output.removesuffix(last).rstrip()[-1:]
    if _NUMBERED.match(last) or (len(last.split()) < _MIN_LINE and before not in _SENTENCE_ENDS):
        return False
    clause = last[-_LAST_WORDS:].rpartition(". ")[2].rpartition(" ")[0]
    return _LETS_END.search(clause) is None
