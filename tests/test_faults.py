"""Whatever stops a run, at whatever write: what is left is whole, and so is what resumes."""

import errno
import io
import os
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from curate import processes
from curate.cleaning import clean
from curate.dataset import audit
from curate.dataset.staging import COMMIT, read_state
from curate.engines import Engine, passing
from curate.errors import CurateError, DatasetError, SourceError
from curate.records import Dropped
from curate.sources import resolve, streams
from curate.steps import STEPS, RecordStep, SetStep, select_steps

CALLS = ("fsync", "replace", "unlink", "mkdir", "rmdir", "truncate")


class Common(SetStep):
    """Drops what begins as most records do: it has to see all of them before it decides."""

    name = "common"

    def run(self, records, note=None, references=(), noted=None, spread=map):
        firsts = Counter(record.instruction.split()[0] for record in records)
        most = firsts.most_common(1)[0][0]
        for record in records:
            if record.instruction.startswith(f"{most} "):
                yield Dropped(record, self.name, "common", {"count": firsts[most]})
            else:
                yield record


class Shout(RecordStep):
    """Edits and drops after a set step."""

    name = "shout"

    def apply(self, record):
        if record.output == "Quiet.":
            return Dropped(record, self.name, "quiet")
        return record.with_fields(output=record.output.upper())


@pytest.fixture
def sources(messy, write_rows, tmp_path):
    rows = [
        {"instruction": f"{word} it.", "input": "", "output": output, "number": 1.5}
        for word, output in [
            ("Say", "Yes."), ("Say", "No."), ("Do", "Done."), ("Say", "Well ﬁne."),
            ("Do", "Quiet."), ("Go", "cafÃ©"), ("Do", "Done."), ("Stay", ""),
        ]
    ]  # fmt: skip
    return resolve([str(messy), str(write_rows(tmp_path / "other.jsonl", rows))])


@pytest.fixture
def steps():
    return [*select_steps(STEPS), Common(), Shout()]


@pytest.fixture
def run(sources, steps, tmp_path):
    """Return a function that cleans into `out` with a checkpoint after each seventh record."""

    def run(directory=tmp_path / "out", **options):
        return clean(sources, steps, directory, **{"every": 7} | options)

    return run


@pytest.fixture
def reference(run, tmp_path):
    run(tmp_path / "reference")
    return contents(tmp_path / "reference")


def contents(directory):
    paths = directory.rglob("*")
    return {str(p.relative_to(directory)): p.is_file() and p.read_bytes() for p in paths}


class Faults:
    """Counts the calls that change the disk, and makes one of them fail."""

    def __init__(self, monkeypatch):
        self.seen, self.at, self.kind = [], 0, ""
        for name in CALLS:
            monkeypatch.setattr(os, name, self._counted(name, getattr(os, name)))
        real_open = io.open
        monkeypatch.setattr(io, "open", lambda *args, **kw: self._open(real_open, *args, **kw))

    def _counted(self, name, call):
        def counted(*args, **kw):
            self.point(name)
            return None if name == "fsync" else call(*args, **kw)

        return counted

    def _open(self, real_open, path, mode="r", *args, **kw):
        if mode not in ("wb", "ab"):
            return real_open(path, mode, *args, **kw)
        self.point("open")
        return io.BufferedWriter(_Torn(self, path, mode), buffer_size=256)

    def arm(self, at, kind):
        self.seen, self.at, self.kind = [], at, kind

    def due(self):
        """Return whether the next call fails: a full disk stays full, a signal comes once."""
        number = len(self.seen) + 1
        once = self.kind.startswith("SIG")
        return self.kind != "" and (number == self.at if once else number >= self.at)

    def point(self, name):
        fails = self.due()
        self.seen.append(name)
        if not fails:
            return
        if self.kind.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, self.kind))
        else:
            code = getattr(errno, self.kind)
            raise OSError(code, os.strerror(code))


