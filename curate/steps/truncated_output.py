"""Drop outputs that stop before they end."""

import re
from typing import ClassVar

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of

__all__ = ["TruncatedOutput"]

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_MIN_WORDS = 30  # a shorter text may be a phrase, a title, a slot that was filled
# English words that no sentence ends with. Most prepositions may: "what it is made from".
_OPEN_WORDS = frozenset(
    "a an the and or of their its your our my than because which whose into during "
    "including".split()
)
_PROSE_LINE = re.compile(r"\w[^{}=<>;|\\\[\]_#$]*\Z")
_SENTENCE = re.compile(r"[a-z]{2}[.!?][\"')”’]*\s+[\"'(“‘]?[A-Z]")


class TruncatedOutput(RecordStep):
    r"""An output that stops inside a code fence, or in mid-sentence: at "the", "of", a comma.

    The second sign is for English prose of thirty words and more with at least one full sentence;
    its last word, a comma, an opening bracket or a dash tells that more was to come.

    >>> step = TruncatedOutput()
    >>> bad = Record(id="a:1", instruction="Add.", output="Like this:\n```python\ndef add(a, b):")
    >>> step.apply(bad).reason, step.apply(bad).evidence
    ('unclosed_fence', {'field': 'output', 'found': 'def add(a, b):'})
    >>> kept = bad.with_fields(output="Like this:\n```python\na + b\n```")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "truncated_output"

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with its last words."""
        output = text_of(record.output).rstrip()
        last = output.rpartition("\n")[2]
        if ("```" in output or "~~~" in output) and len(_FENCE.findall(output)) % 2:
            return self.drop(record, "unclosed_fence", field="output", found=last[-80:])
        if _stops_midway(output, last):
            return self.drop(record, "cut_off", field="output", found=last[-80:])
        return record


def _stops_midway(output: str, last: str) -> bool:
    word = last[-20:].rpartition(" ")[2]
    if word not in _OPEN_WORDS and word[-1:] not in (",", "(", "—"):
        return False
    if len(last.split()) < 6 or not _PROSE_LINE.match(last) or len(output.split()) < _MIN_WORDS:
        return False
    return _SENTENCE.search(output) is not None
