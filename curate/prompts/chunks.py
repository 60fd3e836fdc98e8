"""Many records at once: in this process or in several, with the same result."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from curate.errors import CurateError
from curate.processes import Processes
from curate.prompts.example import Example, OverLength
from curate.records import Record

if TYPE_CHECKING:
    from curate.prompts.encode import Encoder

__all__ = ["CHUNK", "Chunk", "encode_chunks"]

CHUNK = 128  # records encoded together; more made tokenising no faster


@dataclass(frozen=True, slots=True)
class Chunk:
    """What became of some records, in their order.

    Attributes:
        items: the examples, and what was too long.
        fault: what ended the work behind the last item; None if nothing did.
        special_tokens: special-token strings met in the fields.
        special_records: records that had any.

    """

    items: list[Example | OverLength]
    fault: CurateError | None
    special_tokens: int
    special_records: int


def encode_chunks(
    encoder: "Encoder", chunks: Iterable[list[Record]], *, workers: int
) -> Iterator[Chunk]:
    """Yield what the encoder makes of each chunk, in order."""
    if workers == 1:
        yield from map(encoder.encode_chunk, chunks)
    else:
        with Processes(workers, partial(_take, encoder)) as processes:
            yield from processes.map(_encode_chunk, chunks)


_taken: list["Encoder"] = []
"""The encoder of a worker process: a large tokenizer is handed over once, not with every chunk."""


def _take(encoder: "Encoder") -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the processes are the threads
    _taken[:] = [encoder]


def _encode_chunk(records: list[Record]) -> Chunk:
    return _taken[0].encode_chunk(records)
