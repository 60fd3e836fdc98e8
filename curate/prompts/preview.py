"""Examples for the eye and for machines."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from curate.prompts.encode import IGNORE_INDEX, DigestBuilder, Encoder, Example, OverLength
from curate.records import Record

__all__ = ["preview_rows", "show", "visible"]

_OPEN, _CLOSE = "⟦", "⟧"
"""What stands around the part that takes loss, so that a pipe and a black-and-white screen show it.
In the data they are shown as escapes."""


def preview_rows(
    encoder: Encoder, records: Iterable[Record], *, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the lines of `preview --json`: one a record, then the digest of all.

    Only the first `limit` records get a line; the digest and its count cover all of them, as
    training does. A record too long to be trained on says so in place of its tokens, is in no
    digest, and is counted as dropped in the last line.

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
    return row


def show(encoder: Encoder, records: Iterable[Record], file: TextIO | None = None) -> None:
    """Print the records as the model sees them, the part that takes loss between ⟦ and ⟧.

    With a tokenizer it is the decoded ids that are shown, special tokens included. Colours stand
    in a terminal only; nothing in the data can control one.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=True)
    for item in encoder.encode_all(records):
        console.print(Text(_heading(encoder, item), style="bold"))
        if isinstance(item, OverLength):
            continue
        shown = Text()
        for text, takes_loss in _parts(encoder, item):
            if takes_loss:
                shown.append(f"{_OPEN}{visible(text)}{_CLOSE}", style="bold green")
            else:
                shown.append(visible(text), style="dim")
        console.print(shown, end="\n\n")


def _heading(encoder: Encoder, item: Example | OverLength) -> str:
    """Return the line above a record: what it is and how many tokens it has."""
    template = encoder.template.identity
    if isinstance(item, OverLength):
        length = f"{item.length} tokens, max_length {item.max_length}"
        return f"{visible(item.record_id)} · {template} · dropped: over_length ({length})"
    heading = f"{visible(item.id)} · {template}"
    if encoder.tokenizer is None:
        return heading
    total, loss = len(item.input_ids), item.loss_tokens
    heading += f" · {total - loss} prompt + {loss} loss = {total} tokens"
    return heading + (" · truncated" if item.truncated else "")


def _parts(encoder: Encoder, example: Example) -> Iterator[tuple[str, bool]]:
    """Yield the texts of an example, each with whether it takes loss."""
    if encoder.tokenizer is None:
        yield example.prompt, False
        yield example.completion, True
        return
    pairs = zip(example.input_ids, example.labels, strict=True)
    for takes_loss, run in itertools.groupby(pairs, lambda pair: pair[1] != IGNORE_INDEX):
        ids = [token for token, _ in run]
        yield encoder.tokenizer.decode(ids, skip_special_tokens=False), takes_loss


def visible(text: str) -> str:
    r"""Return the text with everything invisible made visible; newlines and blanks stay.

    >>> visible("a\tb\x1b[31m\u200b")
    'a␉b␛[31m\\u200b'
    """
    return "".join(char if char in "\n " else _visible(char) for char in text)


def _visible(char: str) -> str:
    """Return a control character as its picture, another invisible one as its escape."""
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if char in (_OPEN, _CLOSE) or not char.isprintable():
        return char.encode("unicode_escape").decode()
    return char
