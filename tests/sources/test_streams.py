import gzip
import hashlib
import io
import sys

import pytest
import zstandard

from curate.errors import SourceError
from curate.sources import resolve

LINES = [b'{"instruction": "%d", "output": "%064x"}\n' % (i, i**17) for i in range(3000)]
TEXT = b"".join(LINES)


def zst(data):
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


PACK = {"gz": gzip.compress, "zst": zst}


@pytest.mark.parametrize("packing", PACK)
def test_packed_files_are_read_and_hashed_as_stored(read, packing):
    stored = PACK[packing](TEXT[:1000]) + PACK[packing](TEXT[1000:])
    result = read(f"a.jsonl.{packing}", stored)
    assert [len(result.records), len(result.quarantined)] == [3000, 0]
    assert result.reader.sha256 == hashlib.sha256(stored).hexdigest()
    assert result.records[2].origin == f"a.jsonl.{packing}:3"


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("form", ["jsonl", "csv", "json"])
def test_a_truncated_stream_gives_the_rows_before_and_one_quarantined(read, packing, form):
    text = {"jsonl": TEXT, "json": b"[" + b",".join(LINES) + b"]",
            "csv": b"instruction,output\n" + b"".join(b"%d,%d\n" % (i, i**9) for i in range(60000)),
            }[form]  # fmt: skip
    stored = PACK[packing](text)
    stored = stored[: len(stored) * 3 // 4]
    result = read(f"a.{form}.{packing}", stored)
    [last] = result.quarantined
    assert result.items[-1] is last
    assert last.error == "compressed stream ends early"
    assert text[last.offset :].startswith(last.raw.encode())
    assert len(result.records) > 100
    assert result.reader.sha256 == hashlib.sha256(stored).hexdigest()


def test_a_gzip_file_with_a_bad_checksum_gives_all_its_rows(read):
    stored = bytearray(gzip.compress(TEXT))
    stored[-6] ^= 1
    result = read("a.jsonl.gz", bytes(stored))
    assert len(result.records) == 3000
    [last] = result.quarantined
    assert last.error.startswith("compressed stream is damaged: ")
    assert (last.raw, last.offset) == ("", len(TEXT))


def test_a_file_that_is_not_packed_at_all_is_refused(read):
    with pytest.raises(SourceError, match=r"no readable row in a\.jsonl\.gz.*is damaged"):
        read("a.jsonl.gz", TEXT)
    with pytest.raises(SourceError, match=r"no readable row in a\.jsonl \("):
        read("a.jsonl", gzip.compress(TEXT))


def test_zero_padding_after_gzip_is_accepted(read):
    assert not read("a.jsonl.gz", gzip.compress(TEXT) + b"\0" * 100).quarantined


def test_standard_input_holds_json_lines(monkeypatch, all_of):
    stdin = io.TextIOWrapper(io.BytesIO(TEXT))
    monkeypatch.setattr(sys, "stdin", stdin)
    result = all_of(resolve(["in=-"])[0])
    assert (result.records[0].id, result.records[0].origin) == ("in:1", "-:1")
    assert result.reader.sha256 == hashlib.sha256(TEXT).hexdigest()
    assert not stdin.closed
