"""Profiles of records in a folder, so that they need not be made again."""

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import DatasetError
from curate.records import Record
from curate.similarity.profile import Profiles, profile

__all__ = ["fingerprint", "load_profiles", "save_profiles"]

_NAMES = tuple(field.name for field in fields(Profiles))
_SAMPLE = (
    Record(
        id="a:1", instruction="Is 3.5 + 2 NOT seven?\nTom asked Ada Byron.", context="1,000 men 👍",
        output="Sure! Nobody knew, said Ada.",
    ),
    Record(
        id="a:2", instruction="翻译这个句子", output="def f(a): return a[0] < b and a != 2",
        system="Be brief.", history=[{"role": "user", "content": "Hello, don't wait!"}],
        meta={"tools": [{"name": "add"}]},
    ),
    Record(id="a:3", instruction="?!", output=""),
)  # fmt: skip


def save_profiles(profiles: Profiles, folder: Path) -> None:
    """Write the arrays, a file each: NAME.npy."""
    for name in _NAMES:
        np.save(folder / f"{name}.npy", getattr(profiles, name), allow_pickle=False)


def load_profiles(folder: Path, records: int) -> Profiles:
    """Return the profiles of so many records; the arrays stay in their files.

    Raises:
        DatasetError: a file is not what was written.
    """
    kinds = profile([])
    arrays: dict[str, Any] = {}
    for name in _NAMES:
        path = folder / f"{name}.npy"
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DatasetError(f"{path}: cannot be read: {error}") from error
        kind = getattr(kinds, name)
        if array.dtype != kind.dtype or array.shape[1:] != kind.shape[1:]:
            raise DatasetError(f"{path}: holds {array.dtype} {array.shape}, not {kind.dtype}")
        arrays[name] = array
    profiles = Profiles(**arrays)
    counts = {"shingles": profiles.sizes, "sequence": profiles.words, "names": profiles.name_counts}
    for name, array in arrays.items():
        expected = int(counts[name].sum()) if name in counts else records
        if len(array) != expected:
            raise DatasetError(f"{folder / name}.npy: has {len(array)} entries, not {expected}")
    return profiles


def fingerprint() -> str:
    """Return 32 hexadecimal digits that change when profiles come out in another way."""
    profiles = profile(_SAMPLE)
    digest = hashlib.blake2b(digest_size=16)
    for name in _NAMES:
        array = getattr(profiles, name)
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return digest.hexdigest()
