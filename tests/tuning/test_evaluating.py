"""`evaluate`: metrics, their intervals, and what is written."""

import json
import math
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from curate.cleaning import clean
from curate.cli import main
from curate.reporting.evaluation_page import changed, evaluation_page, outcome
from curate.shipped import shipped
from curate.sources import resolve
from curate.steps import STEPS, select_steps
from curate.tuning.answers import Answer
from curate.tuning.evaluating import figures, lines
from curate.tuning.measuring import Measurement, perplexity, spread
from curate.tuning.scoring import draws, interval, rouge_l


@pytest.mark.parametrize(
    ("expected", "said", "score"),
    [
        ("the cat sat", "the cat sat", 1),
        ("the cat sat", "The CAT, sat!", 1),
        ("the cat sat on it", "sat the cat", 0.5),  # two words in order, of five and three
        ("one two", "three four", 0),
        ("", "", 1),
        ("a", "", 0),
        ("Straße", "STRASSE", 1),
        ("кот спит", "кот не спит", 0.8),
        ("...", "!", 1),  # no words on either side
    ],
)
def test_rouge_l(expected, said, score):
    assert rouge_l(expected, said) == score


@given(st.text("abc ", max_size=20), st.text("abc ", max_size=20))
def test_rouge_l_is_symmetric_and_a_share(one, other):
    assert rouge_l(one, other) == rouge_l(other, one)
    assert 0 <= rouge_l(one, other) <= 1


def test_perplexity_is_e_to_the_loss():
    assert perplexity(math.log(7)) == pytest.approx(7, abs=1e-6)


@given(st.lists(st.integers(), max_size=40), st.integers(0, 50))
def test_what_is_asked_is_spread_over_all_in_order(items, most):
    places = spread(range(len(items)), most)
    assert len(places) == min(most, len(items))
    assert places == sorted(set(places))
    if places and most < len(items):
        gaps = np.diff([*places, len(items)])
        assert gaps.max() - gaps.min() <= 1


def test_an_interval_is_that_of_the_mean():
    """Of a thousand numbers with a standard deviation of 1 the mean has one of 0.0316."""
    values = np.random.default_rng(5).normal(10, 1, 1000)
    low, high = interval(draws(values))
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(1000), rel=0.08)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    generator = np.random.default_rng(1)
    inside = 0
    for _ in range(200):
        low, high = interval(draws(generator.normal(0, 1, 60)))
        inside += low <= 0 <= high
    assert 0.88 <= inside / 200 <= 0.99


def test_weights_count_and_large_sets_are_drawn_in_blocks():
    assert set(draws([1.0, 5.0], [3, 0])) <= {1.0, 0.0}  # 0: only the weightless one was drawn
    many = draws(np.arange(5_000.0), np.ones(5_000))
    assert many.shape == (2_000,)
    assert many.mean() == pytest.approx(2_499.5, rel=0.01)
    assert (draws([2.0, 4.0, 9.0]) == draws([2.0, 4.0, 9.0])).all()


def measured(losses, answers=()):
    rows = [
        {"id": f"{source}:{at}", "source": source, "tokens": tokens, "loss": loss}
        for at, (source, tokens, loss) in enumerate(losses)
    ]
    whole = sum(row["tokens"] for row in rows)
    mean = sum(row["tokens"] * row["loss"] for row in rows) / whole
    metrics = {"records": len(rows), "over_length": 0, "loss": mean, "perplexity": perplexity(mean)}
    given_answers = [
        Answer(row["id"], "yes", said) for row, said in zip(rows, answers, strict=False)
    ]
    if given_answers:
        exact = [each.is_exact for each in given_answers]
        metrics |= {"asked": len(exact), "exact_match": sum(exact) / len(exact),
                    "rouge_l": sum(exact) / len(exact)}  # fmt: skip
    found = Measurement(metrics, given_answers, ["?"] * len(given_answers), rows)
    metrics["intervals"] = {name: interval(drawn) for name, drawn in found.drawn().items()}
    return found


def test_groups_are_by_source_and_length():
    before = measured([("a", 4, 2.0), ("a", 12, 4.0), ("b", 100, 1.0)], ["no", "yes"])
    after = measured([("a", 4, 1.0), ("a", 12, 2.0), ("b", 100, 1.0)], ["yes", "yes"])
    found = figures(before, after)
    one, other = found["by_source"]
    assert one == {
        "name": "a", "records": 2, "tokens": 16, "loss_before": 3.5, "loss_after": 1.75,
        "asked": 2, "exact_before": 0.5, "exact_after": 1.0, "rouge_l_before": 0.5,
        "rouge_l_after": 1.0,
    }  # fmt: skip
    assert other == {"name": "b", "records": 1, "tokens": 100, "loss_before": 1.0,
                     "loss_after": 1.0, "asked": 0}  # fmt: skip
    assert [(row["name"], row["records"]) for row in found["by_length"]] == [
        ("1–16 tokens", 2),
        ("65–256 tokens", 1),
    ]
    assert found["change"]["exact_match"][0] == 0.5
    assert lines(before, after)[2] == {"id": "b:2", "source": "b", "tokens": 100,
                                       "loss_before": 1.0, "loss_after": 1.0}  # fmt: skip


