import json

import pytest

from curate.cleaning import clean
from curate.dataset import diff
from curate.errors import DatasetError
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, select_steps


@pytest.fixture
def cleaned(tmp_path, write_rows):
    """Return a function that cleans rows of (instruction, output) into a folder of that name."""

    def make(name, pairs, source="rows", **chosen):
        rows = [{"instruction": i, "input": "", "output": o} for i, o in pairs]
        (tmp_path / f"{name}.in").mkdir()
        path = write_rows(tmp_path / f"{name}.in" / f"{source}.jsonl", rows)
        clean(resolve([str(path)]), select_steps(STEPS, **chosen), tmp_path / name)
        return tmp_path / name

    return make


def changes(found):
    """Return kind, step, reason and ids of what changed."""
    return [
        (c["kind"], c["step"], c["reason"], [r["id"] for r in c["records"]])
        for c in found["changes"]
    ]


ROWS = [("One?", "1"), ("Two?", "2  "), ("Three?", "3"), ("Four?", "")]


def test_the_same_is_the_same(cleaned):
    found = diff(cleaned("a", ROWS), cleaned("b", ROWS))
    assert found == {"records": [3, 3], "same": 3, "changes": [], "steps": [], "versions": []}


def test_what_came_and_went_has_the_step_that_dropped_it(cleaned):
    a = cleaned("a", ROWS)
    b = cleaned("b", [("One?", "1"), ("One?", "1"), ("Two?", "1111"), ("x", "y"), ("new", "5")],
                skip=["validate"], settings=["length.max_chars=3"])  # fmt: skip
    found = diff(a, b)
    assert changes(found) == [
        ("went", "dedup", "exact_duplicate", ["rows:2"]),
        ("went", "length", "too_long", ["rows:3"]),
        ("came", "validate", "empty_output", ["rows:4"]),
        ("came", "", "not read", ["rows:5"]),
    ]
    assert [step["name"] for step in found["steps"]] == ["validate", "length"]
    assert found["steps"][0]["after"] is None
    assert found["same"] == 1


def test_what_could_not_be_read_is_said(cleaned, tmp_path):
    a = cleaned("a", ROWS)
    path = tmp_path / "a.in" / "rows.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"3"}', b'"3"'))
    clean(resolve([str(path)]), select_steps(STEPS), tmp_path / "b")
    assert changes(diff(a, tmp_path / "b")) == [("went", "", "unreadable", ["rows:3"])]
    assert changes(diff(tmp_path / "b", a)) == [("came", "", "unreadable", ["rows:3"])]


def test_what_changed_has_fields_and_step(cleaned):
    a = cleaned("a", ROWS)
    b = cleaned("b", [("One?", "1"), ("Two?", "2  "), ("Drei?", "3")], skip=["normalise"])
    assert changes(diff(a, b)) == [
        ("changed", "normalise", "output", ["rows:2"]),
        ("changed", "", "instruction", ["rows:3"]),
    ]


def test_another_name_of_the_source_is_seen_through(cleaned):
    a = cleaned("a", ROWS)
    b = cleaned("b", [("Three?", "3"), ("One?", "1"), ("one?", "1")], source="other")
    found = diff(a, b)
    assert found["same"] == 2
    assert changes(found) == [("went", "", "not read", ["rows:2"])]
    more = [*ROWS, ("Five?", "five")]
    c = cleaned("c", more, source="other", settings=["length.min_chars=2"])
    went = diff(a, c)["changes"][0]
    assert (went["step"], went["reason"]) == ("length", "too_short")
    assert went["records"][0] == {"id": "rows:1", "other_id": "other:1"}


def test_a_move_to_another_split_is_a_move(cleaned, tmp_path):
    a = cleaned("a", [(f"Question {n}?", str(n)) for n in range(20)])
    split_dataset(a, tmp_path / "b", validation=0.5, test=0, seed=0)
    moved = [json.loads(row)["id"] for row in (tmp_path / "b" / "validation.jsonl").open()]
    assert changes(diff(a, tmp_path / "b")) == [("moved", "split", "train → validation", moved)]


def test_settings_and_versions_that_differ_are_told(cleaned):
    a = cleaned("a", ROWS)
    b = cleaned("b", ROWS, settings=["validate.max_chars=50"])
    manifest = json.loads((b / "manifest.json").read_text())
    manifest["versions"]["ftfy"] = "9"
    (b / "manifest.json").write_text(json.dumps(manifest))
    found = diff(a, b)
    assert found["steps"] == [
        {"name": "validate", "before": {"max_chars": 100000}, "after": {"max_chars": 50}}
    ]
    assert [entry["after"] for entry in found["versions"]] == ["9"]


def test_no_texts_are_told(cleaned):
    told = json.dumps(diff(cleaned("a", [("secret", "words")]), cleaned("b", [("open", "words")])))
    assert "secret" not in told
    assert "words" not in told


def test_a_directory_that_was_changed_by_hand_is_named(cleaned, tmp_path):
    a, b = cleaned("a", ROWS), cleaned("b", ROWS)
    (b / "quarantine.jsonl").write_text('{"line": 1}\n')
    with pytest.raises(DatasetError, match=r"b: was changed by hand .*audit` says where"):
        diff(a, b)
    with pytest.raises(DatasetError, match="no such dataset directory"):
        diff(a, tmp_path / "none")
