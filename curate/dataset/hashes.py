"""Check that the files of a dataset directory are those of its manifest, to the byte."""

import hashlib
from pathlib import Path
from typing import Any

from curate.dataset.names import LEDGER_KEYS, MANIFEST, SPLITS
from curate.errors import DatasetError, clip
from curate.sources.source import file_format

__all__ = ["check_files"]

_DATA = (*(f"{split}.jsonl" for split in SPLITS), *LEDGER_KEYS)


def check_files(directory: Path, manifest: dict[str, Any]) -> str:
    """Return what was checked: the files are those of the manifest, to the byte.

    Raises:
        DatasetError: one is not.
    """
    listed = [output["path"] for output in manifest["outputs"]]
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if _is_data(name) and name not in (*listed, MANIFEST):
            raise DatasetError(f"{directory / clip(name)}: is not in the manifest")
    for name in listed:
        if name not in _DATA or listed.count(name) > 1:
            raise DatasetError(f"{directory}/manifest.json: outputs has {clip(name)} out of place")
    for output in manifest["outputs"]:
        path = directory / output["path"]
        rows, sha256 = _count_and_hash(path)
        if rows != output["rows"]:
            raise DatasetError(f"{path}: has {rows} rows, the manifest says {output['rows']}")
        if sha256 != output["sha256"]:
            raise DatasetError(f"{path}: its SHA-256 is not the manifest's: the file was changed")
    return f"{len(listed)} files have the rows and hashes of the manifest"


def _is_data(name: str) -> bool:
    """Return whether a file would be read as data, were it alone: hidden ones never are."""
    return file_format(name)[0] != "" and not any(part.startswith(".") for part in Path(name).parts)


def _count_and_hash(path: Path) -> tuple[int, str]:
    digest, rows = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            for line in file:
                digest.update(line)
                rows += 1
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    return rows, digest.hexdigest()
