"""Draw from several sources what each is to give."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from curate.mixing import Part, mix
from curate.records import Dropped, Record, Reference
from curate.steps.base import Note, Row, SetStep

__all__ = ["Mix", "copies"]


class Mix(SetStep):
    """Draw from each source its share: `not_drawn`. It is what `curate merge` does.

    The records with the smallest hashes of seed and id are drawn: another seed, other records, and
    a larger share has all that a smaller one had. clusters.jsonl has a line for each part: the
    records that were there, planned and drawn, and how often each is in the result.
    """

    name: ClassVar[str] = "mix"
    on: ClassVar[bool] = False

    parts: dict[str, tuple[str, ...]] = Field(
        {}, description="Names of the parts, and of the sources whose records each has."
    )
    weights: dict[str, float] = Field(
        {}, description="Share of the result that a part is to make up."
    )
    caps: dict[str, int] = Field({}, description="The most records that a part may give.")
    total: int | None = Field(None, ge=0, description="Records of the result.")
    temperature: float = Field(
        1.0, ge=1, le=1000, description="Shares without a weight are as size to the power 1/T."
    )
    repeat: bool = Field(False, description="Records may be there several times.")
    seed: int = Field(0, ge=0, lt=2**32, description="Another seed draws other records.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.parts:
            raise ValueError("parts are given by `curate merge` alone")
        return self

    def run(
        self,
        records: Iterable[Record],
        note: Note = lambda row: None,
        references: Iterable[Reference] = (),
        noted: Iterable[Row] | None = None,
    ) -> Iterator[Record | Dropped]:
        """Yield each record, dropped if it was not drawn; note what each part gives.

        Raises:
            UsageError: the weights leave nothing for a part without one.
            LookupError: a record is of no part.
        """
        drawn: dict[str, list[bytes]] = {name: [] for name in self.parts}
        for record in records:
            drawn[self.part_of(record)].append(_lot(self.seed, record.id))
        rows = self._rows(drawn)
        for row in rows.values():
            note(row)
        for record in records:
            row = rows[self.part_of(record)]
            if copies(record, row, self.seed):
                yield record
            else:
                evidence = {"from": row["set"], "drawn": row["realised"], "of": row["available"]}
                yield Dropped(record, self.name, "not_drawn", evidence)

    def part_of(self, record: Record) -> str:
        """Return the part that a record is of."""
        return next(name for name, sources in self.parts.items() if record.source in sources)

    def _rows(self, drawn: Mapping[str, list[bytes]]) -> dict[str, Row]:
        """Return what is noted of each part; of `last`, up to which lot there is one more."""
        parts = [
            Part(name, len(lots), _fraction(self.weights.get(name)), self.caps.get(name))
            for name, lots in drawn.items()
        ]
        shares = mix(parts, total=self.total, temperature=self.temperature, repeat=self.repeat)
        rows: dict[str, Row] = {}
        for part, share in zip(parts, shares, strict=True):
            times, more = divmod(share.realised, part.available) if part.available else (0, 0)
            rows[part.name] = {
                "kind": "part",
                "ids": [],
                "set": part.name,
                "available": part.available,
                "planned": share.planned,
                "realised": share.realised,
                "times": times,
                "last": sorted(drawn[part.name])[more - 1].hex() if more else "",
            }
        return rows


def copies(record: Record, row: Mapping[str, Any], seed: int) -> int:
    """Return how often a record is in the result, by what was noted of its part."""
    last: str = row["last"]
    return int(row["times"]) + bool(last and _lot(seed, record.id).hex() <= last)


def _lot(seed: int, id: str) -> bytes:
    content = f"{seed}:{id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=12).digest()


def _fraction(weight: float | None) -> Fraction | None:
    """Return a weight as it was written: 0.1 is a tenth."""
    return None if weight is None else Fraction(str(weight))
