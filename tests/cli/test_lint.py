import json

import pytest
from click.testing import CliRunner

from curate.cli import main

QA = "{# qa: a test.\n\nOrigin: here. #}\n{{ system }}{{ history }}{{ context }}{{ instruction }}"
END = "{% generation %}{{ output }}{% endgeneration %}"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"instruction": "Q", "output": "A"}, {"instruction": "Q", "output": "</s>"}]
    (tmp_path / "some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "good.jinja").write_text(QA + END)
    (tmp_path / "space.jinja").write_text(QA + " " + END)
    (tmp_path / "bad.jinja").write_text(QA)
    return lambda *arguments: CliRunner().invoke(main, ["lint", *arguments])


def test_exit_codes(run):
    for arguments, code in (
        (["good.jinja"], 0),
        (["space.jinja"], 0),
        (["space.jinja", "--strict"], 1),
        (["good.jinja", "--strict"], 0),
        (["good.jinja", "bad.jinja"], 1),
        (["some.jsonl", "-m", "tiny"], 0),
        (["some.jsonl", "-m", "tiny", "--strict"], 1),
        (["some.jsonl", "--max-length", "1"], 2),
    ):
        assert run(*arguments).exit_code == code, arguments


def test_without_arguments_every_template_is_looked_at(run):
    done = run("--json", "-m", "tiny")
    names = [row["template"] for row in json.loads(done.stdout)["templates"]]
    assert "alpaca" in names
    assert names[-1] == "chat"
    names = [row["template"] for row in json.loads(run("--json").stdout)["templates"]]
    assert "chat" not in names


def test_templates_show_place_rule_and_what_to_do(run):
    text = run("bad.jinja", "good.jinja").stdout
    assert "no-generation" in text
    assert "good.jinja: nothing found" in text
    assert text.endswith("1 error, 0 warnings\n")


def test_source_shows_lengths(run):
    text = run("some.jsonl", "-m", "tiny").stdout
    assert "some.jsonl · alpaca@" in text
    assert "2 records" in text
    assert "some:2 (1)" in text
    assert "max_length keeps 95% with" in text


def test_json(run):
    done = json.loads(run("bad.jinja", "some.jsonl", "-m", "tiny", "--json").stdout)
    assert (done["errors"], done["warnings"]) == (1, 1)
    (finding,) = done["templates"][0]["findings"]
    assert list(finding) == ["rule", "severity", "message", "todo", "line", "column"]
    source = done["sources"][0]
    assert source["source"] == "some.jsonl"
    assert source["findings"][0]["records"] == [{"id": "some:2", "strings": 1}]
    assert list(source["max_length"]) == ["95", "99", "100"]


def test_arguments_are_told_apart(run, tmp_path):
    done = run("alpacca")
    assert done.exit_code == 2
    assert (
        "is neither a template nor a file or folder; did you mean alpaca or alpaca-l"
        in done.output
        in done.output
    )
    assert "templates: chat, alpaca" in run("zzzz").output
    assert run("nowhere.jinja").exit_code == 2
    assert run("nowhere.jsonl").exit_code == 1
    assert "no model is given" in run("chat").output
    (tmp_path / "alpaca").mkdir()
    done = run("alpaca")
    assert done.exit_code == 2
    assert "alpaca is a template and a path here: write ./alpaca for the path" in done.output
    assert "holds no data file" in run("./alpaca").output


def test_source_without_records(run, tmp_path):
    (tmp_path / "none.jsonl").write_text("")
    done = run("none.jsonl")
    assert done.exit_code == 1
    assert "none.jsonl is empty: it holds no row" in done.output
