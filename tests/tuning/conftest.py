import json

import pytest
from click.testing import CliRunner

from curate.cleaning import clean
from curate.cli import main
from curate.recipe import load_recipe
from curate.shipped import shipped
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, select_steps

QUICK = (
    "model.dtype=float32",  # on a GPU too: what is compared is compared closely
    "training.max_steps=4", "training.per_device_train_batch_size=4", "training.logging_steps=1",
    "training.save_strategy=steps", "training.save_steps=2", "evaluation.generate=2",
    "evaluation.max_new_tokens=4",
)  # fmt: skip


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """Return a small dataset directory with a validation split, made from the sample."""
    folder = tmp_path_factory.mktemp("data")
    source = resolve([str(shipped("data", "sample", "sums.jsonl"))])
    clean(source, select_steps(STEPS), folder / "clean")
    split_dataset(folder / "clean", folder / "dataset", validation=0.05, test=0.8)
    return folder / "dataset"


def some_of(name, folder, count=40):
    """Return a dataset directory of the first rows of a file of preferences, split."""
    lines = shipped("data", "preferences", f"{name}.jsonl").read_text().splitlines()
    return dataset_of([json.loads(line) for line in lines[:count]], folder)


def dataset_of(rows, folder):
    """Return a dataset directory of the rows, split."""
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    clean(resolve([str(folder / "rows.jsonl")]), select_steps(STEPS), folder / "clean")
    split_dataset(folder / "clean", folder / "dataset", validation=0.2, test=0.0)
    return folder / "dataset"


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    """Return a small dataset directory of preference pairs with a validation split."""
    return some_of("pairs", tmp_path_factory.mktemp("pairs"))


@pytest.fixture
def recipe(dataset):
    """Return a function that makes a recipe of a few steps, with overrides."""

    def make(*overrides):
        path = shipped("recipes", "lora.yaml")
        return load_recipe(path, [*QUICK, f"data.dataset={dataset}", *overrides])

    return make


@pytest.fixture(scope="session")
def finished(tmp_path_factory, dataset):
    """Return a finished run and what `train` said of it."""
    run = tmp_path_factory.mktemp("runs") / "run"
    overrides = [*QUICK, f"data.dataset={dataset}"]
    done = CliRunner().invoke(main, ["train", "lora", *overrides, "-o", str(run), "--json"])
    assert done.exit_code == 0, done.output
    return run, json.loads(done.stdout)
