"""`curate clean --against-eval`: what goes, what is told, and what audit says of it."""

import gzip
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from curate.cli import main
from curate.dataset import audit, explain, read_ledger, read_manifest, read_records
from curate.errors import DatasetError
from curate.reporting.report import rebuild_report
from curate.revalidating import revalidate
from curate.splitting import split_dataset

ROWS = [
    ("Ada reads 12 pages on each of 5 days and then 30 more. How many pages has she read by then?",
     "She has read 90 pages."),
    ("Name a colour.", "Red."),
    ("Name a fruit.", "A pear."),
    ("Tell me a riddle: which animal walks on four legs in the morning and two at noon?", "Man."),
    ("Ada reads 14 pages on each of 6 days and then 31 more. How many pages has she read by then?",
     "She has read 115 pages."),
]  # fmt: skip
SET = [
    {"question": ROWS[0][0], "answer": "90"},
    {"question": "Which animal walks on four legs in the morning and two at noon?", "answer": "x"},
    {"question": "How many legs has a spider that lost two of them in a fight?", "answer": "6"},
]


def write(path, rows):
    text = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return str(path)


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["clean", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def data(tmp_path):
    rows = [{"instruction": i, "output": o} for i, o in ROWS]
    return write(tmp_path / "data.jsonl", rows), write(tmp_path / "quiz.jsonl", SET)


def dropped(directory):
    return {
        row["record"]["id"]: (row["step"], row["reason"], row["evidence"].get("kept"))
        for row in read_ledger(Path(directory) / "dropped.jsonl")
    }


def test_what_holds_an_item_goes_and_is_told(data, tmp_path):
    source, quiz = data
    out = tmp_path / "out"
    told = run(source, "--against-eval", f"math={quiz}", "-o", out)
    assert "compared with math: 2 records hold one of its 3 items\n" in told
    assert dropped(out) == {
        "data:1": ("decontaminate", "contaminated", "math:1"),
        "data:4": ("decontaminate", "contaminated", "math:2"),
    }
    named = [row["record"]["id"] for row in read_ledger(out / "references.jsonl")]
    assert named == ["math:1", "math:2"]
    [entry] = read_manifest(out)["references"]
    assert (entry["step"], entry["set"], entry["rows"]) == ("decontaminate", "math", 3)
    audit(out)
    assert "decontaminate" in revalidate(out)
    figures = rebuild_report(out)
    assert figures["contamination"] == [{"set": "math", "items": 3, "unusable": 0, "records": 2}]
    page = (out / "report.html").read_text()
    assert page.index("data:1") < page.index("score 1.0, prompt in instruction")
    assert "which animal walks on four legs in the morning and two at noon?" in page
    story = explain(out, "data:4")
    assert story["survivor"]["instruction"] == SET[1]["question"]
    assert story["evidence"]["at"] == len("Tell me a riddle: ")
    told = CliRunner().invoke(main, ["explain", str(out), "data:4"]).output
    assert "the prompt of math:2, an item of math is in it" in " ".join(told.split())
    assert "Beside the item that is in it" in told
    assert "## Compared with" in (out / "README.md").read_text()


def test_dedup_compares_with_other_sets_beside(data, tmp_path):
    source, quiz = data
    old = write(tmp_path / "old.jsonl", [{"instruction": "name a COLOUR", "output": "red"}])
    out = tmp_path / "out"
    told = run(source, "--against", old, "--against-eval", quiz, "-o", out)
    assert "compared with old: 1 records went\n" in told
    assert "compared with quiz: 2 records hold one of its 3 items\n" in told
    assert dropped(out)["data:2"] == ("dedup", "normalised_duplicate", "old:1")
    audit(out)
    revalidate(out)
    again = tmp_path / "again"
    run(out, "--set", "dedup.threshold=0.9", "-o", again)
    assert dropped(again) == dropped(out)
    audit(again)
    revalidate(again)


def test_report_drops_nothing(data, tmp_path):
    source, quiz = data
    out = tmp_path / "out"
    told = run(source, "--against-eval", quiz, "--set", "decontaminate.mode=report", "-o", out)
    assert "compared with quiz: 2 records hold one of its 3 items\n" in told
    assert len(list(read_records(out))) == 5
    lines = [row for row in read_ledger(out / "clusters.jsonl") if row["kind"] == "contamination"]
    assert [(row["ids"], row["others"]) for row in lines] == [
        (["data:1"], [["quiz", "quiz:1"]]), (["data:4"], [["quiz", "quiz:2"]]),
    ]  # fmt: skip
    audit(out)
    revalidate(out)
    assert rebuild_report(out)["contamination"][0]["records"] == 2
    split_dataset(out, tmp_path / "split", validation=0.2, test=0.2)
    audit(tmp_path / "split")
    revalidate(tmp_path / "split")


def test_audit_finds_a_find_that_was_taken_out(data, tmp_path):
    source, quiz = data
    out = tmp_path / "out"
    run(source, "--against-eval", quiz, "-o", out)
    ledger = out / "clusters.jsonl"
    text = ledger.read_text().replace('"items":3', '"items":2')
    ledger.write_text(text)
    with pytest.raises(DatasetError):
        audit(out)


def test_a_restored_record_passes(data, tmp_path):
    source, quiz = data
    out, back = tmp_path / "out", tmp_path / "back"
    run(source, "--against-eval", quiz, "-o", out)
    run(out, "--restore", "data:1", "-o", back)
    assert dropped(back) == {"data:4": ("decontaminate", "contaminated", "quiz:2")}
    audit(back)
    revalidate(back)


@pytest.mark.parametrize("row", [
    {"question": SET[1]["question"]},
    {"question": SET[1]["question"], "choices": ["a dog", "a man"], "answer": 1},
    {"prompt": SET[1]["question"], "key": 7},
    {"problem": SET[1]["question"], "solution": "It is man."},
    {"problem": SET[1]["question"], "level": "Level 5"},
    {"instruction": SET[1]["question"]},
    {"text": SET[1]["question"], "label": 0},
])  # fmt: skip
def test_an_evaluation_set_may_have_no_answers(row, data, tmp_path):
    quiz = write(tmp_path / "bare.jsonl.gz", [row])
    out = tmp_path / "out"
    told = run(data[0], "--against-eval", quiz, "-o", out)
    assert "compared with bare: 1 records hold one of its 1 items\n" in told
    assert dropped(out) == {"data:4": ("decontaminate", "contaminated", "bare:1")}


def test_a_source_needs_its_answers_still(data, tmp_path):
    bare = write(tmp_path / "bare.jsonl", [{"question": "What is it?"}])
    assert "no layout fits the first rows" in run(bare, "-o", tmp_path / "out", code=1)


def test_other_workers_make_the_same_bytes(data, tmp_path):
    source, quiz = data
    for workers in (1, 2):
        run(source, "--against-eval", quiz, "--workers", workers, "-o", tmp_path / f"o{workers}")
    for name in ("train.jsonl", "dropped.jsonl", "clusters.jsonl", "references.jsonl"):
        assert (tmp_path / "o1" / name).read_bytes() == (tmp_path / "o2" / name).read_bytes()


@pytest.mark.parametrize(("arguments", "message"), [
    (["--only", "decontaminate"], "has nothing to compare with: name an evaluation set, --against"),
    (["--set", "decontaminate.threshold=0.7"], "has nothing to compare with"),
    (["--only", "dedup", "--against-eval", "QUIZ"], "the step decontaminate compares with it, and"),
    (["--skip", "decontaminate", "--against-eval", "QUIZ"], "leave --against-eval out, or let it"),
    (["--against-eval", "nowhere.jsonl"], "nowhere.jsonl does not exist"),
    (["--against-eval", "QUIZ", "--against-eval", "quiz=DATA"], "two sets to compare with are"),
    (["--against-eval", "QUIZ", "--set", "decontaminate.threshold=2"], "less than or equal to 1"),
    (["--against-eval", "QUIZ", "--set", "decontaminate.mode=delete"], "'drop' or 'report'"),
    (["--against-eval", "QUIZ", "--set", "decontaminate.allow=quiz:1"], "give a list: "),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(arguments, message, data, tmp_path):
    places = {"QUIZ": data[1], "DATA": data[0]}
    for name, path in places.items():
        arguments = [each.replace(name, path) for each in arguments]
    code = 1 if "nowhere" in message else 2
    assert message in run(data[0], *arguments, "-o", tmp_path / "out", code=code)
    assert not (tmp_path / "out").exists()


def test_a_set_that_holds_nothing_is_refused(data, tmp_path):
    empty = write(tmp_path / "empty.jsonl", [{"question": " "}, {"question": None}])
    told = run(data[0], "--against-eval", empty, "-o", tmp_path / "out", code=1)
    assert "--against-eval empty: none of its 2 items can be looked for" in told
