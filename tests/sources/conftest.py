import json

import pytest

from curate.records import Quarantined, Record
from curate.sources import Reader, resolve


class Result:
    """All that a source gave."""

    def __init__(self, source):
        self.reader = Reader(source)
        self.items = list(self.reader)
        self.records = [item for item in self.items if isinstance(item, Record)]
        self.quarantined = [item for item in self.items if isinstance(item, Quarantined)]


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Write bytes, text or rows (as JSON lines) under a name in an empty folder; read it."""
    monkeypatch.chdir(tmp_path)

    def read(name, content, **options):
        if isinstance(content, list):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        [source] = resolve([name], **options)
        return Result(source)

    return read


@pytest.fixture
def one(read):
    """Read one row as JSON lines; give its record, or the reason why it was quarantined."""

    def one(row, **options):
        result = read("rows.jsonl", [row], **options)
        [item] = result.items
        return item if isinstance(item, Record) else item.error

    return one


@pytest.fixture
def all_of():
    """Give all that a source holds."""
    return Result