class _Torn(io.FileIO):
    """A file of which the write that fails leaves half of what it was to write."""

    def __init__(self, faults, *args):
        self._faults = faults
        super().__init__(*args)

    def write(self, data):
        if self._faults.due():
            super().write(bytes(data)[: len(data) // 2])
        self._faults.point("write")
        return super().write(data)


@pytest.fixture
def faults(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield Faults(monkeypatch)
    signal.signal(signal.SIGINT, before)


def stopped(run, kind, **options):
    """Run until the fault, in a process of its own where it kills; return what it left to say."""
    if kind == "SIGKILL":
        child = os.fork()
        if not child:
            try:
                run(**options)
            finally:
                os._exit(0)
        assert os.waitpid(child, 0)[1] in (0, signal.SIGKILL)
        return None
    try:
        run(**options)
    except (CurateError, KeyboardInterrupt) as error:  # no other: that would be a traceback
        return error
    return None


@pytest.mark.parametrize(
    ("kind", "over"),
    [("ENOSPC", False), ("EACCES", True), ("SIGINT", True), ("SIGKILL", False), ("SIGKILL", True)],
)
def test_a_fault_at_any_write_is_mended(kind, over, run, sources, faults, reference, tmp_path):
    out, old = tmp_path / "out", tmp_path / "old"
    clean(sources, select_steps(STEPS), old)
    faults.arm(0, "")
    run()
    points = len(faults.seen)
    assert {*faults.seen} == {"open", "write", "fsync", "replace", "unlink", "mkdir", "rmdir"}
    for at in range(1, points + 1):
        shutil.rmtree(out)
        if over:
            shutil.copytree(old, out)
        faults.arm(at, kind)
        error = stopped(run, kind, overwrite=over)
        faults.arm(0, "")
        _check_what_is_left(out, error)
        _go_on(run, out, contents(old))
        assert contents(out) == reference, at


def _check_what_is_left(out, error):
    """Assert that there is no manifest or a whole dataset, and that the error says what to do."""
    if (out / "manifest.json").exists():
        audit(out)
    elif error and (out / ".staging" / "checkpoint.json").exists():
        assert "--resume goes on from there" in "".join(error.__notes__)


def _go_on(run, out, old):
    """Resume; where nothing was noted before the dataset that was there is still whole."""
    if (
        not read_state(out)
        and (out / "manifest.json").exists()
        and old.items() <= contents(out).items()
    ):
        with pytest.raises(DatasetError, match="holds a dataset of another run: steps was"):
            run(resume=True)
        run(overwrite=True)
    else:
        run(resume=True)


def test_a_run_that_is_stopped_again_and_again(run, faults, reference, tmp_path):
    out = tmp_path / "out"
    faults.arm(0, "")
    run()
    points = len(faults.seen)
    shutil.rmtree(out)
    for at in range(points, 10, -7):  # each goes a bit less far than the one before
        faults.arm(at, "SIGINT")
        stopped(run, "SIGINT", resume=True)
        faults.arm(0, "")
        if (out / "manifest.json").exists():
            shutil.rmtree(out)
    run(resume=True)
    assert contents(out) == reference


@pytest.mark.parametrize("moved", [0, 7])
def test_starting_over_can_be_stopped_too(moved, run, faults, reference, monkeypatch, tmp_path):
    out, left = tmp_path / "out", tmp_path / "left"
    names = Path.iterdir  # in the order that is worst here; none is promised
    monkeypatch.setattr(Path, "iterdir", lambda path: iter(sorted(names(path), reverse=True)))
    faults.arm(0, "")
    run()
    moves = [number for number, call in enumerate(faults.seen, 1) if call == "replace"][-8:]
    shutil.rmtree(out)
    faults.arm(moves[moved], "SIGINT")
    stopped(run, "SIGINT")
    faults.arm(0, "")
    assert COMMIT in read_state(out)
    assert len([*out.iterdir()]) == 1 + moved
    out.rename(left)
    for at in range(1, 30):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(left, out)
        faults.arm(at, "SIGINT")
        assert isinstance(stopped(run, "SIGINT"), KeyboardInterrupt)
        faults.arm(0, "")
        run(resume=True)
        assert contents(out) == reference, at


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
def test_a_source_that_fails_at_any_read(code, run, monkeypatch, tmp_path):
    monkeypatch.setattr(streams, "CHUNK", 64)
    run(tmp_path / "reference")
    reads = _count_reads(monkeypatch, 0, code)
    run()
    assert len(reads) > 20
    for at in range(1, len(reads) + 1):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        _count_reads(monkeypatch, at, code)
        with pytest.raises(SourceError, match=f"cannot be read: {os.strerror(code)}"):
            run()
        assert not (tmp_path / "out" / "manifest.json").exists()
        _count_reads(monkeypatch, 0, code)
        run(resume=True)
        assert contents(tmp_path / "out") == contents(tmp_path / "reference")


def _count_reads(monkeypatch, at, code):
    """Let the opening or reading of a source fail, the `at`-th in all; return the list of them."""
    reads = []

    def count():
        reads.append(1)
        if len(reads) == at:
            raise OSError(code, os.strerror(code))

    class Failing(io.FileIO):
        def read(self, size=-1):
            count()
            return super().read(size)

    def failing_open(path, mode, buffering):
        count()
        return Failing(path, mode)

    monkeypatch.setattr(streams, "open", failing_open, raising=False)
    return reads


@pytest.mark.parametrize("kind", ["ENOSPC", "SIGINT", "SIGKILL"])
def test_two_workers(kind, run, faults, reference, monkeypatch, tmp_path):
    monkeypatch.setattr(passing, "_CHUNK", 3)
    monkeypatch.setattr(processes, "_FEW", 1)
    faults.arm(40, kind)
    stopped(run, kind, engine=Engine(workers=2))
    faults.arm(0, "")
    assert read_state(tmp_path / "out")["records"] == 7
    run(resume=True, engine=Engine(workers=2))
    assert contents(tmp_path / "out") == reference
