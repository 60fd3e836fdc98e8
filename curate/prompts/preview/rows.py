"""Examples for machines."""

from collections.abc import Iterable, Iterator
from typing import Any

from curate.prompts.encode import DigestBuilder, Encoder, Example, OverLength
from curate.records import Record

__all__ = ["preview_rows"]


_OF_ANSWER = ("completion", "input_ids", "labels", "loss_tokens")


def preview_rows(
    encoder: Encoder, records: Iterable[Record], *, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the lines of `preview --json`: one a record, then the digest of all.

    Only the first `limit` records get a line; the digest and its count cover all of them, as
    training does. A record too long to be trained on says so in place of its tokens, is in no
    digest, and is counted as dropped in the last line. A pair has under `rejected` what is another
    one with that answer, a labelled answer its `label`.

    Raises:
        OverLength: a record is too long and over_length is error.

    """
    builder = DigestBuilder()
    encoded = dropped = 0
    for number, item in enumerate(encoder.encode_all(records)):
        if isinstance(item, OverLength):
            dropped += 1
        else:
            encoded += 1
            builder.update(item)
        if limit is None or number < limit:
            yield _row(encoder, item)
    last: dict[str, Any] = {"digest": builder.hexdigest(), "records": encoded}
    yield last | {"dropped": dropped} if dropped else last


def _row(encoder: Encoder, item: Example | OverLength) -> dict[str, Any]:
    """Return the line of one record."""
    template = encoder.template.identity
    if isinstance(item, OverLength):
        return {
            "id": item.record_id,
            "template": template,
            "dropped": "over_length",
            "tokens": item.length,
            "max_length": item.max_length,
        }
    row: dict[str, Any] = {
        "id": item.id,
        "template": template,
        "prompt": item.prompt,
        "completion": item.completion,
    }
    if encoder.tokenizer is not None:
        row |= {
            "input_ids": item.input_ids,
            "labels": item.labels,
            "loss_tokens": item.loss_tokens,
            "truncated": item.truncated,
        }
    if item.rejected is not None:
        other = _row(encoder, item.rejected)
        row["rejected"] = {key: other[key] for key in _OF_ANSWER if key in other}
    if item.label is not None:
        row["label"] = item.label
    return row
