"""A source under a template and a model: what would be trained on, and how long it is."""

import itertools
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from curate.errors import TemplateError, clip
from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings, Example, OverLength
from curate.prompts.linting.findings import RULES, Finding
from curate.prompts.render import texts
from curate.prompts.special import SpecialTokens
from curate.prompts.templates import Template
from curate.prompts.tokenizer import Tokenizer
from curate.records import Quarantined, Record

__all__ = ["KEEPS", "PERCENTS", "SourceLint", "lint_source"]

PERCENTS = (0, 50, 90, 95, 99, 100)
"""Rows of the table of lengths: the least length that so many percent of the records keep to."""
KEEPS = (95, 99, 100)
"""Shares of the records, in percent, for which the max_length is told."""

_BATCH = 1000
_ANY_LENGTH = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SourceLint:
    """What was found in a source.

    Attributes:
        template: identity of the template.
        records: how many records were read.
        findings: what is wrong, in the order of the rules.
        lengths: lengths in tokens of prompt, answer and whole; empty without a model.

    """

    template: str
    records: int
    findings: list[Finding]
    lengths: dict[str, list[int]] = field(default_factory=dict)

    @property
    def quantiles(self) -> dict[str, dict[str, int]]:
        """For prompt, answer and whole: the length in tokens at each of PERCENTS."""
        return {
            part: {str(percent): _quantile(sizes, percent) for percent in PERCENTS}
            for part, sizes in self.lengths.items() if sizes
        }  # fmt: skip

    def keeping(self, percent: int) -> int:
        """Return the least max_length that keeps so many percent of the records."""
        return _quantile(self.lengths["whole"], percent)

    def to_dict(self) -> dict[str, Any]:
        """Return it for `lint --json`."""
        row = {
            "template": self.template,
            "records": self.records,
            "findings": [finding.to_dict() for finding in self.findings],
        }
        if self.quantiles:
            keeps = {str(percent): self.keeping(percent) for percent in KEEPS}
            row |= {"tokens": self.quantiles, "max_length": keeps}
        return row


def lint_source(
    items: Iterable[Record | Quarantined],
    template: Template,
    tokenizer: Tokenizer | None = None,
    *,
    max_length: int,
    progress: Callable[[int], None] = lambda done: None,
) -> SourceLint:
    """Return what is wrong with the records of a source under a template and a model.

    Without a tokenizer there are no lengths and no special tokens.
    """
    settings = EncodeSettings(max_length=_ANY_LENGTH, over_length="error", loss="completion")
    encoder = Encoder(template, tokenizer, settings)
    tally = _Tally(tokenizer, max_length)
    rest = iter(items)
    while batch := list(itertools.islice(rest, _BATCH)):
        records = [item for item in batch if isinstance(item, Record)]
        tally.unreadable([item for item in batch if isinstance(item, Quarantined)])
        for record, example in zip(records, _encoded(encoder, records), strict=True):
            tally.add(record, example)
        progress(tally.records)
    return SourceLint(encoder.template.identity, tally.records, tally.findings(), tally.lengths())


def _encoded(
    encoder: Encoder, records: list[Record]
) -> Iterator[Example | OverLength | TemplateError]:
    """Return the example of each record, or why there is none; all at once where none fails."""
    try:
        return iter(list(encoder.encode_all(records)))
    except TemplateError:
        return (_one(encoder, record) for record in records)


def _one(encoder: Encoder, record: Record) -> Example | TemplateError:
    try:
        return encoder.encode(record)
    except TemplateError as error:
        return error


