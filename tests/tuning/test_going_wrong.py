"""What ends a training early: Ctrl-C, kill -9, numbers that are none, memory that runs out."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from click.testing import CliRunner

from curate.cli import main
from curate.errors import TrainingError
from curate.recipe import load_recipe
from curate.shipped import shipped
from curate.tuning.fitting import what_to_lower
from curate.tuning.forecast import Forecast
from curate.tuning.losses import TrainingLosses
from curate.tuning.training import train

from .conftest import QUICK

LONG = ("training.max_steps=12", "training.save_steps=3", "training.save_total_limit=2",
        "evaluation.generate=0")  # fmt: skip
KILLS = 3
METHODS = {
    "lora": (),
    "adapter": ("data.packing=true", "training.gradient_accumulation_steps=2"),
    "prefix": ("training.gradient_accumulation_steps=2",),
    "full": ("data.packing=true",),
}


def command(method, dataset, run, *more):
    """Return the command line of a run of twelve steps, with packing and accumulation too."""
    quick = [
        o for o in QUICK if not o.startswith(("training.max", "training.save_s", "evaluation.g"))
    ]
    return [sys.executable, "-m", "curate", "train", method, *quick, *LONG, *METHODS[method],
            f"data.dataset={dataset}", "-o", str(run), *more]  # fmt: skip


def until(condition, process):
    """Wait until something holds; the process has to be alive till then."""
    for _ in range(6000):
        if condition():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.01)
    raise TimeoutError


def steps_of(run):
    log = run / "training_losses.jsonl"
    return log.read_bytes().count(b"\n") if log.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_killed_at_any_step_it_is_resumed_to_the_same_bytes(method, dataset, tmp_path):
    """SIGKILL at random moments of the training, each time resumed from what is there."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(method, dataset, whole), check=True, capture_output=True)
    lines = steps_of(whole)
    chance = random.Random(method)
    kills = 0
    while kills < KILLS and not (killed / "run.json").exists():
        saved = any(killed.glob("checkpoints/checkpoint-*/trainer_state.json"))
        how = "--resume" if saved else "--overwrite"
        begun = steps_of(killed) if saved else 0
        target = chance.randint(1, max(1, lines // 5))
        process = subprocess.Popen(
            command(method, dataset, killed, how), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        if not until(lambda: abs(steps_of(killed) - begun) >= target, process):  # noqa: B023
            break
        process.kill()
        process.wait()
        kills += 1
    assert kills >= 2  # a run can be done before the last
    if not (killed / "run.json").exists():
        saved = any(killed.glob("checkpoints/checkpoint-*/trainer_state.json"))
        how = "--resume" if saved else "--overwrite"
        subprocess.run(command(method, dataset, killed, how), check=True, capture_output=True)
    for folder in ("adapter", "model"):
        for path in (whole / folder).glob("*"):
            assert (killed / folder / path.name).read_bytes() == path.read_bytes(), path.name
    name = "training_losses.jsonl"
    assert (killed / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(dataset, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    more = ["training.max_steps=60", "training.save_strategy=no"]
    subprocess.run([*command("lora", dataset, whole), *more], check=True, capture_output=True)
    process = subprocess.Popen(
        [*command("lora", dataset, cut), *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert until(lambda: steps_of(cut) >= 4, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "stopping after this step" in said
    assert "of 60, which is saved; the same command with --resume goes on" in said
    assert "Traceback" not in said
    (checkpoint,) = (cut / "checkpoints").iterdir()
    assert f"stopped after step {checkpoint.name.rpartition('-')[2]} of 60" in said
    resumed = [*command("lora", dataset, cut, "--resume"), *more]
    subprocess.run(resumed, check=True, capture_output=True)
    name = "adapter/adapter_model.safetensors"
    assert (cut / name).read_bytes() == (whole / name).read_bytes()


def test_a_loss_that_is_not_finite_ends_the_run_and_names_its_records(recipe, tmp_path):
    made = recipe("training.learning_rate=1e30", "training.warmup_steps=0",
                  "training.max_grad_norm=0", "evaluation.generate=0")  # fmt: skip
    with pytest.raises(TrainingError, match=r"step \d: the (loss|gradient) is not finite") as found:
        train(made, tmp_path / "run")
    assert "sums:" in str(found.value)
    assert "lower training.learning_rate" in str(found.value)
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_gradient_that_is_not_finite_is_never_taken(recipe, tmp_path, monkeypatch):
    """The loss is finite, its gradient is not: the step is not done, and no checkpoint has it."""

    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(ctx, loss):
            return loss.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient * float("nan")

    from trl import SFTTrainer

    plain, calls = SFTTrainer.compute_loss, []

    def compute_loss(self, *args, **options):
        calls.append(1)
        loss = plain(self, *args, **options)
        return Broken.apply(loss) if len(calls) == 3 else loss

    monkeypatch.setattr(SFTTrainer, "compute_loss", compute_loss)
    with pytest.raises(TrainingError, match=r"step 3: the gradient is not finite; the highest"):
        train(recipe("evaluation.generate=0"), tmp_path / "run")
    assert [p.name for p in (tmp_path / "run" / "checkpoints").iterdir()] == ["checkpoint-2"]


def test_records_that_go_wrong_are_named():
    from curate.tuning.losses import Loss

    losses = TrainingLosses(["a:1", "b:2", "c:3"], ["a", "b", "c"])
    losses.add([Loss(0, 4.0, 2), Loss(1, float("nan"), 3), Loss(2, 9.0, 3)])
    assert losses.wild() == ["b:2"]
    losses = TrainingLosses(["a:1", "b:2", "c:3"], ["a", "b", "c"])
    losses.add([Loss(0, 4.0, 2), Loss(1, 1.0, 3), Loss(2, 9.0, 3)])
    assert losses.wild() == []
    assert losses.highest(2) == ["c:3 (3)", "a:1 (2)"]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_memory_that_runs_out_is_said_with_what_to_lower(dataset, tmp_path, monkeypatch, error):
    from trl import SFTTrainer

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(SFTTrainer, "train", fail)
    done = CliRunner().invoke(
        main, ["train", "lora", *QUICK, f"data.dataset={dataset}", "-o", str(tmp_path / "run")]
    )
    assert done.exit_code == 1, done.output
    assert "error: out of memory: set training.per_device_train_batch_size to 2 and " in done.stderr
    assert "Traceback" not in done.output


def test_another_error_is_no_lack_of_memory(recipe, tmp_path, monkeypatch):
    from trl import SFTTrainer

    def fail(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr(SFTTrainer, "train", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        train(recipe(), tmp_path / "run")


def taking(**parts):
    names = ("parameters", "trainable", "weights", "gradients", "optimizer", "activations",
             "measuring", "checkpoints")  # fmt: skip
    return Forecast(**{**dict.fromkeys(names, 0), **parts})


@pytest.mark.parametrize(
    ("method", "parts", "batch", "memory", "said"),
    [
        # 100 for the weights, 160 for 16 rows: in 150 are 50 for rows, five, so four
        ("lora", {"weights": 100, "activations": 160}, 16, 150,
         "set training.per_device_train_batch_size to 4 and "
         "training.gradient_accumulation_steps to 4, which"),
        ("lora", {"weights": 100, "activations": 160}, 16, 105,
         "set training.activation_checkpointing to true, or lower data.max_length"),
        ("lora", {"weights": 100, "activations": 20}, 1, 110, "set model.load_in_4bit to true"),
        ("full", {"weights": 100, "optimizer": 200, "activations": 1}, 1, 110,
         "take backend.method lora, or training.optim adamw_8bit"),
        ("lora", {"weights": 10, "measuring": 100, "activations": 20}, 8, 50,
         "lower data.max_length, or name shorter records as evaluation.dataset"),
    ],
)  # fmt: skip
def test_what_to_lower_and_by_how_much(method, parts, batch, memory, said):
    recipe = load_recipe(shipped("recipes", f"{method}.yaml"))
    assert what_to_lower(taking(**parts), recipe, batch, memory).startswith(said)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("unshare") or os.geteuid() != 0, reason="needs a tmpfs")
def test_a_full_disk_leaves_the_last_checkpoint_whole(dataset, tmp_path):
    """A tmpfs with room for one checkpoint and a half; the run goes on where there is more."""
    whole, room = tmp_path / "whole", tmp_path / "room"
    subprocess.run(command("full", dataset, whole), check=True, capture_output=True)
    room.mkdir()
    size = sum(p.stat().st_size for p in (whole / "checkpoints" / "checkpoint-12").iterdir())
    script = (
        f"mount -t tmpfs -o size={int(1.5 * size)} none {room} || exit 77\n"
        f"{' '.join(command('full', dataset, room / 'run'))} 2>{tmp_path}/said; code=$?\n"
        f"cp -r {room}/run {tmp_path}/cut; exit $code"
    )
    done = subprocess.run(["unshare", "-m", "bash", "-c", script], capture_output=True, check=False)
    if done.returncode == 77:
        pytest.skip("no tmpfs can be mounted here")
    assert done.returncode == 1
    said = (tmp_path / "said").read_text()
    assert "cannot be written" in said or "No space left on device" in said
    assert "Traceback" not in said
    subprocess.run(
        command("full", dataset, tmp_path / "cut", "--resume"), check=True, capture_output=True
    )
    name = "model/model.safetensors"
    assert (tmp_path / "cut" / name).read_bytes() == (whole / name).read_bytes()
    json.loads((tmp_path / "cut" / "run.json").read_text())
