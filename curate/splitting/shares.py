"""How much each split is to get, and where a group goes that belongs with nothing before it."""

import hashlib
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from curate.dataset import SPLITS
from curate.records import Record, content_hash
from curate.text import fold

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

__all__ = ["Chooser", "Shares", "place_of", "split_of"]

_TRAIN, _VALIDATION, _TEST = range(3)


class Shares(BaseModel):
    """What is asked of a split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: float = Field(0.05, ge=0, lt=1, description="Share for validation, 0 to 1.")
    test: float = Field(0.05, ge=0, lt=1, description="Share for the test, 0 to 1.")
    seed: int = Field(0, ge=0, description="Another seed, another split.")
    stratify: Literal["source"] | None = Field(
        None, description="What is to have its share in each split by itself."
    )

    def split_at(self, place: float) -> int:
        """Return the number of the split that has a place between 0 and 1."""
        if place < self.test:
            return _TEST
        return _VALIDATION if place < self.test + self.validation else _TRAIN


def place_of(record: Record, seed: int) -> float:
    """Return the place of a record between 0 and 1, by its context, or else by its prompt."""
    if isinstance(record.context, str) and record.context.strip():
        group = ["context", fold(record.context)]
    else:
        unanswered = record.with_fields(output="", context="")
        group = ["prompt", *(fold(text) for text in unanswered.content())]
    digest = hashlib.blake2b(f"{seed}:{content_hash(group)}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def split_of(record: Record, *, validation: float, test: float, seed: int) -> str:
    """Return the split of a record that belongs with no earlier one.

    The hash of its context decides, without one that of its prompt, and nothing else.

    >>> a = Record(id="a:1", instruction="Who?", context="Tom has a ball.", output="Tom.")
    >>> b = Record(id="a:2", instruction="What?", context="Tom has a  ball.", output="A ball.")
    >>> halves = [split_of(r, validation=0.5, test=0.0, seed=0) for r in (a, b)]
    >>> halves[0] == halves[1]
    True
    """
    shares = Shares(validation=validation, test=test, seed=seed)
    return SPLITS[shares.split_at(place_of(record, seed))]


class Chooser:
    """Decides on the groups that belong with nothing before them.

    Args:
        shares: what is asked.
        places: of every record, see `place_of`.

    """

    def __init__(self, shares: Shares, places: "Array") -> None:
        self._shares = shares
        self._places = places
        self._owed = {_TEST: 0.0, _VALIDATION: 0.0}  # parts of a record that rounding left

    def __call__(self, source: int, first: "Array", size: "Array", have: "Array") -> "Array":
        """Return the split of each group of a source; -1 is no source."""
        import numpy as np

        places = self._places[first]
        if self._shares.stratify is None or source < 0:
            split_at = self._shares.split_at
            return np.array([split_at(place) for place in places.tolist()], np.int64)
        split = np.zeros(first.size, np.int64)
        total = int(size.sum() + have.sum())
        left = np.argsort(places, kind="stable").tolist()
        sizes = size.tolist()
        for number, share in ((_TEST, self._shares.test), (_VALIDATION, self._shares.validation)):
            exact = share * total + self._owed[number]
            wanted = int(exact + 0.5)
            self._owed[number] = exact - wanted
            taken = _fill(left, sizes, wanted - int(have[number]))
            split[taken] = number
            gone = set(taken)
            left = [group for group in left if group not in gone]
        return split


def _fill(groups: list[int], sizes: list[int], room: int) -> list[int]:
    """Return the groups, as they come, that fit, and the one that then brings it nearer.

    >>> _fill([0, 1, 2, 3], [4, 9, 2, 3], 8)
    [0, 2, 3]
    """
    taken = []
    for group in groups:
        if sizes[group] <= room:
            taken.append(group)
            room -= sizes[group]
    chosen = set(taken)
    rest = [group for group in groups if group not in chosen]
    if room > 0 and rest:
        least = min(rest, key=lambda group: sizes[group])
        if sizes[least] < 2 * room:
            taken.append(least)
    return taken
