"""`train --dry-run`: what it says is what a run then does."""

import json

import pytest
from click.testing import CliRunner

from curate.cli import main
from curate.errors import DatasetError
from curate.tuning.dry_run import dry_run
from curate.tuning.forecast import Forecast, count_steps
from curate.tuning.preparing import prepare
from curate.tuning.training import train

METHODS = {
    "lora": (), "adapter": ("backend.method=adapter",), "prefix": ("backend.method=prefix",),
    "full": ("backend.method=full",), "four bits": ("model.load_in_4bit=true",),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("overrides", METHODS.values(), ids=METHODS)
def test_a_run_does_what_was_said(recipe, tmp_path, overrides):
    made = recipe(*overrides, "training.max_steps=2")
    said = dry_run(made, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert said["lacks"] == []
    run = train(made, tmp_path / "run")
    assert said["trainable"] == run["training"]["trainable_parameters"]
    assert said["parameters"] == run["training"]["parameters"]
    assert said["optimizer"] == pytest.approx(run["training"]["optimizer_bytes"], rel=0.001)
    assert said["encoding"]["digest"] == run["encoding"]["digest"]
    assert said["held_out"] == run["metrics"]["before"]["records"]
    files = [*(tmp_path / "run").rglob("*.safetensors"), *(tmp_path / "run").rglob("optimizer.pt")]
    assert len(files) == 3  # of one checkpoint, and what is saved in the end
    one = said["gradients"] + said["optimizer"]
    assert said["checkpoints"] == 3 * one + said["gradients"]
    kept = sum(path.stat().st_size for path in files)
    assert kept == pytest.approx(one + said["gradients"], rel=0.15)


STEPS = {
    "one epoch": (("training.max_steps=-1", "training.num_train_epochs=1"), 15, 1.0),
    "accumulated": (
        ("training.max_steps=-1", "training.num_train_epochs=2",
         "training.gradient_accumulation_steps=4"), 8, 2.0),
    "the last batch dropped": (
        ("training.max_steps=-1", "training.num_train_epochs=1",
         "training.per_device_train_batch_size=7", "training.dataloader_drop_last=true"), 8, 1.0),
    "part of an epoch": (("training.max_steps=6",), 6, 0.4),
}  # fmt: skip


@pytest.mark.parametrize(("overrides", "steps", "epochs"), STEPS.values(), ids=STEPS)
def test_steps_are_counted_as_the_trainer_does(recipe, overrides, steps, epochs):
    """Of 60 records, four a batch."""
    found = count_steps(prepare(recipe(*overrides), None))
    assert (found.rows, found.steps, found.epochs) == (60, steps, epochs)


@pytest.mark.slow
def test_packed_rows_are_counted_as_the_trainer_does(recipe, tmp_path):
    overrides = ("data.packing=true", "data.max_length=200", "training.max_steps=-1",
                 "training.num_train_epochs=1")  # fmt: skip
    found = count_steps(prepare(recipe(*overrides), None))
    run = train(recipe(*overrides), tmp_path / "run")
    assert found.steps == run["training"]["steps"]
    assert found.tokens == run["resources"]["tokens"] == run["encoding"]["tokens"]
    assert 150 < found.longest <= 200


def test_on_the_command_line(dataset, tmp_path):
    def ask(*words):
        return CliRunner().invoke(main, ["train", "lora", f"data.dataset={dataset}", *words])

    told = ask("--dry-run")
    assert told.exit_code == 0, told.output
    assert "trains 78,848 of 1,013,888 parameters (7.78%)" in told.stdout
    assert "8 steps, 2.0 epochs: 16 of 60 rows a step" in told.stdout
    assert "does not fit" not in told.stdout
    assert json.loads(ask("--dry-run", "--json").stdout)["steps"] == 8
    (tmp_path / "taken").write_text("")
    assert ask("--dry-run", "-o", tmp_path / "taken").exit_code == 1
    assert "-o RUN is missing" in ask().output
    assert ask("--dry-run", "--resume", "-o", tmp_path / "x").exit_code == 2


def test_what_does_not_fit_is_said_with_what_would_help(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("curate.tuning.dry_run.free_memory", lambda: (10_000_000, "cpu"))
    wide = recipe("training.per_device_train_batch_size=64")
    (lack,) = dry_run(wide, None)["lacks"]
    assert lack == (
        "memory: set training.per_device_train_batch_size to 2 and "
        "training.gradient_accumulation_steps to 32, which trains on as many rows a step, or set "
        "training.activation_checkpointing to true, or lower data.max_length"
    )
    heavy = Forecast(10**9, 10**6, 4 * 10**9, 0, 0, 1000, 0, 0)
    monkeypatch.setattr("curate.tuning.dry_run.forecast", lambda prepared: heavy)
    assert dry_run(recipe(), None)["lacks"] == ["memory: set model.load_in_4bit to true"]
    full = dry_run(recipe("backend.method=full"), None)["lacks"]
    assert full == ["memory: take backend.method lora, or training.optim adamw_8bit"]
    with pytest.raises(DatasetError, match="no such"):
        dry_run(recipe(f"data.dataset={tmp_path / 'none'}"), None)


def test_activation_checkpointing_keeps_less(recipe):
    from curate.tuning.forecast import forecast

    kept = [
        forecast(prepare(recipe(f"training.activation_checkpointing={on}"), None)).activations
        for on in ("false", "true")
    ]
    assert kept[1] < kept[0] / 2
