"""The rows of a run: encoded once, kept, and proved to be what reaches the model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.dataset import SPLITS, read_records
from curate.errors import DatasetError, UsageError, clip
from curate.prompts.cache import cache_key, read_cache
from curate.prompts.chunks import Chunk
from curate.prompts.encode import Encoder, Example, OverLength, digest
from curate.prompts.stages import Stage, for_stage
from curate.records import Record
from curate.tuning.answers import batch_losses
from curate.tuning.collating import Collator

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Rows", "check_packing", "check_rows", "encode_rows"]

_BATCH = 64
_TOLERANCE = {"float32": 1e-3, "float16": 2e-2, "bfloat16": 1e-1}
"""How much the mean loss of a record may depend on its neighbours in a row, in nats per token:
rounding does that, seeing them does far more."""


@dataclass(frozen=True)
class Rows:
    """The encoded train split and what became of records too long for it.

    Attributes:
        chunk: every item in order, and the special-token strings met.
        sources: name of the source of each example.
        key: the cache key.
        cached: whether they came out of the cache.
        records: in stage grpo the record of each example, with the answer that it does not show.

    """

    chunk: Chunk
    sources: list[str]
    key: str
    cached: bool
    records: list[Record]

    @cached_property
    def examples(self) -> list[Example]:
        """What is trained on."""
        return [item for item in self.chunk.items if isinstance(item, Example)]

    @cached_property
    def sides(self) -> list[Example]:
        """What reaches the model: the examples, of pairs then also the rejected answers."""
        chosen = [replace(example, rejected=None) for example in self.examples]
        return chosen + [e.rejected for e in self.examples if e.rejected is not None]

    @cached_property
    def over_length(self) -> list[str]:
        """Ids of the records that are too long."""
        return [item.record_id for item in self.chunk.items if isinstance(item, OverLength)]

    @cached_property
    def digest(self) -> str:
        """The encoding digest."""
        return digest(self.examples)

    def summary(self, encoder: Encoder) -> dict[str, Any]:
        """Return what run.json says of them."""
        return {
            "examples": len(self.examples),
            "over_length": self.over_length,
            "truncated": sum(example.truncated for example in self.examples),
            "tokens": sum(len(example.input_ids) for example in self.sides),
            "loss_tokens": sum(0 if self.records else side.loss_tokens for side in self.sides),
            "special_tokens": self.chunk.special_tokens,
            "special_records": self.chunk.special_records,
            "tokenizer": encoder.identity["tokenizer"],
            "digest": self.digest,
        }


def encode_rows(
    encoder: Encoder, dataset: Path, stage: Stage, *, cache: Path | None = None, workers: int = 1
) -> Rows:
    """Return the train split of a dataset directory, encoded or out of the cache.

    Raises:
        DatasetError: no record is left, or one has nothing that the stage learns from.
    """
    read = [record for _, record in read_records(dataset, SPLITS[:1])]
    records = list(for_stage(stage, read, dataset))
    key = cache_key(encoder, records)
    chunk = read_cache(cache, key) if cache is not None else None
    cached = chunk is not None
    if chunk is None:
        before = encoder.special_tokens, encoder.special_records
        items = list(encoder.encode_all(records, workers=workers))
        tokens, found = encoder.special_tokens - before[0], encoder.special_records - before[1]
        chunk = Chunk(items, None, tokens, found)
    pairs = zip(records, chunk.items, strict=True)
    sources = [record.source for record, item in pairs if isinstance(item, Example)]
    whole = zip(read, chunk.items, strict=True) if stage == "grpo" else ()
    asked = [record.sides()[0] for record, item in whole if isinstance(item, Example)]
    rows = Rows(chunk, sources, key, cached, asked)
    if not rows.examples:
        raise DatasetError(
            f"{dataset}: no record is left to train on: {len(rows.over_length)} are longer than "
            f"data.max_length {encoder.settings.max_length}"
        )
    return rows


def check_rows(dataset: Any, collate: Any, rows: Rows) -> None:  # noqa: ANN401
    """Raise unless the batches made of a trainer's rows are, to the token, what was encoded.

    Raises:
        DatasetError: with the first record that differs and where.
    """
    reached: dict[int, tuple[list[int], list[int]]] = {}
    for start in range(0, len(dataset), _BATCH):
        columns = dataset[start : start + _BATCH]
        some = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        for number, token, label in _tokens(collate(some)):
            ids, labels = reached.setdefault(number, ([], []))
            ids.append(token)
            labels.append(label)
    sides = [
        replace(example, input_ids=ids, labels=labels)
        for at, example in enumerate(rows.sides)
        for ids, labels in [reached.get(at, ([], []))]
    ]
    if len(reached) == len(sides) and digest(sides) == digest(rows.sides):
        return
    found = (_difference(*pair) for pair in zip(rows.sides, sides, strict=True))
    what = next(filter(None, found), "there are records that were not encoded")
    raise DatasetError(f"what reaches the model is not what was encoded: {what}")


def _tokens(batch: dict[str, Any]) -> Iterator[tuple[int, int, int]]:
    """Yield number of the record, id and label of every token that is no padding."""
    taken = batch["records"] >= 0
    names = ("records", "input_ids", "labels")
    return zip(*(batch[name][taken].tolist() for name in names), strict=True)


def _difference(encoded: Example, reached: Example) -> str:
    """Return how one record differs; empty if it does not."""
    for name in ("input_ids", "labels"):
        one, other = getattr(encoded, name), getattr(reached, name)
        if len(one) != len(other):
            return f"record {clip(encoded.id)} has {len(other)} {name}, {len(one)} were encoded"
        for at, (wanted, found) in enumerate(zip(one, other, strict=True)):
            if wanted != found:
                return f"record {clip(encoded.id)}: {name}[{at}] is {found}, encoded as {wanted}"
    return ""


def check_packing(
    model: "PreTrainedModel",
    dataset: Any,  # noqa: ANN401
    collate: Collator,
    examples: Sequence[Example],
) -> None:
    """Raise unless the losses of records in a packed row are those of each alone.

    A model that takes no notice of positions, or a method that puts tokens in front, would let a
    record see those before it. The first row that holds several is tried.

    Raises:
        UsageError: they are not.
    """
    import torch

    row = next((row for row in dataset if len({*row["records"]}) > 1), None)
    if row is None:
        return
    allowed = _TOLERANCE[str(model.dtype).removeprefix("torch.")]
    model.eval()
    with torch.inference_mode():
        for loss in batch_losses(model, collate([row])):
            example = examples[loss.record]
            alone = Collator(collate.pad)(
                [{"input_ids": example.input_ids, "labels": example.labels,
                  "records": [loss.record] * len(example.input_ids)}]
            )  # fmt: skip
            (single,) = batch_losses(model, alone)
            if not abs(single.mean - loss.mean) <= allowed:  # nan too
                raise UsageError(
                    f"data.packing: record {clip(example.id)} has a loss of {single.mean:.4f} "
                    f"alone and {loss.mean:.4f} in a row with others: this model or method lets "
                    "packed records see each other. Set data.packing to false"
                )
