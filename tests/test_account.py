"""The account adds up whatever the bytes, through every step that is on."""

import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.pipeline import run_pipeline
from curate.records import Record
from curate.sources import Reader, resolve
from curate.steps import STEPS, select_steps

GOOD = [{"instruction": f"Say {n} to me.", "output": f"It is {n}."} for n in range(6)]
NAMES = ["a.jsonl", "a.json", "a.csv"]

texts = st.text(max_size=12) | st.sampled_from(
    [
        "None",
        "<noinput>",
        "### Response:\nA.",
        "As an AI, I cannot say.",
        "```\nx",
        "Ã©",
        "no " * 60,
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
turns = st.lists(
    st.fixed_dictionaries({}, optional={"from": texts | st.sampled_from(["human", "gpt"]),
                                        "value": values, "role": texts, "content": values}),
    max_size=4,
)  # fmt: skip
rows = values | st.fixed_dictionaries(
    {},
    optional={"instruction": values, "input": values, "output": values, "system": values,
              "history": values, "conversations": turns | values, "messages": turns | values,
              "prompt": values, "completion": values, "tools": values},
)  # fmt: skip


class Fates:
    """A sink that notes what became of every row."""

    def __init__(self):
        self.kept, self.dropped, self.quarantined, self.edits = [], [], [], []

    def keep(self, record):
        self.kept.append(record)

    def drop(self, dropped):
        self.dropped.append(dropped)

    def quarantine(self, row):
        self.quarantined.append(row)

    def cluster(self, step, row):
        pass

    def edit(self, edit, record):
        self.edits.append(edit)


def run(name, data):
    """Return the account and the fates of a file; None where it is refused with an error."""
    fates = Fates()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            source = resolve([str(path)])
            read = list(Reader(source[0]))
            account = run_pipeline(source, select_steps(STEPS), fates)
        except CurateError:
            return None
    ids = [item.id for item in read if isinstance(item, Record)]
    gone = [dropped.record.id for dropped in fates.dropped]
    assert sorted(ids) == sorted([record.id for record in fates.kept] + gone)
    assert len(read) - len(ids) == len(fates.quarantined)
    assert account.counts() == {
        "read": len(read),
        "kept": len(fates.kept),
        "dropped": len(gone),
        "quarantined": len(fates.quarantined),
    }
    for row in fates.quarantined:
        if row.raw and row.offset >= 0:
            assert data[row.offset :].startswith(row.raw.encode())
    return fates


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=200))
@settings(max_examples=50)
def test_of_random_bytes(name, data):
    run(name, data)


@given(written=st.lists(rows, min_size=1, max_size=6))
@settings(max_examples=150)
def test_of_random_json(written):
    run("a.jsonl", "".join(json.dumps(row) + "\n" for row in written).encode())
    run("a.json", json.dumps(written).encode())


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4))
@settings(max_examples=100)
def test_of_a_good_file_that_was_damaged(name, seed, count):
    rng = random.Random(seed)
    lines = [json.dumps(row).encode() for row in GOOD]
    damaged = lines[3]
    for _ in range(count):
        at = rng.randrange(len(damaged))
        change = rng.choice((b"", bytes([rng.randrange(256)]), b'"', b"{", b"}", b"]"))
        damaged = damaged[:at] + change + damaged[at + rng.randrange(2) :]
    lines[3] = damaged.replace(b"\n", b" ")
    data = b"\n".join(lines) if name == "a.jsonl" else b"[" + b",\n".join(lines) + b"]"
    fates = run(name, data)
    outputs = {record.output for record in fates.kept}
    assert {row["output"] for row in GOOD[:3]} <= outputs
    if name == "a.jsonl":
        assert {row["output"] for row in GOOD[4:]} <= outputs
