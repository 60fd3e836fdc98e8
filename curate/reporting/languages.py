"""Which languages the records are in, judged on a sample."""

from collections import Counter
from typing import Any

from curate.records import Record
from curate.reporting.sampling import Smallest
from curate.steps.base import text_of
from curate.steps.language import language_of

__all__ = ["LanguageSample"]

_SIZE = 1000  # records: a share is right to within three points
_CLIP = 1000  # characters of each: more seldom change the answer
_SURE = 0.9  # below it the identifier guesses


class LanguageSample:
    """The records whose ids have the smallest hashes: the same ones on each run, from every file.

    The text of a record is instruction, context and output, clipped.
    """

    def __init__(self, size: int = _SIZE) -> None:
        self._sample = Smallest[str](size)

    def add(self, record: Record) -> None:
        """Take the record in, if its hash is among the smallest so far."""
        self._sample.add(record.id, lambda: _beginning(record))

    def shares(self) -> dict[str, Any]:
        """Return the size of the sample, records by language, most first, and those unclear."""
        texts = self._sample.items()
        found = Counter(map(_language, texts))
        unclear = found.pop("", 0)
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return {"sample": len(texts), "languages": dict(ordered), "unclear": unclear}


def _beginning(record: Record) -> str:
    texts = (record.instruction, record.context, record.output)
    return "\n".join(text_of(text)[:_CLIP] for text in texts)[:_CLIP]


def _language(text: str) -> str:
    """Return the language, empty where the text is too short or too mixed to tell."""
    language, probability = language_of(text)
    return language if probability >= _SURE else ""
