"""Words in a row that several records have in common."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from curate.files import writing
from curate.similarity.hashing import mix, powers
from curate.similarity.tokens import Tokens

__all__ = ["Runs"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

_PARTS = 16
_ROW = np.dtype([("run", np.uint64), ("owner", np.uint32)])


class Runs:
    """Every run of so many words in a row, in files without a name until all are there.

    Args:
        length: words of a run.

    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._powers = powers(length)
        self._files = [tempfile.TemporaryFile() for _ in range(_PARTS)]

    def add(self, tokens: Tokens, owner: Array) -> None:
        """Add the runs of texts; `owner` is the number of the record that each text is of."""
        count = tokens.hashes.size - self._length + 1
        if count <= 0:
            return
        total = np.zeros(count, U64)
        for place, power in enumerate(self._powers):
            total += tokens.hashes[place : place + count] * power
        text = np.repeat(np.arange(tokens.first.size - 1), np.diff(tokens.first))
        whole = np.flatnonzero(text[:count] == text[self._length - 1 :])
        rows = np.empty(whole.size, _ROW)
        rows["run"], rows["owner"] = mix(total[whole]), owner[text[whole]]
        part = rows["run"] % U64(_PARTS)
        rows = rows[np.argsort(part, kind="stable")]
        ends = np.cumsum(np.bincount(part.astype(np.int64), minlength=_PARTS)).tolist()
        with writing(Path(tempfile.gettempdir())):
            for file, start, end in zip(self._files, [0, *ends], ends, strict=False):
                file.write(rows[start:end].tobytes())

    def shared(self) -> tuple[Array, Array]:
        """Return what several records share: number of a run, ascending, and record, side by side.

        Of runs that the same records have, one is there.
        """
        found = [_shared(self._read(file)) for file in self._files]
        signature = np.concatenate([part[0] for part in found])
        counts = np.concatenate([part[1] for part in found])
        owner = np.concatenate([part[2] for part in found])
        _, first = np.unique(signature, return_index=True)
        chosen = np.zeros(signature.size, bool)
        chosen[first] = True
        owner = owner[np.repeat(chosen, counts)]
        return np.repeat(np.arange(first.size), counts[chosen]), owner

    def _read(self, file: Any) -> Array:  # noqa: ANN401
        file.seek(0)
        rows = np.frombuffer(file.read(), _ROW)
        file.close()
        return rows


def _shared(rows: Array) -> tuple[Array, Array, Array]:
    """Return, of the runs with several owners, a hash of these, how many they are, and they.

    Of runs with the same owners, one is there.
    """
    order = np.lexsort((rows["owner"], rows["run"]))
    run, owner = rows["run"][order], rows["owner"][order].astype(np.int64)
    new = np.ones(run.size, bool)
    new[1:] = (run[1:] != run[:-1]) | (owner[1:] != owner[:-1])
    run, owner = run[new], owner[new]
    starts = np.flatnonzero(np.append(True, run[1:] != run[:-1])[: run.size])
    counts = np.diff(np.append(starts, run.size))
    several = counts > 1
    owner, counts = owner[np.repeat(several, counts)], counts[several]
    if not counts.size:
        return np.zeros(0, U64), counts, owner
    who = np.add.reduceat(mix(owner.astype(U64) + U64(1)), np.cumsum(counts) - counts)
    signature, first = np.unique(mix(who + counts.astype(U64)), return_index=True)
    chosen = np.zeros(counts.size, bool)
    chosen[first] = True
    owner = owner[np.repeat(chosen, counts)]
    back = np.argsort(first)
    return signature[back], counts[chosen], owner
