"""Every recipe that ships dry-runs, and those of the tiny model run."""

import json

import pytest
from click.testing import CliRunner

from curate.cli import main
from curate.recipe import find_recipe, load_recipe, shipped_recipes

from .conftest import QUICK


def run(*arguments):
    done = CliRunner().invoke(main, ["train", *map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


PAIRED = ("reward", "dpo", "kto")


@pytest.mark.parametrize("name", shipped_recipes())
def test_it_dry_runs(name, dataset, pairs):
    """Those of real models on the tiny one: nothing is fetched in tests."""
    dataset = pairs if name in PAIRED else dataset
    small = "model.model_name_or_path=tiny", "data.template=alpaca", f"data.dataset={dataset}"
    said = run(name, *small, "--dry-run")
    assert said["steps"] >= 1
    assert 0 < said["trainable"] <= said["parameters"]


TINY = [
    name
    for name in shipped_recipes()
    if load_recipe(find_recipe(name)).model.model_name_or_path == "tiny"
]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*TINY} - {"lora", "adapter", "prefix", "full"}))
def test_it_runs(name, dataset, pairs, tmp_path):
    dataset = pairs if name in PAIRED else dataset
    said = run(name, *QUICK, f"data.dataset={dataset}", "-o", tmp_path / "run")
    before, after = (said["metrics"][when]["loss"] for when in ("before", "after"))
    assert after != before if name == "reward" else after < before  # a head at zero takes longer


@pytest.mark.parametrize("name", ["dpo", "kto", "grpo"])
def test_it_goes_on_from_what_the_recipe_lora_made(name, finished, dataset, pairs, tmp_path):
    data = f"data.dataset={pairs if name in PAIRED else dataset}"
    more = ["training.num_generations=4"] if name == "grpo" else []
    start = f"model.model_name_or_path={finished[0]}"
    said = run(name, *QUICK, data, start, *more, "-o", tmp_path / "run")
    assert said["metrics"]["before"]["kl"] == 0
    assert said["base_model"]["start"]["run"] == str(finished[0])


def test_the_others_of_the_tiny_model_are_run_elsewhere():
    assert {"lora", "adapter", "prefix", "full"} <= {*TINY}