def test_a_difference_is_told_where_the_records_allow_it():
    """Each record gets better by 0.1, however much they differ: the draws are the same."""
    spread_out = [("a", 5, 0.5 * at) for at in range(30)]
    before = measured(spread_out)
    after = measured([(source, tokens, loss - 0.1) for source, tokens, loss in spread_out])
    found = figures(before, after)
    assert found["change"]["loss"] == pytest.approx([-0.1, -0.1, -0.1], abs=1e-5)
    assert outcome(found).startswith("On 30 held-out records the loss fell from 7.250 to 7.150")
    mixed = [(s, t, loss + (1 if at % 2 else -1)) for at, (s, t, loss) in enumerate(spread_out)]
    same = figures(before, measured(mixed))
    assert outcome(same).endswith("no difference that can be told.")
    assert changed("loss", same["change"]["loss"])["kind"] == ""


def test_what_is_written(finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    done = CliRunner().invoke(main, ["evaluate", str(run), "--generate", "6", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said == json.loads((run / "evaluation.json").read_text())
    rows = [json.loads(line) for line in (run / "evaluation.jsonl").open()]
    assert (len(rows), sum("expected" in row for row in rows)) == (18, 6)
    trained = json.loads((run / "run.json").read_text())["metrics"]
    for when in ("before", "after"):  # the same records, by the same encoder
        assert said[when]["loss"] == trained[when]["loss"]
        total = sum(row[f"loss_{when}"] * row["tokens"] for row in rows)
        assert said[when]["loss"] == pytest.approx(
            total / sum(row["tokens"] for row in rows), abs=1e-5
        )
    page = (run / "evaluation.html").read_text()
    assert "Evaluation of run" in page
    shown = CliRunner().invoke(main, ["evaluate", str(run), "--generate", "0"])
    assert shown.exit_code == 0, shown.output
    assert "exact match" not in shown.output.partition("source")[0]
    first = (run / "evaluation.jsonl").read_bytes()
    CliRunner().invoke(main, ["evaluate", str(run), "--generate", "0"])
    assert (run / "evaluation.jsonl").read_bytes() == first


def test_other_records(finished, tmp_path, write_rows):
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    path = write_rows(tmp_path / "mine.jsonl", [
        {"instruction": "<script>Add</script>", "output": "<b>3</b>"},
        {"instruction": "Nothing to measure by.", "output": " "},
        {"instruction": "word " * 3000, "output": "too long"},
    ])  # fmt: skip
    done = CliRunner().invoke(main, ["evaluate", str(run), "--data", str(path), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["after"]["records"], said["after"]["over_length"]) == (1, 1)
    assert said["data"] == str(path)
    page = (run / "evaluation.html").read_text()
    assert "<script>Add" not in page
    assert "&lt;b&gt;3" in page
    assert "1 is too long and left out" in page


def test_records_that_were_trained_on_are_told(finished, dataset, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    done = CliRunner().invoke(
        main, ["evaluate", str(run), "--data", str(dataset), "--generate", "0", "--json"]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["trained_on"] == 60  # of train, validation and test
    assert said["after"]["records"] > 60 + 18
    assert f"warning: {run} was trained on 60 of these" in done.stderr
    assert "60 of these records were trained on" in (run / "evaluation.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["RUN", "--data", "nowhere.json"], 1, "nowhere.json does not exist"),
        (["nowhere"], 1, "nowhere: has no run.json"),
        (["RUN", "--generate", "-1"], 2, "-1 is not in the range"),
        (["RUN", "--data", "EMPTY"], 1, "no record with an answer"),
        (["RUN", "--data", "LONG"], 1, "every record is longer than its data.max_length"),
    ],
)
def test_what_cannot_be_measured(finished, tmp_path, write_rows, arguments, code, why):
    names = {
        "RUN": finished[0],
        "EMPTY": write_rows(tmp_path / "e.jsonl", [{"instruction": "a", "output": ""}]),
        "LONG": write_rows(tmp_path / "l.jsonl", [{"instruction": "a " * 5000, "output": "b"}]),
    }
    done = CliRunner().invoke(main, ["evaluate", *(str(names.get(a, a)) for a in arguments)])
    assert done.exit_code == code, done.output
    assert why in done.output
    assert not (finished[0] / "evaluation.json").exists()


def test_nothing_held_out_is_said(tmp_path, finished):
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    said = json.loads((run / "run.json").read_text())
    clean(
        resolve([str(shipped("data", "sample", "sums.jsonl"))]), select_steps(STEPS), tmp_path / "d"
    )
    said["recipe"]["data"]["dataset"] = str(tmp_path / "d")  # in no splits
    (run / "run.json").write_text(json.dumps(said))
    done = CliRunner().invoke(main, ["evaluate", str(run)])
    assert done.exit_code == 1
    assert "give --data SOURCE" in done.output


def test_what_is_beyond_numbers_is_shown():
    wild, good = measured([("a", 5, 1e3), ("a", 5, 2e3)]), measured([("a", 5, 1.0), ("a", 5, 2.0)])
    wild.metrics["perplexity"] = perplexity(wild.metrics["loss"])
    about = {"run": "r", "method": "lora", "base_model": "t", "data": "d", "max_new_tokens": 3,
             "trained_on": 0, "stage": "sft", "start": "base"}  # fmt: skip
    for pair in ((wild, good), (wild, wild), (good, wild)):
        page = evaluation_page({**about, **figures(*pair)}, lines(*pair))
        assert "infinite (infinite to infinite)" in page
    assert changed("perplexity", figures(wild, wild)["change"]["perplexity"])["kind"] == ""
