"""Four small groups of records that tools for near-duplicates get wrong, through `curate clean`.

benchmarks/dedup_peers.py takes the peers through the same file.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.cli import main

PROBES = Path(__file__).with_name("probes.jsonl")
LINES = {"numbers": range(1, 13), "passage": range(13, 18), "twin": (18, 19), "conflict": (20, 21)}


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module", params=[(), ("--only", "dedup")], ids=["all steps", "dedup alone"])
def clean(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("probes") / "clean"
    done = CliRunner().invoke(main, ["clean", str(PROBES), "-o", str(out), *request.param])
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture
def kept(clean):
    return [int(row["id"].split(":")[1]) for row in lines_of(clean / "train.jsonl")]


def test_the_groups_stand_where_these_tests_look():
    groups = [row["probe"] for row in lines_of(PROBES)]
    assert groups == [group for group, lines in LINES.items() for _ in lines]


def test_twelve_problems_that_differ_only_in_numbers_stay(kept):
    assert [line for line in kept if line in LINES["numbers"]] == list(range(1, 13))


def test_five_questions_about_one_passage_stay(kept):
    assert [line for line in kept if line in LINES["passage"]] == [13, 14, 15, 16, 17]


def test_a_twin_in_other_case_and_punctuation_goes(clean):
    [dropped] = lines_of(clean / "dropped.jsonl")
    assert dropped["record"]["id"] == "probes:19"
    assert dropped["reason"] == "normalised_duplicate"
    assert dropped["evidence"] == {"kept": "probes:18", "score": 1.0, "field": "both"}


def test_two_answers_to_one_question_stay_and_are_told(clean, kept):
    assert kept[-2:] == [20, 21]
    notes = [row for row in lines_of(clean / "clusters.jsonl") if row["kind"] == "conflict"]
    assert notes == [{"step": "dedup", "kind": "conflict", "ids": ["probes:20", "probes:21"]}]
