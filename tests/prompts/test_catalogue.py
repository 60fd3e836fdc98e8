import io
import json

import pytest
from click.testing import CliRunner

from curate.cli import main
from curate.prompts.catalogue import SAMPLES, catalogue, show_samples
from curate.prompts.templates import find_template, list_templates

BLOCK = "{% generation %}{{ output }}{% endgeneration %}"


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(main, ["templates", *map(str, arguments)])


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A function that writes a template into ./templates."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "templates").mkdir()

    def write(name, content):
        content = content if isinstance(content, bytes) else content.encode()
        path = tmp_path / "templates" / f"{name}.jinja"
        path.write_bytes(content)
        return path

    return write


def test_every_shipped_template_says_what_it_is_for_and_where_it_comes_from():
    found = catalogue()
    assert len(found) == 14
    for entry in found:
        assert entry.purpose.endswith(".")
        assert entry.origin
        assert not entry.fault
    for template in list_templates():
        header = template.header
        assert header.text.startswith(f"{template.name}: {header.purpose}\n\nOrigin: ")
        assert header.namesakes
        assert len(header.text.splitlines()[0]) <= 100


def test_the_list_has_name_hash_purpose_and_origin(run, own):
    own("mine", "{# mine: short ones.\n\nOrigin: a page. More of it. #}" + BLOCK)
    text = run().output
    line = next(line for line in text.splitlines() if line.startswith("  mine "))
    assert line.split() == ["mine", find_template("mine").hash, "short", "ones.", "a", "page"]
    rows = {row["name"]: row for row in json.loads(run("--json").output)}
    assert rows["mine"] == {
        "name": "mine", "hash": find_template("mine").hash, "purpose": "short ones.",
        "origin": "a page. More of it.", "path": "templates/mine.jinja", "fault": "",
    }  # fmt: skip
    assert rows["chat"]["hash"] == rows["chat"]["path"] == ""
    assert "needs -m MODEL" in rows["chat"]["purpose"]
    assert list(rows) == sorted(rows)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{# x: y #}\xff", "byte 10 is not UTF-8"),
        ("{# x: y #}\n{% if %}", "bad.jinja:2: Expected an expression"),
        ("{# x: y #}{{ output }}", "no {% generation %} block"),
        (BLOCK, "no header. Begin the file with {# bad: what it is for. #}"),
        ("", "no {% generation %} block"),
    ],
)
def test_a_bad_file_is_listed_with_what_is_wrong(run, own, content, fault):
    own("bad", content)
    done = run("--json")
    assert done.exit_code == 0
    rows = {row["name"]: row for row in json.loads(done.output)}
    assert fault in rows["bad"]["fault"]
    assert rows["bad"]["path"] == "templates/bad.jinja"
    assert rows["alpaca"]["fault"] == ""
    assert len(rows) == 15
    shown = run()
    assert shown.exit_code == 0
    assert "  bad " in shown.output
    assert "  zephyr " in shown.output


def test_a_template_is_shown_on_sample_records(run):
    text = run("chatml").output
    template = find_template("chatml")
    assert text.startswith(f"{template.path}\n\nchatml: {template.header.purpose}\n")
    assert "Namesakes: Qwen2.5" in text
    assert (
        f"context · {template.identity}\n<|im_start|>user\nWhich of them is red?\n\n"
        "Mars is red. Venus is white.<|im_end|>\n<|im_start|>assistant\n⟦Mars.<|im_end|>⟧\n"
    ) in text
    assert "<|im_start|>tool\n6.4e23 kg<|im_end|>\n" in text


def test_the_same_by_path_by_name_and_as_json(run, own):
    path = own("mine", "{# mine: short ones. #}{{ instruction }}\x1b" + BLOCK)
    assert run("mine").output == run("templates/mine.jinja").output
    assert run(path).output.replace(str(path), "templates/mine.jinja") == run("mine").output
    assert "\x1b" not in run("mine").output
    row = json.loads(run("mine", "--json").output)
    assert (row["name"], row["path"], row["purpose"]) == (
        "mine", "templates/mine.jinja", "short ones.",
    )  # fmt: skip
    assert [example["id"] for example in row["examples"]] == [record.id for record in SAMPLES]
    assert row["examples"][0]["completion"] == "Mars."


def test_chat_is_explained_without_a_model(run):
    done = run("chat")
    assert done.exit_code == 0
    assert "curate preview SOURCE -t chat -m MODEL" in done.output
    assert json.loads(run("chat", "--json").output)["examples"] == []


def test_one_that_fails_on_a_sample_says_so(run, own):
    own("bad", "{# bad: y #}{{ question }}" + BLOCK)
    done = run("bad")
    assert done.exit_code == 1
    assert "templates/bad.jinja:1: 'question' is undefined" in done.stderr


def test_samples_have_every_field_that_a_record_has(template):
    assert {bool(record.context) for record in SAMPLES} == {True, False}
    assert {bool(record.system) for record in SAMPLES} == {True, False}
    roles = {turn["role"] for record in SAMPLES for turn in record.history}
    assert roles == {"user", "assistant", "tool_call", "tool"}
    out = io.StringIO()
    show_samples(template("{{ instruction }}" + BLOCK), out)
    assert out.getvalue().count("⟦") == len(SAMPLES)
