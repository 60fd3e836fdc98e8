"""The identity of a dataset: what its records are, whatever the files around them."""

import hashlib
from typing import Any

from curate.dataset.names import SPLITS
from curate.records import Record

__all__ = ["ContentDigest"]


class ContentDigest:
    """SHA-256 over id and content key of every record, split by split, in order.

    Paths, dates and machines are no part of it.
    """

    def __init__(self) -> None:
        self._splits: dict[str, Any] = {}

    def add(self, split: str, record: Record) -> None:
        """Take in the next record of a split."""
        if split not in self._splits:
            self._splits[split] = hashlib.sha256()
        self._splits[split].update(f"{record.id}\t{record.key}\n".encode("utf-8", "surrogatepass"))

    def hexdigest(self) -> str:
        """Return the digest so far, 64 hexadecimal digits."""
        found = [f"{s}:{self._splits[s].hexdigest()}" for s in SPLITS if s in self._splits]
        return hashlib.sha256("\n".join(found).encode()).hexdigest()
