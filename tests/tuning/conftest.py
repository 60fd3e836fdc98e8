import pytest

from curate.cleaning import clean
from curate.shipped import shipped
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, select_steps


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """Return a small dataset directory with a validation split, made from the sample."""
    folder = tmp_path_factory.mktemp("data")
    source = resolve([str(shipped("data", "sample", "sums.jsonl"))])
    clean(source, select_steps(STEPS), folder / "clean")
    split_dataset(folder / "clean", folder / "dataset", validation=0.05, test=0.8)
    return folder / "dataset"
