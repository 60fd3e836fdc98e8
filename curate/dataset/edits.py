"""The edits of a record: find them, and undo them."""

import re
from array import array
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import orjson

from curate.engines import Edit
from curate.errors import DatasetError, clip
from curate.records import TEXT_FIELDS, Record

__all__ = ["EditIndex", "text_of", "undo"]

_TURN = re.compile(r"history\[(\d+)\]\.content")


def text_of(record: Record, field: str) -> str | None:
    """Return the text of a field as edits name it; None where the record has no such text.

    >>> record = Record(id="a:1", instruction="Hi", history=[{"content": "x"}])
    >>> text_of(record, "history[0].content")
    'x'
    """
    text: object = None
    if field in TEXT_FIELDS:
        text = getattr(record, field)
    elif found := _TURN.fullmatch(field):
        turns = record.history[int(found[1]) : int(found[1]) + 1]
        text = turns[0].get("content") if turns else None
    return text if isinstance(text, str) else None


def undo(record: Record, edits: Sequence[Edit]) -> Record:
    """Return the record as it was before `edits`, which are in the order in which they were made.

    >>> edit = Edit("a:1", "normalise", "output", 3, " .", ".")
    >>> undo(Record(id="a:1", instruction="Colour?", output="Red."), [edit]).output
    'Red .'

    Raises:
        DatasetError: an edit does not fit the record: what it put in is not there.
    """
    for edit in reversed(edits):
        text = text_of(record, edit.field)
        end = edit.at + len(edit.inserted)
        if text is None or edit.at < 0 or text[edit.at : end] != edit.inserted or end > len(text):
            raise DatasetError(
                f"edit of {clip(edit.id)} by {clip(edit.step)}: {clip(edit.field)} does not hold "
                f"{clip(edit.inserted, 40)!r} at character {edit.at}"
            )
        record = _with_text(record, edit.field, text[: edit.at] + edit.removed + text[end:])
    return record


def _with_text(record: Record, field: str, text: str) -> Record:
    if found := _TURN.fullmatch(field):
        history = [*record.history]
        history[int(found[1])] = {**history[int(found[1])], "content": text}
        return record.with_fields(history=history)
    return record.with_fields(**{field: text})


class EditIndex:
    """The edits of a dataset directory by record. Holds their places in the file, not their texts.

    Raises:
        DatasetError: edits.jsonl cannot be read, or a line is no edit.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "edits.jsonl"
        self._places: dict[str, array[int]] = {}
        place = 0
        try:
            self._file: BinaryIO = self.path.open("rb")
            for number, line in enumerate(self._file, 1):
                edit = _edit(line, f"{self.path}:{number}")
                self._places.setdefault(edit.id, array("Q")).append(place)
                place += len(line)
        except OSError as error:
            raise DatasetError(f"{self.path}: cannot be read: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def ids(self) -> Collection[str]:
        """The ids of the records that were edited."""
        return self._places.keys()

    def of(self, id: str) -> list[Edit]:
        """Return the edits of a record in the order in which they were made."""
        edits = []
        for place in self._places.get(id, ()):
            self._file.seek(place)
            edits.append(_edit(self._file.readline(), str(self.path)))
        return edits


def _edit(line: bytes, where: str) -> Edit:
    try:
        row: dict[str, Any] = orjson.loads(line)
        edit = Edit(**row)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{where}: is no edit: {clip(error)}") from error
    texts = (edit.id, edit.step, edit.field, edit.removed, edit.inserted)
    if type(edit.at) is not int or not all(isinstance(text, str) for text in texts):
        raise DatasetError(f"{where}: is no edit: {clip(line.decode('utf-8', 'replace').strip())}")
    return edit
