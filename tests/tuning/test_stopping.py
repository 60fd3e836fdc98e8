"""Held-out loss measured in training, and stopping when it gets no better."""

import json
import shutil

import orjson
import pytest

from curate.cleaning import clean
from curate.errors import DatasetError, UsageError
from curate.recipe import load_recipe
from curate.shipped import shipped
from curate.sources import resolve
from curate.steps import STEPS, select_steps
from curate.tuning.training import train

from .conftest import QUICK

EARLY = ("evaluation.every=1", "evaluation.patience=2", "training.max_steps=8",
         "training.lr_scheduler_type=constant", "training.warmup_steps=0")  # fmt: skip


def make(dataset, method, *overrides):
    quick = [o for o in QUICK if "save" not in o]
    path = shipped("recipes", f"{method}.yaml")
    return load_recipe(path, [*quick, f"data.dataset={dataset}", *overrides])


def measured(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    return [(row["step"], row["held_out_loss"]) for row in rows if "held_out_loss" in row]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "rate"), [("lora", 0.1), ("adapter", 0.2), ("prefix", 0.5), ("full", 0.02)]
)
def test_the_best_weights_are_kept(dataset, tmp_path, write_rows, method, rate):
    """Answers that training makes ever less likely; two measurements later the run ends."""
    rows = [{"instruction": f"Add {n} and one.", "output": "zq " * 4} for n in range(4)]
    path = write_rows(tmp_path / "odd.jsonl", rows)
    recipe = make(dataset, method, *EARLY, f"training.learning_rate={rate}",
                  f"evaluation.dataset={path}")  # fmt: skip
    said = train(recipe, tmp_path / "run")
    found = measured(tmp_path / "run")
    best_step, best = min(found, key=lambda each: each[1])
    assert said["training"]["steps"] == found[-1][0] == best_step + 2 < 8
    assert said["metrics"]["after"]["loss"] == pytest.approx(best, abs=1e-5)


def test_measuring_changes_nothing_of_the_training(dataset, tmp_path):
    saved = "training.save_strategy=no", "training.learning_rate=5e-3"
    train(make(dataset, "lora", *saved), tmp_path / "without")
    said = train(make(dataset, "lora", *saved, "evaluation.every=2"), tmp_path / "with")
    name = "adapter/adapter_model.safetensors"
    assert (tmp_path / "with" / name).read_bytes() == (tmp_path / "without" / name).read_bytes()
    assert [step for step, _ in measured(tmp_path / "with")] == [2, 4]
    assert measured(tmp_path / "with")[-1][1] == said["metrics"]["after"]["loss"]


def test_a_run_that_stops_early_is_resumed_to_the_same_bytes(dataset, tmp_path):
    recipe = make(dataset, "lora", *EARLY, "training.learning_rate=0.1",
                  "training.save_total_limit=8")  # fmt: skip
    said = train(recipe, tmp_path / "run")
    half = tmp_path / "half"
    shutil.copytree(tmp_path / "run", half)
    started = {"recipe": recipe.model_dump(mode="json"),
               "encoding_digest": said["encoding"]["digest"]}  # fmt: skip
    (half / "run.json").unlink()
    (half / "started.json").write_bytes(orjson.dumps(started) + b"\n")
    last = said["training"]["steps"]
    shutil.rmtree(half / "adapter")
    shutil.rmtree(half / "checkpoints" / f"checkpoint-{last}")
    again = train(recipe, half, resume=True)
    assert again["training"]["steps"] == last
    for path in ("adapter/adapter_model.safetensors", "metrics.jsonl"):
        assert (half / path).read_bytes() == (tmp_path / "run" / path).read_bytes(), path


def test_without_held_out_records_there_is_nothing_to_go_by(tmp_path):
    source = resolve([str(shipped("data", "sample", "sums.jsonl"))])
    clean(source, select_steps(STEPS), tmp_path / "clean")
    with pytest.raises(DatasetError, match=r"evaluation\.every: no record is held out"):
        train(make(tmp_path / "clean", "lora", "evaluation.every=1"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        (["evaluation.patience=2"], r"evaluation\.patience: evaluation\.every is missing"),
        (["evaluation.patience=2", "evaluation.every=3", "training.save_steps=2"],
         r"training\.save_steps: with evaluation\.patience a checkpoint is saved whenever"),
        (["evaluation.every=0"], r"evaluation\.every is 0"),
        (["training.eval_strategy=steps"], r"Curate sets this; use evaluation\.every"),
        (["training.load_best_model_at_end=true"], r"Curate sets this; use evaluation\.patience"),
        (["training.early_stopping_patience=3"], r"here it is called evaluation\.patience"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(dataset, overrides, why):
    with pytest.raises(UsageError, match=why):
        make(dataset, "lora", *overrides)
