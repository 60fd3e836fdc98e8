import datetime
import gzip
import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.errors import SourceError
from curate.sources import resolve

ROWS = [{"instruction": f"i{n}", "output": None, "tags": ["a"], "at": {"n": n}} for n in range(5)]


@pytest.fixture
def parquet(tmp_path):
    """Give the bytes of a Parquet file of these rows, two to a row group."""

    def parquet(rows):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x", row_group_size=2)
        return (tmp_path / "x").read_bytes()

    return parquet


def test_parquet_rows_stand_at_their_index(read, parquet):
    stored = parquet(ROWS)
    result = read("a.parquet", stored)
    assert [record.origin for record in result.items] == [f"a.parquet#{n}" for n in range(5)]
    assert result.records[4].instruction == "i4"
    assert result.records[4].output is None
    assert result.records[4].meta == {"tags": ["a"], "at": {"n": 4}}
    assert result.reader.sha256 == hashlib.sha256(stored).hexdigest()
    assert len(read("a.parquet.gz", gzip.compress(stored)).records) == 5


def test_values_that_json_cannot_carry_are_quarantined(read, parquet):
    rows = [
        {"instruction": "i", "output": "o", "x": 1.0, "b": None, "t": datetime.date(2024, 1, 2)},
        {"instruction": "i", "output": "o", "x": float("nan"), "b": None},
        {"instruction": "i", "output": "o", "x": 1.0, "b": b"1"},
    ]
    result = read("a.parquet", parquet(rows))
    assert result.records[0].meta == {"x": 1.0, "b": None, "t": "2024-01-02"}
    assert [(q.error, q.line, q.offset) for q in result.quarantined] == [
        ("row 1: column 'x' holds nan, which JSON cannot carry", 0, -1),
        ("row 2: column 'b' holds bytes, which JSON cannot carry", 0, -1),
    ]
    assert '"b": "<bytes>"' in result.quarantined[1].raw


def test_a_damaged_row_group_costs_its_rows(read, parquet, tmp_path):
    stored = bytearray(parquet([{"instruction": f"i{n}" * 50, "output": "o"} for n in range(6)]))
    where = pq.ParquetFile(tmp_path / "x").metadata.row_group(1).column(0)
    begin = where.dictionary_page_offset or where.data_page_offset
    stored[begin : begin + where.total_compressed_size] = b"\xff" * where.total_compressed_size
    result = read("a.parquet", bytes(stored))
    assert [record.id for record in result.records] == ["a:0", "a:1", "a:4", "a:5"]
    assert result.quarantined[0].error.startswith("row 2: rows 2 to 3 cannot be read: ")


def test_what_is_no_parquet_is_refused(read):
    with pytest.raises(SourceError, match=r"a\.parquet is not a whole Parquet file"):
        read("a.parquet", b"PAR1 nothing")


@pytest.fixture
def hub(monkeypatch):
    """Let the hub hold rows, or raise; give the calls."""
    import datasets

    calls = []

    def hub(held):
        def load_dataset(*arguments, **options):
            calls.append((arguments, options))
            if isinstance(held, Exception):
                raise held
            return iter(held)

        monkeypatch.setattr(datasets, "load_dataset", load_dataset)
        return calls

    return hub


def test_hub_rows_stand_at_their_index(hub, all_of):
    calls = hub([{"question": "q", "answer": "a", "n": 1}, {"question": "q", "answer": "b"}])
    result = all_of(resolve(["hf:openai/gsm8k:main:test@v1"])[0])
    assert calls == [
        (("openai/gsm8k", "main"), {"split": "test", "revision": "v1", "streaming": True})
    ]
    assert [record.id for record in result.items] == ["gsm8k:0", "gsm8k:1"]
    assert result.records[0].origin == "hf:openai/gsm8k:main:test@v1#0"
    rows = b'{"question": "q", "answer": "a", "n": 1}\n{"question": "q", "answer": "b"}\n'
    assert result.reader.sha256 == hashlib.sha256(rows).hexdigest()


def test_a_hub_that_cannot_be_reached_is_told_in_one_line(hub, all_of):
    hub(ConnectionError("offline\nmore"))
    with pytest.raises(SourceError) as error:
        all_of(resolve(["hf:a/b"])[0])
    assert str(error.value).startswith("hf:a/b cannot be read: ConnectionError: offline. Check")
