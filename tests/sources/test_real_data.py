"""The shared data as its authors published it: every row is read."""

import re
from pathlib import Path

import pytest

from curate.sources import resolve

DATASETS = Path(__file__).parents[3] / "shared" / "datasets"
LAYOUTS = {
    "code_alpaca_2k.json": "alpaca",
    "gpteacher_codegen.json": "instruction_response",
    "gpteacher_toolformer.json": "instruction_response",
    "gsm_8k_train.json": "alpaca",
    "gsm8k_test.jsonl": "question_answer",
    "HumanEval.jsonl.gz": "humaneval",
    "alpaca_en_demo.json": "alpaca",
    "identity.json": "alpaca",
    "glaive_toolcall_en_demo.json": "sharegpt",
    "dpo_en_demo.json": "preference",
    "self_instruct_seed_tasks.jsonl": "self_instruct",
    "t0_50k": "prompt_completion",
}

needs_data = pytest.mark.skipif(not DATASETS.is_dir(), reason="the shared datasets are not here")


@needs_data
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_row_is_read(name, all_of):
    table = (DATASETS / "SOURCES.md").read_text()
    stated = re.search(rf"^\| `{re.escape(name)}.*?` \| ([\d,]+)", table, re.MULTILINE)[1]
    results = [all_of(source) for source in resolve([str(DATASETS / name)])]
    assert sum(len(result.records) for result in results) == int(stated.replace(",", ""))
    assert not any(result.quarantined for result in results)
    assert {result.reader.layout for result in results} - {""} == {LAYOUTS[name]}
    assert len({record.id for result in results for record in result.records}) == sum(
        result.reader.rows for result in results
    )
    assert all(
        isinstance(text, str)
        for result in results
        for record in result.records
        for text in (record.instruction, record.context, record.output, record.system)
    )
