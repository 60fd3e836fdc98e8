import dataclasses
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.engines.passing import _edit, run_record_steps
from curate.processes import Processes
from curate.records import Record
from curate.steps.normalise import Normalise
from curate.steps.validate import Validate


@given(st.text(max_size=30), st.text(max_size=30))
def test_an_edit_turns_one_text_into_the_other_and_back(old, new):
    for edit in _edit("a", "s", "output", old, new):
        end = edit.at + len(edit.removed)
        assert old[edit.at : end] == edit.removed
        assert old[: edit.at] + edit.inserted + old[end:] == new
    assert list(_edit("a", "s", "output", old, old)) == []


def test_edit_is_as_small_as_it_can_be():
    (edit,) = _edit("a:1", "normalise", "output", "cafÃ© noir", "café noir")
    assert edit.to_dict() == {
        "id": "a:1", "step": "normalise", "field": "output", "at": 3,
        "removed": "Ã©", "inserted": "é",
    }  # fmt: skip


SCRIPT = """
import itertools, os, signal
from curate.engines import run_record_steps
from curate.processes import Processes
from curate.records import Record
from curate.steps.normalise import Normalise

def is_first(once=__file__ + '.once'):
    try:
        os.mkdir(once)
    except FileExistsError:
        return False
    return True

if __name__ == '__main__':
    records = (Record(id=str(i), instruction='é' * 999) for i in itertools.count())
    with Processes(2) as processes:
        for n, _ in enumerate(run_record_steps([Normalise()], records, spread=processes.map)):
            if {at_work} and n == 3000:
                {act}
elif not {at_work} and is_first():  # a worker that is being started
    {act}
"""


def run_script(path, act, *, at_work):
    """Run the script, which does `act` at a moment, until no process holds stdout any more."""
    path.write_text(SCRIPT.format(act=act, at_work=at_work))
    return subprocess.run(
        [sys.executable, path], capture_output=True, text=True, timeout=60, check=False,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize("at_work", [True, False])
def test_ctrl_c_ends_all_workers_at_once(tmp_path, at_work):
    done = run_script(tmp_path / "script.py", "os.killpg(0, signal.SIGINT)", at_work=at_work)
    assert done.stderr.strip().endswith("KeyboardInterrupt")
    assert done.stderr.count("Traceback") == 1


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
@pytest.mark.parametrize("at_work", [True, False])
def test_workers_end_with_their_parent(tmp_path, at_work, name):
    whom = "os.getpid()" if at_work else "os.getppid()"
    act = f"os.kill({whom}, signal.{name})"
    done = run_script(tmp_path / "script.py", act, at_work=at_work)
    assert done.returncode == -getattr(signal, name)
    assert "Traceback" not in done.stderr


def test_workers_change_nothing():
    texts = ["ok", "cafÃ©", " ", "x<|endoftext|>"] * 800  # more than are done here
    records = [Record(id=f"a:{i}", instruction="q", output=t) for i, t in enumerate(texts)]
    steps = [Normalise(), Validate()]
    one = [dataclasses.asdict(p) for p in run_record_steps(steps, records)]
    with Processes(2) as processes:
        passages = run_record_steps(steps, records, spread=processes.map)
        two = [dataclasses.asdict(p) for p in passages]
    assert one == two
    assert [p["result"].get("reason") for p in one[:4]] == [None, None, "empty_output", None]
