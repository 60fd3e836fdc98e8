"""The folder of an index: `index.json`, and a numbered folder for each time that it was grown."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import zstandard

from curate.dataset.writer import versions
from curate.errors import DatasetError, clip
from curate.records import Record, stored_fault
from curate.steps import Normalise

if TYPE_CHECKING:
    from curate.similarity.profile import Profiles

__all__ = ["INDEX", "RECORDS", "SCHEMA_VERSION", "Part", "StoredIndex", "is_index", "makers",
           "open_index"]  # fmt: skip

SCHEMA_VERSION = 1
INDEX = "index.json"
RECORDS = "records.jsonl.zst"
_KEYS = {"normalise": dict, "profiles": str, "versions": dict, "records": int, "parts": list}


def makers() -> dict[str, Any]:
    """Return what decides on the profiles: an index where it is other has to be made anew."""
    from curate.similarity.stored import fingerprint

    normalise = Normalise().model_dump(mode="json")
    return {"normalise": normalise, "profiles": fingerprint(), "versions": versions()}


@dataclass(frozen=True, slots=True)
class Part:
    """What was added to an index at once.

    Attributes:
        folder: where it lies.
        records: how many.
        files: name, size in bytes and SHA-256 of each file.

    """

    folder: Path
    records: int
    files: list[dict[str, Any]]

    def check(self) -> None:
        """Raise DatasetError unless every file is as it was written."""
        for file in self.files:
            path = self.folder / file["name"]
            try:
                with path.open("rb") as opened:
                    found = hashlib.file_digest(opened, "sha256").hexdigest()
            except OSError as error:
                raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
            if found != file["sha256"]:
                raise DatasetError(
                    f"{path}: is damaged: its SHA-256 is not that in {INDEX}; make the index anew "
                    "from its sources, which are named there"
                )

    def profiles(self) -> "Profiles":
        """Return the profiles of the normalised records."""
        from curate.similarity.stored import load_profiles

        return load_profiles(self.folder, self.records)

    def rows(self) -> Iterator[tuple[Record, Record]]:
        """Yield each record as it was read and as `normalise` leaves it."""
        path = self.folder / RECORDS
        try:
            with path.open("rb") as file:
                stream = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file))
                for number, line in enumerate(stream, 1):
                    row = orjson.loads(line)
                    if fault := next(filter(None, map(stored_fault, row)), ""):
                        raise DatasetError(f"{path}: record {number}: {fault}")
                    record = Record.from_dict(row[0])
                    yield record, Record.from_dict(row[1]) if len(row) > 1 else record
        except (OSError, ValueError, TypeError, zstandard.ZstdError) as error:
            raise DatasetError(f"{path}: cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """An index as its `index.json`, of which the SHA-256 is given, describes it."""

    path: Path
    state: dict[str, Any]
    sha256: str = ""

    @property
    def parts(self) -> list[Part]:
        """The parts, the oldest first."""
        entries = self.state["parts"]
        return [Part(self.path / e["name"], e["records"], e["files"]) for e in entries]

    def outdated(self) -> str:
        """Return what this version would make in another way; empty if nothing."""
        now = makers()
        for name, version in now.pop("versions").items():
            if (was := self.state["versions"].get(name)) != version:
                return f"it was made with {name} {clip(was)}, here is {version}"
        return next((f"its {name} are others" for name in now if self.state[name] != now[name]), "")


def is_index(path: str | Path) -> bool:
    """Return whether a path is the folder of an index."""
    return (Path(path) / INDEX).is_file() and (Path(path) / "1" / RECORDS).is_file()


def open_index(path: Path) -> StoredIndex:
    """Return the index that a folder holds.

    Raises:
        DatasetError: `index.json` cannot be read, or this version does not know such an index.
    """
    place = path / INDEX
    try:
        data = place.read_bytes()
        state = orjson.loads(data)
    except OSError as error:
        raise DatasetError(f"{place}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DatasetError(f"{place}: is not valid JSON: {error}") from error
    found = state.get("schema_version") if isinstance(state, dict) else None
    if found != SCHEMA_VERSION:
        raise DatasetError(f"{place}: schema_version is {clip(found)}, expected {SCHEMA_VERSION}")
    if fault := _fault(state):
        raise DatasetError(f"{place}: is incomplete: {fault}")
    return StoredIndex(path, state, hashlib.sha256(data).hexdigest())


def _fault(state: Mapping[str, Any]) -> str:
    """Return what is not there or is not what belongs there; empty if all is right."""
    for key, kind in _KEYS.items():
        if not isinstance(state.get(key), kind):
            return f"{key} is {clip(state.get(key))}"
    for number, part in enumerate(state["parts"], 1):
        if not isinstance(part, dict) or part.get("name") != str(number):
            return f"parts[{number - 1}] is {clip(part)}"
        files = part.get("files")
        if not isinstance(part.get("records"), int) or not isinstance(files, list):
            return f"parts[{number - 1}] has no records or files"
        for file in files:
            name = file.get("name") if isinstance(file, dict) else None
            if not isinstance(name, str) or Path(name).name != name or "sha256" not in file:
                return f"parts[{number - 1}] has the file {clip(file)}"
    return ""
