"""Encoded records kept on disk, found again by everything that decides them.

The key covers the text of the template, the tokenizer, the settings, every record whole, and the
code that encodes. What has another key is not looked at, so a changed template cannot meet the
rows of the old one.
"""

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from curate import __version__
from curate.files import replace_file
from curate.prompts.chunks import Chunk
from curate.prompts.example import IGNORE_INDEX, Example, OverLength
from curate.records import Record

if TYPE_CHECKING:
    from curate.prompts.encode import Encoder

__all__ = ["cache_key", "read_cache", "write_cache"]

_LEVEL = 3  # of zstandard; more takes longer than encoding anew saves


def cache_key(encoder: "Encoder", records: Iterable[Record]) -> str:
    """Return 64 hexadecimal digits: two of the same have the same rows."""
    whole = hashlib.sha256()
    said = {**encoder.identity, "is_chat": encoder.template.is_chat, "code": _code()}
    whole.update(json.dumps(said, sort_keys=True).encode())
    for record in records:
        line = json.dumps(record.to_dict(), sort_keys=True, default=repr).encode()
        whole.update(b"%d:" % len(line))
        whole.update(line)
    return whole.hexdigest()


@functools.cache
def _code() -> str:
    """Return the digest of what encodes: our source, and the versions of what it calls."""
    whole = hashlib.sha256(f"curate {__version__}\n".encode())
    for name in ("jinja2", "tokenizers", "transformers"):
        try:
            whole.update(f"{name} {version(name)}\n".encode())
        except PackageNotFoundError:
            whole.update(f"{name} is not there\n".encode())
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), here.parent / "records.py"]):
        whole.update(f"{path.name}\n".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def write_cache(path: Path, key: str, chunk: Chunk) -> None:
    """Write the encoded records, so that they are there whole or not at all."""
    import zstandard

    head = {"key": key, "special": [chunk.special_tokens, chunk.special_records]}
    lines = [orjson.dumps(row) + b"\n" for row in (head, *map(_row, chunk.items))]
    body = b"".join(lines)
    last = orjson.dumps({"sha256": hashlib.sha256(body).hexdigest()})
    replace_file(path, zstandard.ZstdCompressor(level=_LEVEL).compress(body + last + b"\n"))


def read_cache(path: Path, key: str) -> Chunk | None:
    """Return what was written under this key.

    None if there is nothing, or it has another key, or is not whole: it is to be made anew.
    """
    import zstandard

    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
            text = reader.read()
        body, _, last = text.removesuffix(b"\n").rpartition(b"\n")
        said = orjson.loads(last)
        head, *rows = [orjson.loads(line) for line in (body + b"\n").splitlines()]
        if head["key"] != key or said["sha256"] != hashlib.sha256(body + b"\n").hexdigest():
            return None
        tokens, records = head["special"]
        return Chunk([_item(row) for row in rows], None, tokens, records)
    except (OSError, zstandard.ZstdError, ValueError, KeyError, TypeError):
        return None


def _row(item: Example | OverLength) -> dict[str, Any]:
    if isinstance(item, OverLength):
        return {"id": item.record_id, "length": item.length, "max_length": item.max_length}
    return {
        "id": item.id,
        "prompt": item.prompt,
        "completion": item.completion,
        "input_ids": item.input_ids,
        "loss": list(_spans(item.labels)),
        "truncated": item.truncated,
        "rejected": _row(item.rejected) if item.rejected else None,
        "label": item.label,
    }


def _item(row: dict[str, Any]) -> Example | OverLength:
    if "length" in row:
        return OverLength(row["id"], row["length"], row["max_length"])
    ids = row["input_ids"]
    labels = [IGNORE_INDEX] * len(ids)
    for start, end in row["loss"]:
        labels[start:end] = ids[start:end]
    other = _item(row["rejected"]) if row["rejected"] else None
    return Example(
        row["id"], row["prompt"], row["completion"], ids, labels, row["truncated"],
        None if isinstance(other, OverLength) else other, row["label"],
    )  # fmt: skip


def _spans(labels: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield where loss is taken: start and end, in tokens.

    >>> list(_spans([-100, 7, 8, -100, 9]))
    [(1, 3), (4, 5)]
    """
    start = None
    for at, label in enumerate([*labels, IGNORE_INDEX]):
        if label == IGNORE_INDEX and start is not None:
            yield start, at
            start = None
        elif label != IGNORE_INDEX and start is None:
            start = at
