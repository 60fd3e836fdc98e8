"""Keep records under given licences."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from curate.licences import UNKNOWN, canonical
from curate.records import Dropped, Record
from curate.steps.base import RecordStep

__all__ = ["Licenses"]


class Licenses(RecordStep):
    """Keep records under the licences of `allow`; runs where it is set.

    A licence is known by the name that the Hugging Face Hub has for it, in other writings too. A
    record that states none is under `unknown`.

    >>> step = Licenses(allow=("mit", "apache-2.0"))
    >>> step.apply(Record(id="a:1", instruction="", license="CC BY-NC 4.0")).reason
    'other_license'
    >>> kept = Record(id="a:2", instruction="", license="Apache License 2.0")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "licenses"
    on: ClassVar[bool] = False

    allow: tuple[str, ...] = Field((), description="Licences that stay; `unknown` is one.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.allow:
            raise ValueError("allow names no licence, for example --set 'licenses.allow=[mit]'")
        return self

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with its licence."""
        name = canonical(record.license)
        if name in {canonical(allowed) for allowed in self.allow}:
            return record
        return self.drop(record, "other_license", license=record.license or UNKNOWN)
