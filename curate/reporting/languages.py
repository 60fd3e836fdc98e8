"""Which languages the records are in, judged on a sample."""

import hashlib
import heapq
from collections import Counter
from typing import Any

from curate.records import Record
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
        self._size = size
        self._heap: list[tuple[int, int, str]] = []  # the largest hash on top, as a negative
        self._seen = 0

    def add(self, record: Record) -> None:
        """Take the record in, if its hash is among the smallest so far."""
        self._seen += 1
        digest = hashlib.blake2b(record.id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        rank = -int.from_bytes(digest)
        full = len(self._heap) == self._size
        if full and rank <= self._heap[0][0]:
            return
        texts = (record.instruction, record.context, record.output)
        entry = rank, self._seen, "\n".join(text_of(text)[:_CLIP] for text in texts)[:_CLIP]
        if full:
            heapq.heapreplace(self._heap, entry)
        else:
            heapq.heappush(self._heap, entry)

    def shares(self) -> dict[str, Any]:
        """Return the size of the sample, records by language, most first, and those unclear."""
        found = Counter(_language(text) for _, _, text in self._heap)
        unclear = found.pop("", 0)
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return {"sample": len(self._heap), "languages": dict(ordered), "unclear": unclear}


def _language(text: str) -> str:
    """Return the language, empty where the text is too short or too mixed to tell."""
    language, probability = language_of(text)
    return language if probability >= _SURE else ""
