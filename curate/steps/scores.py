"""Keep records by the scores that `curate score` gave them."""

import heapq
import math
from collections.abc import Iterable, Iterator
from typing import ClassVar, Self

from pydantic import Field, model_validator

from curate.records import Dropped, Record, Reference
from curate.steps.base import Note, Row, SetStep, Spread

__all__ = ["Scores"]


class Scores(SetStep):
    """Bounds on perplexity and instruction-following difficulty, and the most difficult alone.

    Runs where a bound is set, on records that `curate score` has been over. With `top_ifd` as many
    of those within the bounds stay as have the highest IFD. A record without the score that is
    asked for is dropped as `no_score`.

    >>> rows = [Record(id=f"a:{n}", instruction="q", output="a", meta={"ifd": n / 4})
    ...         for n in range(1, 6)]
    >>> [kept.id for kept in Scores(max_ifd=1, top_ifd=2).run(rows) if isinstance(kept, Record)]
    ['a:3', 'a:4']
    """

    name: ClassVar[str] = "scores"
    on: ClassVar[bool] = False

    min_ifd: float | None = Field(None, ge=0, description="Least IFD.")
    max_ifd: float | None = Field(
        None, ge=0, description="Most IFD; above 1 the prompt makes the answer less likely."
    )
    min_perplexity: float | None = Field(None, ge=1, description="Least perplexity.")
    max_perplexity: float | None = Field(None, ge=1, description="Most perplexity.")
    top_ifd: int | None = Field(None, ge=1, description="Keep so many, of the highest IFD.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if all(value is None for value in self.model_dump().values()):
            raise ValueError("no bound is set, for example --set scores.max_ifd=1")
        for name in ("ifd", "perplexity"):
            low, high = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if low is not None and high is not None and low > high:
                raise ValueError(f"the least {name}, {low}, is more than the most, {high}")
        return self

    def run(
        self,
        records: Iterable[Record],
        note: Note = lambda row: None,
        references: Iterable[Reference] = (),
        noted: Iterable[Row] | None = None,
        spread: Spread = map,
    ) -> Iterator[Record | Dropped]:
        """Yield each record, dropped if its scores are out of bounds or others are higher."""
        least: tuple[float, str] | None = None
        if self.top_ifd is not None:
            ranked = ((_score(r, "ifd") or 0.0, r.id) for r in records if not self._fault(r))
            best = heapq.nlargest(self.top_ifd, ranked)
            least = best[-1] if best else None
        for record in records:
            if fault := self._fault(record):
                yield fault
            elif least is not None and (_score(record, "ifd") or 0.0, record.id) < least:
                evidence = {"ifd": _score(record, "ifd"), "limit": least[0]}
                yield Dropped(record, self.name, "not_top", evidence)
            else:
                yield record

    def _fault(self, record: Record) -> Dropped | None:
        """Return the record dropped if a score of it is out of bounds or is not there."""
        asked = {"ifd": self.top_ifd is not None, "perplexity": False}
        for name in asked:
            low, high = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if low is None and high is None and not asked[name]:
                continue
            value = _score(record, name)
            if value is None:
                return Dropped(record, self.name, "no_score", {"score": name})
            if low is not None and value < low:
                return Dropped(record, self.name, f"low_{name}", {name: value, "limit": low})
            if high is not None and value > high:
                return Dropped(record, self.name, f"high_{name}", {name: value, "limit": high})
        return None


def _score(record: Record, name: str) -> float | None:
    value = record.meta.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
