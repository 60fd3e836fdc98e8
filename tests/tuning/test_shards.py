"""FSDP in two processes: what comes out is what one process makes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from safetensors.torch import load_file

import curate.tuning
from curate.errors import UsageError
from curate.recipe import load_recipe
from curate.shipped import shipped
from curate.tuning.configuring import trainer_config
from curate.tuning.training import train

from .conftest import QUICK

CONFIG = Path(curate.tuning.__file__).parent / "launch" / "fsdp.yaml"
SCRIPT = Path(__file__).with_name("shards_on_cpu.py")
HALF = [*(o for o in QUICK if "batch_size" not in o), "training.per_device_train_batch_size=2"]


def sharded(*arguments):
    launch = ("-m", "accelerate.commands.launch", "--config_file", CONFIG, "--num_processes", "2",
              "--main_process_port", "0", SCRIPT, "train")  # fmt: skip
    path = os.pathsep.join([str(shipped("recipes").parent), *sys.path])
    done = subprocess.run(
        [sys.executable, *map(str, launch), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def weights(run):
    (file,) = run.glob("[am]*/*model.safetensors")
    return load_file(file)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["full", "lora", "adapter"])
def test_shards_train_what_one_process_trains(method, dataset, tmp_path):
    alone, both = tmp_path / "alone", tmp_path / "both"
    options = [*QUICK, f"data.dataset={dataset}"]
    said = train(load_recipe(shipped("recipes", f"{method}.yaml"), options), alone)
    sharded(method, *HALF, f"data.dataset={dataset}", "-o", both)
    told = json.loads((both / "run.json").read_text())
    for when in ("before", "after"):
        assert told["metrics"][when]["loss"] == pytest.approx(
            said["metrics"][when]["loss"], rel=1e-4
        )
    assert told["training"]["trainable_parameters"] == said["training"]["trainable_parameters"]
    one, other = weights(alone), weights(both)
    assert one.keys() == other.keys()
    assert max((one[key] - other[key]).abs().max().item() for key in one) < 1e-4


@pytest.mark.slow
def test_a_run_in_shards_goes_on_to_the_same_bytes(dataset, tmp_path):
    arguments = ["lora", *HALF, f"data.dataset={dataset}", "-o", tmp_path / "run"]
    arguments += ["training.save_strategy=steps", "training.save_steps=2", "evaluation.every=2"]
    sharded(*arguments)
    run = tmp_path / "run"
    whole = (run / "adapter/adapter_model.safetensors").read_bytes()
    said = json.loads((run / "run.json").read_text())
    started = {"recipe": said["recipe"], "encoding_digest": said["encoding"]["digest"]}
    (run / "started.json").write_bytes(orjson.dumps(started) + b"\n")
    (run / "run.json").unlink()
    shutil.rmtree(run / "checkpoints/checkpoint-4")
    shutil.rmtree(run / "adapter")
    done = sharded(*arguments, "--resume")
    assert "step 3/4" in done.stderr or "step 4/4" in done.stderr
    assert "step 1/4" not in done.stderr
    assert (run / "adapter/adapter_model.safetensors").read_bytes() == whole


@pytest.mark.parametrize(
    ("environment", "changes", "reason"),
    [
        ({"FSDP_VERSION": "1"}, [], "set fsdp_version to 2"),
        ({}, ["backend.method=prefix"], "backend.method is prefix: its virtual tokens"),
        ({"ACCELERATE_USE_DEEPSPEED": "true"}, [], "DeepSpeed is not supported"),
    ],
)
def test_shards_that_are_not_possible(environment, changes, reason, recipe, monkeypatch):
    for name, value in {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FSDP_CPU_RAM_EFFICIENT_LOADING", "true")
    with pytest.raises(UsageError, match=reason):
        trainer_config(recipe(*changes), None)


def test_every_process_loads_the_base_whole(recipe, monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    monkeypatch.setenv("FSDP_CPU_RAM_EFFICIENT_LOADING", "true")
    trainer_config(recipe(), None)
    assert os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] == "false"
