"""How many records each part of a mix gives: shares, caps, a total, repetition.

The share of a part that has no weight goes by its size to the power 1/T: T = 1 is in proportion to
size, a higher T brings small parts up (Raffel et al. 2020, "Exploring the limits of transfer
learning", 3.5.2: temperature-scaled mixing; Xue et al. 2021, mT5, 3.1). As there, the size of a
part is what its cap leaves of it. Whole records are dealt out by largest remainder.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from curate.errors import UsageError

__all__ = ["MIX", "PART", "Part", "Share", "is_copy", "lot", "mix", "times_drawn"]

MIX, PART = "mix", "part"
"""The step that draws, and the kind of its lines in clusters.jsonl."""
_COPY = re.compile(r"#(?:[2-9]|[1-9]\d+)\Z")


@dataclass(frozen=True, slots=True)
class Part:
    """What can be drawn from.

    Attributes:
        name: of the part.
        available: different records.
        weight: share of the result that it is to make up, relative to the others if all have one;
            None: by size.
        cap: the most records that it may give.

    """

    name: str
    available: int
    weight: Fraction | None = None
    cap: int | None = None

    @property
    def size(self) -> int:
        """What the cap leaves of it."""
        return self.available if self.cap is None else min(self.available, self.cap)

    def limit(self, repeat: bool) -> float:
        """Return the most records that it can give."""
        if not repeat or not self.available:
            return self.size
        return math.inf if self.cap is None else self.cap


@dataclass(frozen=True, slots=True)
class Share:
    """What a part is to give, and what it gives.

    Attributes:
        planned: records that its share of the result comes to.
        realised: records that it gives: fewer where it has no more, more where others have not.

    """

    planned: int
    realised: int


def mix(
    parts: Sequence[Part],
    *,
    total: int | None = None,
    temperature: float = 1.0,
    repeat: bool = False,
) -> list[Share]:
    """Return the share of each part.

    Without a total there are as many records as the shares allow: without repetition until the
    first part has no more, with it until every record of every part is there. A part that has
    nothing to give does not hold the others back.

    With a total a part that cannot give its share gives all it has, and the others fill up, in
    proportion to their shares: first those without a weight, so that the weights of the others
    hold, then all.

    Raises:
        UsageError: the weights leave nothing for the parts without one, or none is above 0.

    >>> parts = [Part("a", 1000, Fraction(1, 2)), Part("b", 100)]
    >>> mix(parts)
    [Share(planned=100, realised=100), Share(planned=100, realised=100)]
    >>> mix(parts, total=400)
    [Share(planned=200, realised=300), Share(planned=200, realised=100)]
    >>> mix(parts, total=400, repeat=True)
    [Share(planned=200, realised=200), Share(planned=200, realised=200)]
    """
    shares = _shares(parts, temperature)
    limits = [part.limit(repeat) for part in parts]
    if total is None:
        planned = _deal(_total(parts, shares, limits, repeat), shares)
        realised = [int(min(pair)) for pair in zip(planned, limits, strict=True)]
    else:
        planned = _deal(total, shares)
        realised = _fill(parts, planned, shares, limits)
    return [Share(*pair) for pair in zip(planned, realised, strict=True)]


def _shares(parts: Sequence[Part], temperature: float) -> list[Fraction]:
    """Return the share of each part; they come to 1, or to 0 where no record is there."""
    given = sum((part.weight for part in parts if part.weight is not None), Fraction(0))
    if all(part.weight is not None for part in parts):
        if not given:
            raise UsageError("every --weight is 0: nothing would be left")
        return [Fraction(part.weight or 0) / given for part in parts]
    rest = [part.name for part in parts if part.weight is None]
    if given >= 1:
        raise UsageError(
            f"the weights come to {float(given):g}, which leaves nothing for {', '.join(rest)}: "
            "give each source a weight, or weights that come to less than 1"
        )
    sizes = [
        Fraction(part.size ** (1 / temperature)) if part.weight is None else Fraction(0)
        for part in parts
    ]
    if temperature == 1:
        sizes = [Fraction(part.size if part.weight is None else 0) for part in parts]
    left, whole = 1 - given, sum(sizes)
    by_size = [left * size / whole if whole else Fraction(0) for size in sizes]
    shares = [
        share if part.weight is None else part.weight
        for part, share in zip(parts, by_size, strict=True)
    ]
    held = sum(shares) or 1  # the others may have no record
    return [share / held for share in shares]


def _total(
    parts: Sequence[Part], shares: Sequence[Fraction], limits: Sequence[float], repeat: bool
) -> int:
    """Return how many records the shares allow."""
    asked = [i for i, part in enumerate(parts) if shares[i] and part.size]
    if not asked:
        return 0

    def left(total: int, of: Sequence[float]) -> list[float]:
        """Return how much more each part has than it is dealt."""
        dealt = _deal(total, shares)
        return [of[i] - dealt[i] for i in asked]

    slack = Fraction(1, 10**9)  # a temperature gives shares that are not exact
    most = min(limits[i] if math.isinf(limits[i]) else Fraction(int(limits[i])) / shares[i]
               for i in asked)  # fmt: skip
    sizes = [part.size for part in parts]
    needed = max(Fraction(sizes[i]) / shares[i] for i in asked)
    if repeat and needed <= most + slack:
        whole = math.floor(needed + slack)
        return whole + (max(left(whole, sizes)) > 0 and min(left(whole + 1, limits)) >= 0)
    whole = math.floor(most + slack)
    return whole + (min(left(whole, limits)) > 0 and min(left(whole + 1, limits)) == 0)


def _deal(total: int, shares: Sequence[Fraction]) -> list[int]:
    """Return whole numbers in proportion to shares, that come to the total if there are any.

    >>> _deal(10, [Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)])
    [4, 3, 3]
    """
    whole = sum(shares)
    if not whole:
        return [0] * len(shares)
    exact = [total * share / whole for share in shares]
    dealt = [math.floor(number) for number in exact]
    rest = sorted(range(len(shares)), key=lambda i: (dealt[i] - exact[i], i))
    for place in rest[: total - sum(dealt)]:
        dealt[place] += 1
    return dealt


def _fill(
    parts: Sequence[Part],
    planned: Sequence[int],
    shares: Sequence[Fraction],
    limits: Sequence[float],
) -> list[int]:
    """Return what each part gives: what is planned if it can, the others in place of those.

    Parts without a weight fill up first, so that the weights hold as long as they can.
    """
    given = [int(min(pair)) for pair in zip(planned, limits, strict=True)]
    for weighed in (False, True):
        while missing := sum(planned) - sum(given):
            room = [
                share if given[i] < limits[i] and (part.weight is None or weighed) else Fraction(0)
                for i, (part, share) in enumerate(zip(parts, shares, strict=True))
            ]
            more = _deal(missing, room)
            if not any(more):
                break
            given = [
                int(min(have + new, limit))
                for have, new, limit in zip(given, more, limits, strict=True)
            ]
    return given


def lot(id: str, seed: int) -> bytes:
    """Return the lot of a record: those with the smallest ones are drawn."""
    content = f"{seed}:{id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=12).digest()


def times_drawn(id: str, drawn: Mapping[str, Any]) -> int:
    """Return how often a record is in the result.

    Args:
        id: of the record.
        drawn: of its part: `seed`, how many `times` all are there, and the `last` lot of those that
            are there once more, as hexadecimal digits.

    """
    last: str = drawn["last"]
    return int(drawn["times"]) + bool(last and lot(id, drawn["seed"]).hex() <= last)


def is_copy(id: str) -> bool:
    """Return whether an id is that of a copy, in a directory that has some.

    >>> is_copy("facts:7#2"), is_copy("facts:7"), is_copy("facts#2:7"), is_copy("facts:7#1")
    (True, False, False, False)
    """
    return _COPY.search(id) is not None
