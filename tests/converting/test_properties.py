import tempfile
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.converting import TARGETS
from curate.converting.compare import changes, lost_columns, read_back
from curate.converting.targets import to_row
from curate.converting.unheld import UnheldError
from curate.records import ROLES, Record
from curate.sources import LAYOUTS, Reader, resolve
from curate.sources.layouts import TARGETS as FIELDS

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from([
    "", '{"name": "f", "arguments": {"x": 1}}', '[{"name":"f","arguments":"{}"}]',
    '{"name": "f", "arguments": null}', "[]",
])  # fmt: skip
turns = st.fixed_dictionaries(
    {"role": st.sampled_from(ROLES), "content": texts},
    optional={"follows_instruction": st.just(True)},
)
chats = st.lists(st.tuples(texts, texts), max_size=2).map(lambda pairs: [
    {"role": role, "content": text}
    for pair in pairs for role, text in zip(("user", "assistant"), pair, strict=True)
])  # fmt: skip
OURS = sorted({*FIELDS, "input", "tools", "output_role", "turn_fields", "system_prompt"}
              | {column for layout in LAYOUTS for column in layout.required})  # fmt: skip
values = st.none() | st.integers(0, 9) | texts | st.lists(texts, max_size=2)
metas = st.dictionaries(st.sampled_from(OURS) | texts, values, max_size=4) | st.fixed_dictionaries(
    {"output_role": st.just("tool_call")}, optional={"tools": values}
)
records = st.builds(
    Record, id=st.just("a:1"), instruction=texts, context=texts, output=texts, system=texts,
    history=chats | st.lists(turns, max_size=4), license=st.sampled_from(["", "MIT"]), meta=metas,
    rejected=st.none() | texts, label=st.none() | st.booleans(),
)  # fmt: skip


def read(name, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return list(Reader(resolve([str(path)])[0]))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@given(record=records)
@settings(max_examples=300)
def test_what_a_target_holds_comes_back_with_its_key_and_columns(target, record):
    try:
        row = to_row(target, record)
        changed = changes(record, read_back(row))
    except UnheldError:
        return
    for name, data in (("a.jsonl", orjson.dumps(row)), ("a.json", b"[%b]" % orjson.dumps(row))):
        [back] = read(name, data)
        assert back.license == record.license
        assert (back.key == record.key) or set(changed) - {"turn_fields"}
        lost = set(lost_columns(record, back))
        if "tools_as_text" not in changed:
            assert back.meta == {c: v for c, v in record.meta.items() if c not in lost}


@given(record=records.map(lambda r: r.with_fields(history=[], system="", meta={}, context="")))
def test_every_target_holds_an_instruction_and_its_answer(record):
    for target in TARGETS:
        rejected = "No." if target.name == "preference" else None
        record = record.with_fields(rejected=rejected)
        assert changes(record, read_back(to_row(target, record))) == []


@given(record=records)
def test_alpaca_joins_nothing(record):
    [alpaca] = [target for target in TARGETS if target.name == "alpaca"]
    try:
        row = to_row(alpaca, record)
    except UnheldError:
        return
    assert row["input"] == record.context
    assert set(changes(record, read_back(row))) <= {"turn_fields"}
