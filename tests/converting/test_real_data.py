"""The shared data to every target and back: what is written comes back with its key."""

from pathlib import Path

import pytest

from curate.converting import convert
from curate.sources import Reader, resolve

DATASETS = Path(__file__).parents[3] / "shared" / "datasets"
needs_data = pytest.mark.skipif(not DATASETS.is_dir(), reason="the shared datasets are not here")


def records(path):
    return [item for source in resolve([str(path)]) for item in Reader(source)]


@needs_data
@pytest.mark.parametrize(("name", "to"), [
    ("glaive_toolcall_en_demo.json", "sharegpt"), ("glaive_toolcall_en_demo.json", "messages"),
    ("alpaca_en_demo.json", "alpaca"), ("alpaca_en_demo.json", "llama-factory"),
    ("code_alpaca_2k.json", "alpaca"), ("self_instruct_seed_tasks.jsonl", "alpaca"),
    ("dpo_en_demo.json", "preference"),
    ("gsm8k_test.jsonl", "prompt-completion"), ("HumanEval.jsonl.gz", "messages"),
])  # fmt: skip
def test_nothing_is_lost_both_ways(target, tmp_path, name, to):
    path = tmp_path / "out.json"
    account = convert(resolve([str(DATASETS / name)]), target(to), path)
    assert (account.left_out.counts, account.changed.counts, account.columns.counts) == ({}, {}, {})
    given, back = records(DATASETS / name), records(path)
    assert [r.key for r in back] == [r.key for r in given]
    assert [r.meta for r in back] == [r.meta for r in given]


@needs_data
def test_tool_turns_are_left_out_of_alpaca_by_number(target, tmp_path):
    source = DATASETS / "glaive_toolcall_en_demo.json"
    account = convert(resolve([str(source)]), target("alpaca"), tmp_path / "out.json")
    with_tools = [
        r
        for r in records(source)
        if "output_role" in r.meta or any("tool" in t["role"] for t in r.history)
    ]
    assert account.left_out.counts == {"tool_turns": len(with_tools)} == {"tool_turns": 153}
    assert account.left_out.first == {"tool_turns": "glaive_toolcall_en_demo:0"}


@needs_data
def test_the_contexts_of_alpaca_are_joined_and_counted(target, tmp_path):
    source = DATASETS / "alpaca_en_demo.json"
    account = convert(resolve([str(source)]), target("sharegpt"), tmp_path / "out.json")
    joined = sum(bool(r.context) for r in records(source))
    assert (account.written, account.changed.counts) == (999, {"context_joined": joined})
