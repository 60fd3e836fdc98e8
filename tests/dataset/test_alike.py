"""What `explain` says of a record's cluster, from lines of clusters.jsonl written by hand."""

import json

import pytest

from curate.dataset.alike import alike

LINES = [
    {
        "step": "dedup",
        "kind": "duplicates",
        "ids": ["a:0", "a:1", "a:2", "a:3", "a:4"],
        "others": [["old", "x:9"]],
        "same": [[0, 1]],  # a:1 was compared as a:0
        "normalised": [[0, 2]],  # a:2 is a:0 in other dress
        "pairs": [[0, 3, 0.9, 0.7], [3, 4, 0.6, 1.0], [2, 5, 1.0, 0.8]],
    },
    {"step": "dedup", "kind": "conflict", "ids": ["a:0", "b:7"], "gone": ["b:8"]},
    {"step": "dedup", "kind": "prompt", "ids": ["a:3"]},
]


@pytest.fixture
def folder(tmp_path):
    lines = "".join(json.dumps(line) + "\n" for line in LINES)
    (tmp_path / "clusters.jsonl").write_text(lines, "utf-8")
    return tmp_path


def found(folder, id):
    rows = alike(folder, id)[0]
    return {(row.get("set"), row["id"]): (row["prompt"], row["answer"]) for row in rows}


def test_what_was_compared_as_another_has_its_pairs(folder):
    assert found(folder, "a:1") == {
        (None, "a:0"): (1.0, 1.0),
        (None, "a:2"): (1.0, 1.0),
        (None, "a:3"): (0.9, 0.7),
    }


def test_a_pair_counts_for_all_that_it_stands_for(folder):
    assert found(folder, "a:3") == {
        (None, "a:0"): (0.9, 0.7),
        (None, "a:1"): (0.9, 0.7),
        (None, "a:4"): (0.6, 1.0),
    }


def test_a_record_of_another_set_has_its_name(folder):
    assert found(folder, "a:2")["old", "x:9"] == (1.0, 0.8)


def test_the_most_similar_come_first(folder):
    assert [row["id"] for row in alike(folder, "a:3")[0]] == ["a:0", "a:1", "a:4"]


def test_a_conflict_names_the_others(folder):
    assert alike(folder, "a:0")[1] == [{"step": "dedup", "ids": ["b:7"]}]
    assert alike(folder, "a:3")[1] == []


def test_a_record_that_is_like_none(folder):
    assert alike(folder, "c:1") == ([], [])
