"""Runs of the command line that a real limit or a real signal stops."""

import resource
import signal
import subprocess
import sys
import tempfile

import pytest

from curate.cleaning import clean
from curate.sources import resolve
from curate.steps import STEPS, select_steps


def contents(directory):
    paths = directory.rglob("*")
    return {str(p.relative_to(directory)): p.is_file() and p.read_bytes() for p in paths}


@pytest.fixture
def large(write_rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [
        {"instruction": f"q{i}", "input": "", "output": " ".join(map(str, range(i, i + 250)))}
        for i in range(4000)
    ]
    write_rows(tmp_path / "large.jsonl", rows)
    clean(resolve(["large.jsonl"]), select_steps(STEPS), tmp_path / "reference")
    return tmp_path


def curate(folder, *arguments, **options):
    command = [sys.executable, "-m", "curate", "clean", "large.jsonl", "-o", "out", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, **options
    )


def test_a_file_that_may_not_grow(large):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))

    done = curate(large, preexec_fn=limit)
    assert done.returncode == 1
    place = tempfile.gettempdir()  # where the index of dedup lies
    expected = f"curate: error: {place}: cannot be written: File too large; 1,000 "
    assert done.stderr.startswith(expected)
    assert done.stderr.count("\n") == 1
    assert not (large / "out" / "manifest.json").exists()
    done = curate(large, "--resume")
    assert "out: going on after 1,000 settled records\n" in done.stderr
    assert contents(large / "out") == contents(large / "reference")


def test_a_disk_that_is_full_and_then_larger(large):
    (large / "disk").mkdir()
    script = (
        "mount -t tmpfs -o size=4m none disk || exit 77\n"
        "run() { $0 -m curate clean large.jsonl -o disk/out $1; }\n"
        "run; test $? = 1 || exit 2; test ! -e disk/out/manifest.json || exit 3\n"
        "mount -o remount,size=99m disk && run --resume && cp -r disk/out out"
    )
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    try:
        done = subprocess.run(
            [*command, sys.executable], cwd=large, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare here, so no disk of our own that could be full")
    if done.returncode in (1, 77) and ("unshare" in done.stderr or "mount" in done.stderr):
        pytest.skip(f"no disk can be mounted here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert "cannot be written: No space left on device" in done.stderr
    assert contents(large / "out") == contents(large / "reference")


def test_ctrl_c_says_how_to_go_on(large):
    code = (
        "import signal\n"
        "from curate.checkpoints import Checkpoints\n"
        "from curate.cli import main\n"
        "note = Checkpoints._note\n"
        "def stop(*args): note(*args); signal.raise_signal(signal.SIGINT)\n"
        "Checkpoints._note = stop\n"
        "main(['clean', 'large.jsonl', '-o', 'out'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=large, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.split("\n")[1:] == [
        "curate: 1,000 records are settled and kept: the same command with --resume goes on from "
        "there", "", "Aborted!", "",
    ]  # fmt: skip
