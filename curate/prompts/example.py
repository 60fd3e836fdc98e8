"""What encoding makes of a record, and the digest of many."""

import hashlib
import sys
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from curate.errors import CurateError, clip

__all__ = ["IGNORE_INDEX", "DigestBuilder", "Example", "OverLength", "digest"]

IGNORE_INDEX = -100
"""The label of a token that takes no loss."""


@dataclass(frozen=True, slots=True)
class Example:
    """A record as the model sees it.

    Attributes:
        id: id of the record.
        prompt: rendered text before the answer.
        completion: rendered text of the answer: what the generation block holds.
        input_ids: token ids, BOS and EOS included; empty without a tokenizer.
        labels: the same ids where loss is taken, IGNORE_INDEX elsewhere.
        truncated: whether the record was shortened to fit.
        rejected: in a preference pair the same with the rejected answer; the ids before the answers
            are equal.
        label: in a labelled answer whether it is desirable.

    """

    id: str
    prompt: str
    completion: str
    input_ids: list[int]
    labels: list[int]
    truncated: bool = False
    rejected: "Example | None" = None
    label: bool | None = None

    @property
    def length(self) -> int:
        """Number of tokens; in a pair those of the longer side."""
        other = len(self.rejected.input_ids) if self.rejected else 0
        return max(len(self.input_ids), other)

    @property
    def loss_tokens(self) -> int:
        """Number of tokens that take loss."""
        return sum(label != IGNORE_INDEX for label in self.labels)


class OverLength(CurateError):
    """A record has more tokens than `max_length`, and was not or could not be shortened.

    Attributes:
        record_id: id of the record.
        length: its length in tokens.
        max_length: the length allowed.

    """

    def __init__(self, record_id: str, length: int, max_length: int) -> None:
        self.record_id = record_id
        self.length = length
        self.max_length = max_length
        super().__init__(
            f"record {clip(record_id)}: {length} tokens, max_length is {max_length}. Raise "
            "max_length, or set over_length to drop or truncate"
        )

    def __reduce__(self) -> tuple[type["OverLength"], tuple[str, int, int]]:
        """Return how another process makes it again."""
        return OverLength, (self.record_id, self.length, self.max_length)


class DigestBuilder:
    """The digest of examples as they pass, in their order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, example: Example) -> None:
        """Add an example: its id, ids and labels, or its texts where there are no ids."""
        parts = [example.id.encode("utf-8", "surrogatepass")]
        if example.label is not None:
            parts.append(str(example.label).encode())
        if example.input_ids:
            parts += [_bytes(example.input_ids), _bytes(example.labels)]
        else:
            parts += [example.prompt.encode(), example.completion.encode()]
        for part in parts:
            self._hash.update(b"%d:" % len(part))
            self._hash.update(part)
        if example.rejected is not None:
            self._hash.update(b"rejected")
            self.update(example.rejected)

    def hexdigest(self) -> str:
        """Return the SHA-256 so far, 64 hexadecimal digits."""
        return self._hash.hexdigest()


def digest(examples: Iterable[Example]) -> str:
    """Return the digest of the examples in this order.

    >>> one, other = (Example("a", "", "", [1, 2], [-100, label]) for label in (2, -100))
    >>> digest([one]) == digest([other])
    False
    """
    builder = DigestBuilder()
    for example in examples:
        builder.update(example)
    return builder.hexdigest()


def _bytes(numbers: list[int]) -> bytes:
    """Return the numbers as signed 64-bit little-endian."""
    packed = array("q", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()
