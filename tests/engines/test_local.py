import dataclasses
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from curate.engines.local import _edit, run_record_steps
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


def test_ctrl_c_ends_all_workers_at_once(tmp_path):
    code = (
        "import itertools, os, signal, threading\n"
        "from curate.engines import run_record_steps\n"
        "from curate.records import Record\n"
        "from curate.steps.normalise import Normalise\n"
        "if __name__ == '__main__':\n"
        "    records = (Record(id=str(i), instruction='é' * 999) for i in itertools.count())\n"
        "    for n, _ in enumerate(run_record_steps([Normalise()], records, workers=2)):\n"
        "        if n == 3000: os.killpg(0, signal.SIGINT)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, check=False,
        start_new_session=True,
    )  # fmt: skip
    assert done.stderr.strip().endswith("KeyboardInterrupt")
    assert done.stderr.count("Traceback") == 1


def test_workers_change_nothing():
    texts = ["ok", "cafÃ©", " ", "x<|endoftext|>"] * 400
    records = [Record(id=f"a:{i}", instruction="q", output=t) for i, t in enumerate(texts)]
    steps = [Normalise(), Validate()]
    one = [dataclasses.asdict(p) for p in run_record_steps(steps, records)]
    two = [dataclasses.asdict(p) for p in run_record_steps(steps, records, workers=2)]
    assert one == two
    assert [p["result"].get("reason") for p in one[:4]] == [None, None, "empty_output", None]
