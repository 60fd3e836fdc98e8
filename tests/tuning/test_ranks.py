"""Two processes on one machine, as `torchrun` and `accelerate launch` start them."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest
from safetensors.torch import load_file

import curate.tuning
from curate.recipe import find_recipe, load_recipe
from curate.shipped import shipped
from curate.tuning.training import train

from .conftest import QUICK

TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
CONFIG = Path(curate.tuning.__file__).parent / "launch" / "ddp.yaml"
ACCELERATE = ("accelerate.commands.launch", "--config_file", str(CONFIG), "--num_processes", "2",
              "--main_process_port", "0", "-m")  # fmt: skip


def launched(launcher, *arguments):
    path = os.pathsep.join([str(shipped("recipes").parent), *sys.path])
    return subprocess.run(
        [sys.executable, "-m", *launcher, "curate", "train", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def losses(run):
    return [json.loads(line) for line in (run / "training_losses.jsonl").open()]


@pytest.mark.slow
def test_two_processes_do_the_work_of_one(recipe, dataset, tmp_path):
    alone, both = tmp_path / "alone", tmp_path / "both"
    said = train(recipe(), alone)
    quick = [o for o in QUICK if "batch_size" not in o]
    done = launched(
        TORCHRUN, "lora", *quick, "training.per_device_train_batch_size=2",
        f"data.dataset={dataset}", "--json", "-o", both,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)  # by the main process alone
    assert told["metrics"]["after"]["loss"] == pytest.approx(
        said["metrics"]["after"]["loss"], rel=1e-4
    )
    assert done.stderr.count("step 4/4") == 1
    assert Counter((row["step"], row["id"]) for row in losses(both)) == Counter(
        (row["step"], row["id"]) for row in losses(alone)
    )
    assert len((both / "metrics.jsonl").read_text().splitlines()) == 4
    answers = [json.loads(line)["id"] for line in (both / "generations.jsonl").open()]
    assert answers == [json.loads(line)["id"] for line in (alone / "generations.jsonl").open()]
    one, other = (load_file(run / "adapter/adapter_model.safetensors") for run in (alone, both))
    assert one.keys() == other.keys()
    assert max((one[key] - other[key]).abs().max().item() for key in one) < 1e-5


@pytest.mark.slow
def test_two_processes_resume_and_fail_as_one(dataset, tmp_path):
    arguments = [*QUICK, f"data.dataset={dataset}", "-o", tmp_path / "run"]
    done = launched(ACCELERATE, "lora", *arguments)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    whole = (run / "adapter/adapter_model.safetensors").read_bytes()
    again = launched(ACCELERATE, "lora", *arguments)
    assert again.returncode == 1
    assert "curate: error: " in again.stderr
    assert "holds a finished run; pass --overwrite to replace it" in again.stderr
    said = json.loads((run / "run.json").read_text())
    started = {"recipe": said["recipe"], "encoding_digest": said["encoding"]["digest"]}
    (run / "started.json").write_bytes(orjson.dumps(started) + b"\n")
    (run / "run.json").unlink()
    shutil.rmtree(run / "checkpoints/checkpoint-4")
    shutil.rmtree(run / "adapter")
    done = launched(ACCELERATE, "lora", *arguments, "--resume")
    assert done.returncode == 0, done.stderr
    assert (run / "adapter/adapter_model.safetensors").read_bytes() == whole
    assert [row["step"] for row in losses(run)] == [1] * 8 + [2] * 8 + [3] * 8 + [4] * 8


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reward", "dpo", "kto", "grpo"])
def test_two_processes_learn_preferences(name, pairs, tmp_path):
    small = [*(o for o in QUICK if "batch_size" not in o), f"data.dataset={pairs}",
             "model.model_name_or_path=tiny", "training.warmup_steps=0",
             "training.max_steps=2"]  # fmt: skip
    if name == "grpo":
        small += ["training.num_generations=4", "training.max_completion_length=6"]
    size = "training.per_device_train_batch_size"
    done = launched(ACCELERATE, name, *small, f"{size}=2", "-o", tmp_path / "both")
    assert done.returncode == 0, done.stderr
    steps = [(row["step"], row["id"]) for row in losses(tmp_path / "both")]
    assert len({*steps}) == (2 if name == "grpo" else 8)
    if name in ("reward", "dpo"):  # what either learns from does not hang on who looks at what
        train(load_recipe(find_recipe(name), [*small, f"{size}=4"]), tmp_path / "alone")
        metrics = [json.loads((tmp_path / run / "run.json").read_text())["metrics"]["after"]
                   for run in ("alone", "both")]  # fmt: skip
        for key in ("loss", "accuracy", "margin"):
            assert metrics[0][key] == pytest.approx(metrics[1][key], abs=1e-4)
