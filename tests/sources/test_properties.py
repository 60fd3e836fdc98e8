import contextlib
import csv
import gzip
import io
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.records import Quarantined, Record
from curate.sources import Reader, resolve

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | texts
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
own = {"instruction", "input", "context", "output", "system", "system_prompt", "history",
       "license", "chosen", "rejected", "kto_tag", "conversations", "messages",
       "instances"}  # fmt: skip
extras = st.dictionaries(texts.filter(lambda name: name not in own), values, max_size=3)
rows = st.builds(
    lambda extra, a, b: extra | {"instruction": a, "output": b}, extras, values, values
)


def read(name, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        reader = Reader(resolve([str(path)])[0])
        items = list(reader)
    assert reader.rows == len(items)
    return items


def as_rows(items):
    return [
        {"instruction": item.instruction, "output": item.output} | item.meta
        if isinstance(item, Record)
        else item
        for item in items
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.jsonl.gz", "a.json.zst"])
@given(data=st.binary(max_size=300) | st.text('{}[]",:\n\\ax1', max_size=60).map(str.encode))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_rows_or_a_clear_error(name, data):
    with contextlib.suppress(CurateError):
        assert all(isinstance(item, Record | Quarantined) for item in read(name, data))


@given(written=st.lists(rows, min_size=1, max_size=5), indent=st.sampled_from([None, 1]))
@settings(max_examples=100, deadline=None)
def test_rows_come_back_as_they_were_written(written, indent):
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in written).encode()
    assert as_rows(read("a.jsonl", lines)) == written
    assert as_rows(read("a.jsonl.gz", gzip.compress(lines))) == written
    assert as_rows(read("a.json", json.dumps(written, indent=indent).encode())) == written
    wrapped = json.dumps({"version": 1, "rows": written}, indent=indent)
    assert as_rows(read("a.json", wrapped.encode())) == written


@given(written=st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_tables_come_back_as_they_were_written(written):
    table = io.StringIO()
    writer = csv.writer(table, quoting=csv.QUOTE_ALL)
    writer.writerows([("instruction", "output"), *written])
    items = read("a.csv", table.getvalue().encode())
    assert [(item.instruction, item.output) for item in items] == written


broken = st.binary(max_size=40).map(lambda data: b"{" + data.replace(b"\n", b"").replace(b":", b""))


@given(written=st.lists(rows, min_size=1, max_size=5), line=broken, at=st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_a_broken_line_costs_itself_alone(written, line, at):
    lines = [json.dumps(row).encode() for row in written]
    lines.insert(at, line.removesuffix(b"}"))
    items = as_rows(read("a.jsonl", b"\n".join(lines)))
    assert [item for item in items if not isinstance(item, Quarantined)] == written
    assert len(items) == len(written) + 1


@given(written=st.lists(rows, min_size=2, max_size=5), indent=st.sampled_from([None, 1]))
@settings(max_examples=50, deadline=None)
def test_a_broken_element_leaves_the_last_ones(written, indent):
    text = json.dumps([{"instruction": "whole"}, *written], indent=indent)
    items = as_rows(read("a.json", text.replace('"whole"', "broken", 1).encode()))
    assert items[1:] == written
