"""`compare`: what is missing is trained, all are measured on the same, the best is marked."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import orjson
import pytest
from click.testing import CliRunner

from curate.cli import main
from curate.errors import UsageError
from curate.reporting.comparison_page import comparison_page, standing, table
from curate.tuning.comparing import _best, compare

from .conftest import QUICK

ASKED = {"generate": 3, "max_new_tokens": 4}


def run(*arguments):
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


@pytest.fixture(scope="module")
def made(tmp_path_factory, dataset):
    """Return the folder of a comparison of two recipes, its arguments, and what it says."""
    out = tmp_path_factory.mktemp("compared") / "out"
    arguments = ["lora", "full", f"data.dataset={dataset}", *QUICK]
    done = run(*arguments, "-o", out, "--generate", 3, "--max-new-tokens", 4, "--json")
    assert done.exit_code == 0, done.output
    return out, arguments, json.loads(done.stdout)


def test_what_is_written(made):
    out, _, said = made
    assert sorted(path.name for path in out.iterdir()) == [
        "comparison.html", "comparison.json", "comparison.jsonl", "runs",
    ]  # fmt: skip
    assert said == json.loads((out / "comparison.json").read_text())
    lora, full = said["runs"]
    assert (lora["name"], full["name"], full["method"]) == ("lora", "full", "full")
    assert full["trainable_parameters"] == full["parameters"]
    for each in said["runs"]:
        run_json = json.loads((out / "runs" / each["name"] / "run.json").read_text())
        assert each["metrics"]["loss"] == run_json["metrics"]["after"]["loss"]
        assert said["base"]["loss"] == run_json["metrics"]["before"]["loss"]
        assert [step for step, _ in each["curve"]] == [1, 2, 3, 4]
        assert each["peak_memory_bytes"] > 50e6
    rows = [json.loads(line) for line in (out / "comparison.jsonl").open()]
    assert len(rows) == said["records"] == 18
    assert all(set(row["losses"]) == {"lora", "full"} for row in rows)
    answered = [row for row in rows if "answers" in row]
    assert len(answered) == said["asked"] == 3
    assert all(set(row["answers"]) == {"lora", "full"} and "base" in row for row in answered)


def test_the_page_has_all_of_it(made):
    out, _, said = made
    page = (out / "comparison.html").read_text()
    assert "Comparison of lora, full" in page
    assert page.count("<polyline") == 2
    assert page.count("<dt>full</dt>") == 3
    header, rows = table(said)
    assert header == ["run", "method", "trained", "tokens/s", "peak MB", "loss", "exact match",
                      "ROUGE-L"]  # fmt: skip
    assert [row["name"] for row in rows] == ["base", "lora", "full"]


def test_what_is_there_is_not_trained_again(made):
    out, arguments, said = made
    before = (out / "runs" / "lora" / "resources.json").read_bytes()
    done = run(*arguments, "-o", out, "--generate", 3, "--max-new-tokens", 4)
    assert done.exit_code == 0, done.output
    assert "lora: is trained already" in done.stderr
    assert standing(said) in done.stdout
    assert (out / "runs" / "lora" / "resources.json").read_bytes() == before
    other = run(*arguments, "seed=5", "-o", out)
    assert other.exit_code == 1
    assert "holds a run of another recipe; pass --overwrite" in other.stderr


def test_runs_that_are_there_are_compared_and_left_as_they_are(made, tmp_path):
    out, _, said = made
    left = sorted(path.name for path in (out / "runs" / "lora").iterdir())
    figures = compare(
        [str(out / "runs" / "lora"), str(out / "runs" / "full")], tmp_path / "c", **ASKED
    )
    assert figures == said
    assert sorted(path.name for path in (out / "runs" / "lora").iterdir()) == left
    shutil.copytree(out / "runs" / "lora", tmp_path / "other" / "lora")
    twice = [str(out / "runs" / "lora"), str(tmp_path / "other" / "lora")]
    figures = compare(twice, tmp_path / "d", **ASKED)  # of one name: called as they were given
    assert [each["name"] for each in figures["runs"]] == twice
    assert not figures["best"]["loss"]["sure"]


def test_a_training_that_was_cut_off_goes_on(made, tmp_path):
    out, arguments, said = made
    again = tmp_path / "again"
    shutil.copytree(out / "runs", again / "runs")
    lora = again / "runs" / "lora"
    run_json = json.loads((lora / "run.json").read_text())
    started = {"recipe": run_json["recipe"], "encoding_digest": run_json["encoding"]["digest"]}
    (lora / "started.json").write_bytes(orjson.dumps(started) + b"\n")
    (lora / "run.json").unlink()
    shutil.rmtree(lora / "checkpoints" / "checkpoint-4")
    done = run(*arguments, "-o", again, "--generate", 3, "--max-new-tokens", 4, "--json")
    assert done.exit_code == 0, done.output
    assert "lora: training goes on" in done.stderr
    assert json.loads(done.stdout)["runs"][0]["metrics"] == said["runs"][0]["metrics"]


def test_ctrl_c_is_for_the_training_which_saves(dataset, tmp_path):
    """As a terminal does it: the signal goes to both."""
    arguments = ["lora", f"data.dataset={dataset}", *QUICK, "training.max_steps=300",
                 "training.save_strategy=no", "-o", str(tmp_path / "out")]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "curate", "compare", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    log = tmp_path / "out" / "runs" / "lora" / "training_losses.jsonl"
    for _ in range(6000):
        if log.exists() and log.stat().st_size:
            break
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "of 300, which is saved" in said
    assert "curate: the same command goes on" in said
    assert "Traceback" not in said
    assert list((log.parent / "checkpoints").iterdir())


def test_best_is_sure_only_beyond_chance():
    ends = np.array([-1.0, 1.0] * 1000)
    drawn = {"a": 0.01 * ends, "b": 1 + 0.01 * ends, "c": 5 + 3 * ends}
    values = {"a": 0.0, "b": 1.0, "c": 5.0}
    found = _best("loss", values, drawn)
    assert (found["name"], found["sure"]) == ("a", True)
    assert found["ahead_of"]["b"] == [-1.0, -1.0, -1.0]
    found = _best("rouge_l", values, drawn)
    assert (found["name"], found["sure"]) == ("c", True)  # 5 - 3 is above 1
    drawn["c"] = 5 + 9 * ends
    assert not _best("rouge_l", values, drawn)["sure"]
    assert _best("loss", {"a": 0.0}, drawn) == {"name": "a", "sure": False, "ahead_of": {}}


def test_the_page_escapes_and_says_what_cannot_be_compared(made):
    _, _, said = made
    odd = json.loads(json.dumps(said))
    odd["runs"][0]["name"] = "<b>lora"
    odd["same_tokens"] = False
    odd["best"] = {}
    row = {"id": "<i>", "source": "s", "losses": {}, "prompt": "<script>", "expected": "x",
           "base": "</dd>", "answers": {"<b>lora": "<img>"}}  # fmt: skip
    page = comparison_page(odd, [row])
    assert not any(text in page for text in ("<b>lora", "<i>", "<script>", "<img>"))
    assert "loss and perplexity cannot be compared" in page
    assert standing(odd).endswith("no run is better than all others beyond chance.")


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["seed=3"], 2, "there is nothing to compare"),
        (["RUN", "seed=3"], 2, "seed=3: changes recipes, and there are only runs"),
        (["lora", "lora", "data.dataset=x"], 2, "lora: is there twice"),
        (["lora", "nonsense"], 2, "nonsense: no such recipe file; shipped recipes: adapter"),
        (["lora", "full", "training.max_stepz=3"], 2, "did you mean 'max_steps'?"),
        (["lora", "data.dataset=nowhere"], 1, "lora: training ended with exit code 1"),
        (["EMPTY"], 1, "has no run.json"),
        (["RUN", "--data", "nowhere.json"], 1, "nowhere.json does not exist"),
    ],
)
def test_what_cannot_be_compared(finished, tmp_path, arguments, code, why):
    (tmp_path / "empty").mkdir()
    names = {"RUN": finished[0], "EMPTY": tmp_path / "empty"}
    done = run(*(names.get(each, each) for each in arguments), "-o", tmp_path / "out")
    assert done.exit_code == code, done.output
    assert why in done.output
    assert not (tmp_path / "out" / "comparison.json").exists()


def test_a_folder_of_something_else_is_left_alone(made, tmp_path):
    _, arguments, _ = made
    (tmp_path / "thesis.txt").write_text("mine")
    done = run(*arguments, "-o", tmp_path)
    assert done.exit_code == 1
    assert "holds thesis.txt, so it is no comparison" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_runs_that_held_out_different_records(made, tmp_path, write_rows):
    out, _, _ = made
    other = tmp_path / "other"
    shutil.copytree(out / "runs" / "lora", other)
    said = json.loads((other / "run.json").read_text())
    path = write_rows(tmp_path / "h.jsonl", [{"instruction": "Add 1.", "output": "2"}])
    said["recipe"]["evaluation"]["dataset"] = str(path)
    (other / "run.json").write_text(json.dumps(said))
    runs = [str(out / "runs" / "full"), str(other)]
    with pytest.raises(UsageError, match="full and other held out different records; give --data"):
        compare(runs, tmp_path / "c", **ASKED)
    figures = compare(runs, tmp_path / "c", data=[str(path)], **ASKED)
    assert figures["records"] == 1
