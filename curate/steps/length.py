"""Drop records whose length is out of bounds."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from curate.errors import ModelError, clip
from curate.records import Dropped, Record
from curate.shipped import shipped
from curate.steps.base import RecordStep, text_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Length"]


class Length(RecordStep):
    """Bounds on the output in characters and words, and on the whole record in tokens.

    Runs where a bound is set. Words are what stands between spaces. Tokens are those of `tokenizer`
    over instruction, context, output, system and history, without what a prompt template adds:
    `preview -m MODEL` counts that.

    >>> step = Length(min_words=2)
    >>> step.apply(Record(id="a:1", instruction="Name a colour.", output="Red.")).evidence
    {'field': 'output', 'words': 1, 'limit': 2}
    >>> kept = Record(id="a:2", instruction="Name two colours.", output="Red, blue.")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "length"
    on: ClassVar[bool] = False

    min_chars: int | None = Field(None, ge=1, description="Least characters of the output.")
    max_chars: int | None = Field(None, ge=1, description="Most characters of the output.")
    min_words: int | None = Field(None, ge=1, description="Least words of the output.")
    max_words: int | None = Field(None, ge=1, description="Most words of the output.")
    max_tokens: int | None = Field(None, ge=1, description="Most tokens of the whole record.")
    tokenizer: str | None = Field(
        None, description="Model whose tokens `max_tokens` counts: `tiny`, a folder, OWNER/NAME."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        bounds = (self.min_chars, self.max_chars, self.min_words, self.max_words, self.max_tokens)
        if all(bound is None for bound in bounds):
            raise ValueError("no bound is set, for example --set length.max_words=2000")
        if (self.max_tokens is None) != (self.tokenizer is None):
            raise ValueError("max_tokens and tokenizer go together")
        for low, high in ((self.min_chars, self.max_chars), (self.min_words, self.max_words)):
            if low is not None and high is not None and low > high:
                raise ValueError(f"the least, {low}, is more than the most, {high}")
        return self

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with its length and the bound."""
        output = text_of(record.output)
        for unit, count in (("chars", len(output)), ("words", len(output.split()))):
            low, high = getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")
            if low is not None and count < low:
                evidence = {"field": "output", unit: count, "limit": low}
                return self.drop(record, "too_short", **evidence)
            if high is not None and count > high:
                evidence = {"field": "output", unit: count, "limit": high}
                return self.drop(record, "too_long", **evidence)
        if self.max_tokens is not None and self.tokenizer is not None:
            count = _count_tokens(self.tokenizer, record)
            if count > self.max_tokens:
                return self.drop(record, "too_long", tokens=count, limit=self.max_tokens)
        return record


def _count_tokens(model: str, record: Record) -> int:
    texts = [record.system, *(turn.get("content") for turn in record.turns())]
    texts += [record.context, record.output]
    tokenizer = _load(model)
    return sum(len(tokenizer.encode(text_of(text), add_special_tokens=False).ids) for text in texts)


@functools.cache
def _load(model: str) -> "Tokenizer":
    """Return a tokenizer without the model around it: no torch on this side of the wall."""
    from tokenizers import Tokenizer

    folder = shipped("data", "tiny") if model == "tiny" else Path(model)
    file = folder / "tokenizer.json"
    try:
        if folder.is_dir() or not _is_hub_name(model):
            return Tokenizer.from_file(str(file))
        return Tokenizer.from_pretrained(model)
    except Exception as error:  # the library raises bare Exceptions of its own
        raise ModelError(
            f"length.tokenizer {clip(model)}: cannot be loaded ({clip(str(error), 200)}). Give "
            "`tiny`, a folder with a tokenizer.json, or OWNER/NAME of the hub"
        ) from None


def _is_hub_name(model: str) -> bool:
    return model.count("/") == 1 and not model.startswith((".", "/", "~"))
