import os
import signal
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import settings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

# No deadline: these machines are noisy. The same examples each time where a run decides.
settings.register_profile("curate", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("curate")

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

Rows = list[dict]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the snapshots of templates anew."""
    parser.addoption("--rewrite-snapshots", action="store_true", help="Write tests/**/snapshots.")


@pytest.fixture
def write_rows() -> Callable[[Path, Rows], Path]:
    """Return a function that writes rows as JSON lines."""

    def write(path: Path, rows: Rows) -> Path:
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        return path

    return write


@pytest.fixture
def read_rows() -> Callable[[Path], Rows]:
    """Return a function that reads JSON lines."""
    return lambda path: [orjson.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def messy(tmp_path: Path, write_rows: Callable) -> Path:
    """Return a file with one record of every fate.

    Lines: 1 kept, 2 edited and kept, 3 empty output, 4 a number as output, 5 a duplicate of 1,
    6 not JSON, 7 kept.
    """
    rows = [
        {"instruction": "Name a colour.", "input": "", "output": "Red."},
        {"instruction": "Say it.\r\n", "input": "", "output": "cafÃ©<|endoftext|>"},
        {"instruction": "Name a day.", "input": "", "output": "  "},
        {"instruction": "Add 2 and 2.", "input": "", "output": 4},
        {"instruction": "name a  colour.", "input": "", "output": "RED."},
    ]
    path = write_rows(tmp_path / "messy.jsonl", rows)
    good = orjson.dumps({"instruction": "Name a pet.", "input": "", "output": "A cat."})
    path.write_bytes(path.read_bytes() + b'{"instruction": "Na\n' + good + b"\n")
    return path