class _Tally:
    """Counts what the records of a source are like."""

    def __init__(self, tokenizer: Tokenizer | None, max_length: int) -> None:
        self.records = 0
        self._max_length = max_length
        self._special = SpecialTokens.of(tokenizer) if tokenizer is not None else None
        self._ids: frozenset[int] = frozenset()
        if tokenizer is not None and self._special is not None:
            strings = sorted(self._special.strings)
            self._ids = frozenset(tokenizer.convert_tokens_to_ids(strings))
        self._found: dict[str, list[dict[str, Any]]] = {}
        self._reasons: list[str] = []
        self._lengths = {part: array("q") for part in ("prompt", "answer", "whole")}

    def unreadable(self, items: list[Quarantined]) -> None:
        """Count rows that are no records."""
        for item in items:
            self._note("unreadable", id=f"{item.path}:{item.line}", error=item.error)

    def add(self, record: Record, example: Example | OverLength | TemplateError) -> None:
        """Count a record."""
        self.records += 1
        if isinstance(example, TemplateError):
            reason = str(example).removeprefix(f"record {clip(record.id)}: ")
            self._note("record-fails", id=record.id, error=reason)
        elif isinstance(example, Example):
            is_empty = self._is_empty(record, example)
            if is_empty:
                self._note("empty-answer", id=record.id)
            if self._special is not None:
                self._add_tokens(record, example, self._special, is_empty=is_empty)

    def _add_tokens(
        self, record: Record, example: Example, special: SpecialTokens, *, is_empty: bool
    ) -> None:
        """Count the tokens of a record."""
        loss = [label for label in example.labels if label != IGNORE_INDEX]
        whole = len(example.input_ids)
        start = next(
            (at for at, label in enumerate(example.labels) if label != IGNORE_INDEX), whole
        )
        for part, size in (("prompt", start), ("answer", len(loss)), ("whole", whole)):
            self._lengths[part].append(size)
        if not is_empty and self._ids.issuperset(loss):
            self._note("no-loss-token", id=record.id)
        if whole > self._max_length:
            self._note("over-length", id=record.id, tokens=whole, over=whole - self._max_length)
        strings = sum(special.count(text) for text in texts(record))
        if strings:
            self._note("special-tokens", id=record.id, strings=strings)

    def _is_empty(self, record: Record, example: Example) -> bool:
        """Return whether the answer shows nothing; the end of the turn in it is no text."""
        output = record.output.strip()
        if output and output in example.completion:
            return False
        shown = example.completion
        for start, end in reversed(list(self._special.spans(shown) if self._special else ())):
            shown = shown[:start] + shown[end:]
        return not shown.strip()

    def _note(self, rule: str, **record: Any) -> None:  # noqa: ANN401
        self._found.setdefault(rule, []).append(record)

    def lengths(self) -> dict[str, list[int]]:
        """Return the sorted lengths; none without a model."""
        return {part: sorted(sizes) for part, sizes in self._lengths.items() if sizes}

    def findings(self) -> list[Finding]:
        """Return the findings, in the order of the rules."""
        return [
            Finding(rule, self._message(rule, self._found[rule]),
                    count=len(self._found[rule]), records=self._found[rule])
            for rule in RULES if rule in self._found
        ]  # fmt: skip

    def _message(self, rule: str, records: list[dict[str, Any]]) -> str:
        """Return what is said of all records that a rule finds."""
        if rule in ("record-fails", "unreadable"):
            return f"{_NAMES[rule]}, the first because: {records[0]['error']}"
        if rule == "over-length":
            most = max(record["over"] for record in records)
            return f"more than {self._max_length:,} tokens, by {most:,} at most"
        if rule == "special-tokens":
            count = sum(record["strings"] for record in records)
            return f"{count:,} special-token strings, encoded as plain text"
        return _NAMES[rule]


_NAMES = {
    "record-fails": "cannot be rendered",
    "unreadable": "cannot be read",
    "empty-answer": "the answer is empty or blank",
    "no-loss-token": "the tokenizer makes no token of the answer",
}


def _quantile(sizes: list[int], percent: int) -> int:
    """Return the least of the sorted sizes that so many percent of them keep to.

    >>> [_quantile([1, 2, 3, 9], percent) for percent in (0, 50, 51, 100)]
    [1, 2, 3, 9]
    """
    return sizes[max(0, -(-len(sizes) * percent // 100) - 1)]
