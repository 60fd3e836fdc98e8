import pytest

from curate.converting import TARGETS
from curate.records import Record


@pytest.fixture
def record():
    """Return a function that makes a record of its content alone."""

    def make(instruction="Q", output="A", **fields):
        return Record(id="s:1", instruction=instruction, output=output, **fields)

    return make


@pytest.fixture
def target():
    """Return a function that gives a target by its name."""
    return {each.name: each for each in TARGETS}.__getitem__
