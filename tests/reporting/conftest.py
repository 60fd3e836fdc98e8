import pytest

from curate.inspecting import inspect
from curate.sources import resolve


@pytest.fixture
def look():
    """Return a function that inspects a file and gives the report."""
    return lambda path, **options: inspect(resolve([str(path)]), **options)
