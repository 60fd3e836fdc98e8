"""Draw from several sources what each is to give."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import ClassVar, Self

from pydantic import Field, model_validator

from curate.errors import SourceError, clip
from curate.mixing import MIX, PART, Part, is_copy, lot, mix, times_drawn
from curate.records import Dropped, Record, Reference
from curate.steps.base import Note, Row, SetStep, Spread

__all__ = ["Mix"]


class Mix(SetStep):
    """Draw from each source its share: `not_drawn`. It is what `curate merge` does.

    The records with the smallest hashes of seed and id are drawn: another seed, other records, and
    a larger share has all that a smaller one had. clusters.jsonl has a line for each part: the
    records that were there, planned and drawn, and how often each is in the result.
    """

    name: ClassVar[str] = MIX
    on: ClassVar[bool] = False

    parts: dict[str, tuple[str, ...]] = Field(
        {}, description="Names of the parts, and of the sources whose records each has."
    )
    weights: dict[str, float] = Field(
        {}, description="Share of the result that a part is to make up."
    )
    caps: dict[str, int] = Field({}, description="The most records that a part may give.")
    total: int | None = Field(None, ge=1, description="Records of the result.")
    temperature: float = Field(
        1.0, ge=1, le=1000, description="Shares without a weight are as size to the power 1/T."
    )
    repeat: bool = Field(False, description="Records may be there several times.")
    seed: int = Field(0, ge=0, lt=2**32, description="Another seed draws other records.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.parts:
            raise ValueError("is what `curate merge` does, and runs there alone")
        return self

    def check(self) -> None:
        """Raise UsageError if the weights leave nothing for a part, however large it is."""
        mix([Part(name, 1, _fraction(self.weights.get(name))) for name in self.parts])

    def run(
        self,
        records: Iterable[Record],
        note: Note = lambda row: None,
        references: Iterable[Reference] = (),
        noted: Iterable[Row] | None = None,
        spread: Spread = map,
    ) -> Iterator[Record | Dropped]:
        """Yield each record, dropped if it was not drawn; note what each part gives.

        Raises:
            UsageError: the weights leave nothing for a part without one.
            SourceError: a record is of no part, or a copy that an earlier merge made.
        """
        part_of = {source: name for name, sources in self.parts.items() for source in sources}
        lots: dict[str, list[bytes]] = {name: [] for name in self.parts}
        for record in records:
            self._check_record(record, part_of)
            lots[part_of[record.source]].append(lot(record.id, self.seed))
        rows = self._rows(lots)
        for row in rows.values():
            note(row)
        for record in records:
            row = rows[part_of[record.source]]
            if times_drawn(record.id, row):
                yield record
            else:
                evidence = {"from": row["set"], "drawn": row["realised"], "of": row["available"]}
                yield Dropped(record, self.name, "not_drawn", evidence)

    def _check_record(self, record: Record, part_of: Mapping[str, str]) -> None:
        if record.source not in part_of:
            raise SourceError(
                f"record {clip(record.id)} is of the source {clip(record.source)}, which was not "
                "there when the run began; merge again"
            )
        if self.repeat and is_copy(record.id):
            raise SourceError(
                f"record {clip(record.id)}: an earlier merge repeated it, and --repeat would do so "
                "again; let dedup run, or merge what that one was made of"
            )

    def _rows(self, lots: Mapping[str, list[bytes]]) -> dict[str, Row]:
        """Return what is noted of each part; of `last`, up to which lot there is one more."""
        parts = [
            Part(name, len(each), _fraction(self.weights.get(name)), self.caps.get(name))
            for name, each in lots.items()
        ]
        shares = mix(parts, total=self.total, temperature=self.temperature, repeat=self.repeat)
        rows: dict[str, Row] = {}
        for part, share in zip(parts, shares, strict=True):
            times, more = divmod(share.realised, part.available) if part.available else (0, 0)
            rows[part.name] = {
                "kind": PART,
                "ids": [],
                "set": part.name,
                "sources": self.parts[part.name],
                "weight": self.weights.get(part.name),
                "cap": part.cap,
                "available": part.available,
                "planned": share.planned,
                "realised": share.realised,
                "times": times,
                "last": sorted(lots[part.name])[more - 1].hex() if more else "",
                "seed": self.seed,
            }
        return rows


def _fraction(weight: float | None) -> Fraction | None:
    """Return a weight as it was written: 0.1 is a tenth."""
    return None if weight is None else Fraction(str(weight))
