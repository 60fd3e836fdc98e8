import json
from pathlib import Path

import pytest

import curate.reporting.sarif as sarif
from curate.reporting.sarif import sarif_log
from curate.steps import STEPS

LEVELS = {"none", "note", "warning", "error"}


@pytest.fixture
def log(look, tmp_path, monkeypatch):
    """Return a function that inspects a path, relative to its folder, and gives the SARIF log."""
    monkeypatch.chdir(tmp_path)

    def make(path):
        look(path, sarif=Path("out.sarif"))
        return json.loads(Path("out.sarif").read_text())

    return make


def check(log):
    """Assert what SARIF 2.1.0 demands of the parts that are there."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert run["invocations"][0]["executionSuccessful"] is True
    driver = run["tool"]["driver"]
    assert driver["name"] == "curate"
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == sorted(set(ids))
    for rule in driver["rules"]:
        for part in ("shortDescription", "fullDescription", "help"):
            assert rule[part]["text"].strip()
        assert rule["defaultConfiguration"]["level"] in LEVELS
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in LEVELS
        assert result["message"]["text"].strip()
        assert len(result["partialFingerprints"]["curateContent/v1"]) == 16
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["region"]["startLine"] >= 1
        assert not set(physical["artifactLocation"]["uri"]) & set(" \\#?")
    return run


def test_each_finding_is_a_result_the_most_severe_first(log, messy):
    run = check(log(messy.name))
    assert [
        (r["ruleId"], r["level"], r["locations"][0]["physicalLocation"]["region"]["startLine"])
        for r in run["results"]
    ] == [
        ("read/unreadable", "error", 6),
        ("validate/empty_output", "error", 3),
        ("validate/wrong_type", "error", 4),
        ("dedup/normalised_duplicate", "error", 5),
        ("normalise/edits_instruction", "note", 2),
        ("normalise/edits_output", "note", 2),
        ("normalise/edits_output", "note", 3),
    ]
    where = run["results"][0]["locations"][0]["physicalLocation"]
    assert where["artifactLocation"] == {"uri": "messy.jsonl"}
    assert run["results"][2]["message"]["text"] == 'wrong type: output: int "4"'


def test_an_element_of_an_array_has_its_line_and_its_index(log, tmp_path):
    rows = [{"instruction": "Name a pet.", "output": "A cat."}, {"instruction": "x", "output": ""}]
    (tmp_path / "my facts#1.json").write_text(json.dumps(rows, indent=1))
    (result,) = check(log("my facts#1.json"))["results"]
    location = result["locations"][0]
    assert location["physicalLocation"]["region"] == {"startLine": 6}
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "my%20facts%231.json"}
    assert location["logicalLocations"] == [
        {"fullyQualifiedName": "my facts#1.json#1", "kind": "element"}
    ]
    assert result["message"]["text"].startswith("row 1: empty output")


def test_a_row_of_parquet_is_told_by_its_index(log, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"instruction": ["Name a pet.", "x"], "output": ["A cat.", ""]})
    pq.write_table(table, tmp_path / "a.parquet")
    (result,) = check(log("a.parquet"))["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert result["message"]["text"].startswith("row 1: ")


def test_over_the_limit_the_least_severe_are_left_out_and_counted(look, messy, monkeypatch):
    monkeypatch.setattr(sarif, "LIMIT", 4)
    run = check(json.loads(sarif_log(look(messy).findings, STEPS, lambda path, at: {})))
    assert {result["level"] for result in run["results"]} == {"error"}
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("3 more findings")


def test_a_run_without_findings_is_whole(log, tmp_path, write_rows):
    write_rows(tmp_path / "a.jsonl", [{"instruction": "Name a pet.", "output": "A cat."}])
    run = check(log("a.jsonl"))
    assert run["results"] == run["tool"]["driver"]["rules"] == []


def test_it_is_the_same_each_time(look, messy, tmp_path):
    for name in ("a.sarif", "b.sarif"):
        look(messy, sarif=tmp_path / name)
    assert (tmp_path / "a.sarif").read_bytes() == (tmp_path / "b.sarif").read_bytes()
    assert not list(tmp_path.glob("*.tmp"))
