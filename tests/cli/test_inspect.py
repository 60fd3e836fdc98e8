import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.cli import main


@pytest.fixture
def run(tmp_path, monkeypatch, messy):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        return CliRunner().invoke(main, ["inspect", *map(str, arguments)])

    return invoke


@pytest.fixture
def good(tmp_path, write_rows):
    rows = [{"instruction": "Name a pet.", "output": "A cat."}]
    return write_rows(tmp_path / "good.jsonl", rows).name


def test_strict_fails_and_says_why_last(run):
    done = run("messy.jsonl", "--strict")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        "curate: strict: 1 row unreadable, 3 records dropped, 3 edits (normalise "
        "edits_output 2, normalise edits_instruction 1, validate empty_output 1, 2 more)"
    )
    assert run("messy.jsonl").exit_code == 0


def test_strict_passes_what_is_clean(run, good):
    done = run(good, "--strict")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Nothing is wrong" in done.stdout


def test_strict_does_not_pass_what_holds_no_row(run):
    Path("in").mkdir()
    Path("in/a.jsonl").touch()
    done = run("in", "--strict")
    assert (done.exit_code, done.stderr) == (1, "curate: strict: no row was read\n")


def test_with_a_baseline_only_what_is_new_fails(run):
    Path("base").write_text(run("messy.jsonl", "--json").stdout)
    done = run("messy.jsonl", "--strict", "--baseline", "base")
    assert done.exit_code == 0
    assert "Nothing new. Known: 7; gone since: 0." in done.stdout
    with open("messy.jsonl", "a") as file:
        file.write('{"instruction": "New", "input": "", "output": ""}\n')
    done = run("messy.jsonl", "--strict", "--baseline", "base", "--sarif", "new.sarif")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        "curate: strict: new: 1 record dropped (validate empty_output 1)"
    )
    (result,) = json.loads(Path("new.sarif").read_text())["runs"][0]["results"]
    assert result["ruleId"] == "validate/empty_output"


def test_json_is_alone_on_stdout_and_holds_every_finding(run):
    done = run("messy.jsonl", "--json", "--html", "a.html", "--sarif", "a.sarif", "--strict")
    printed = json.loads(done.stdout)
    assert len(printed["findings"]) == 7
    assert printed["findings"][3] | {"fingerprint": ""} == {
        "fingerprint": "", "fate": "dropped", "path": "messy.jsonl", "line": 3, "id": "messy:3",
        "step": "validate", "reason": "empty_output", "field": "output",
        "message": 'empty output; instruction: "Name a day."',
    }  # fmt: skip
    assert done.stderr.splitlines()[:2] == ["written: a.sarif", "written: a.html"]
    assert {path.name for path in Path().iterdir()} == {"messy.jsonl", "a.html", "a.sarif"}


def test_an_earlier_report_is_replaced(run, good):
    run("messy.jsonl", "--html", "a.html", "--sarif", "a.sarif")
    assert run(good, "--html", "a.html", "--sarif", "a.sarif").exit_code == 0
    assert "Nothing is wrong" in Path("a.html").read_text()
    assert json.loads(Path("a.sarif").read_text())["runs"][0]["results"] == []


REFUSED = {
    "the source": (["--html", "messy.jsonl"], "is the source messy.jsonl"),
    "a link to the source": (["--sarif", "hard"], "is the source messy.jsonl"),
    "a file of another": (["--html", "notes.txt"], "not ours"),
    "a page as SARIF": (["--sarif", "old.html"], "not ours"),
    "a device": (["--html", os.devnull], "is no file"),
    "a folder": (["--html", "."], "is no file"),
    "no folder": (["--html", "no/a.html"], "there is no folder no"),
    "one file for two": (["--html", "a", "--sarif", "./a"], "name two files"),
    "a baseline that is the source": (["--baseline", "messy.jsonl"], "is the source"),
    "no baseline": (["--baseline", "none"], "--json > FILE"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_is_overwritten_that_is_not_ours(name, run):
    os.link("messy.jsonl", "hard")
    Path("notes.txt").write_text("mine")
    run("messy.jsonl", "--html", "old.html")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    arguments, reason = REFUSED[name]
    done = run("messy.jsonl", *arguments)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert not done.stdout
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


def test_a_report_is_not_put_where_it_would_be_read(run):
    Path("in").mkdir()
    Path("in/a.jsonl").write_bytes(Path("messy.jsonl").read_bytes())
    done = run("in", "--sarif", "in/a.json")
    assert (done.exit_code, list(Path("in").iterdir())) == (2, [Path("in/a.jsonl")])
    assert "would be read as one the next time" in done.stderr
    assert run("in", "--html", "in/a.html").exit_code == 0


def test_prompts_with_several_answers_are_told(run, write_rows, tmp_path):
    prompt = "What is the capital of Australia?"
    rows = [{"instruction": prompt, "output": city} for city in ("Canberra.", "Sydney.")]
    write_rows(tmp_path / "cities.jsonl", rows)
    line = "1 prompt has several answers."
    assert line in run("cities.jsonl", "--html", "page.html").stdout
    assert line in Path("page.html").read_text()
    assert "several answers" not in run("messy.jsonl").stdout
