import shutil
from contextlib import contextmanager
from unittest import mock

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import pipeline
from curate.cleaning import clean
from curate.dataset import audit, read_manifest
from curate.dataset.staging import read_state
from curate.errors import DatasetError, SourceError, UsageError
from curate.sources import Reader, resolve
from curate.steps import STEPS, select_steps


@contextmanager
def failing_after(rows):
    """Let reading fail after so many rows of a source."""

    class Failing(Reader):
        def __iter__(self):
            for number, item in enumerate(super().__iter__()):
                if number == rows:
                    raise SourceError("the cable was pulled")
                yield item

    with mock.patch.object(pipeline, "Reader", Failing):
        yield


def contents(directory):
    paths = directory.rglob("*")
    return {str(p.relative_to(directory)): p.is_file() and p.read_bytes() for p in paths}


def rows_of(number):
    outputs = ("Yes.", "", "cafÃ©", "No.")
    return [
        {"instruction": f"q{i % 17}", "input": "", "output": outputs[i % 4], "number": i}
        for i in range(number)
    ]


@pytest.fixture
def source(write_rows, tmp_path):
    return write_rows(tmp_path / "in.jsonl", rows_of(40))


@pytest.fixture
def run(source, tmp_path):
    """Return a function that cleans `in.jsonl`, and takes what it is told."""

    def run(*, name="out", map=None, layout=None, talk=lambda message: None, skip=(), **options):
        sources = resolve([str(source)], mapping=map, layout=layout)
        steps = select_steps(STEPS, skip=skip, settings=options.pop("settings", ()))
        return clean(sources, steps, tmp_path / name, every=10, talk=talk, **options)

    return run


@pytest.fixture
def stopped(run, tmp_path):
    """Return the directory of a run that stopped after 25 records, 20 of them noted."""
    with failing_after(25), pytest.raises(SourceError, match="the cable was pulled") as raised:
        run()
    assert raised.value.__notes__ == [
        "20 records are settled and kept: the same command with --resume goes on from there"
    ]
    assert not (tmp_path / "out" / "manifest.json").exists()
    return tmp_path / "out"


@given(
    stops=st.lists(st.integers(0, 39), max_size=4),
    every=st.integers(1, 50),
    skip=st.sampled_from([(), ("dedup",), ("normalise", "validate"), tuple(s.name for s in STEPS)]),
)
@settings(max_examples=60)
def test_stopped_at_any_record_it_ends_in_the_same_bytes(stops, every, skip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    lines = [orjson.dumps(row) + b"\n" for row in rows_of(40)]
    (folder / "in.jsonl").write_bytes(b"".join(lines))
    sources = resolve([str(folder / "in.jsonl")])
    steps = select_steps(STEPS, skip=skip)
    clean(sources, steps, folder / "whole")
    for stop in stops:
        with failing_after(stop), pytest.raises(SourceError, match="cable"):
            clean(sources, steps, folder / "out", resume=True, every=every)
    clean(sources, steps, folder / "out", resume=True, every=every)
    assert contents(folder / "out") == contents(folder / "whole")
    shutil.rmtree(folder)


def test_it_says_from_where_it_goes_on_and_skips_what_is_settled(run, stopped, monkeypatch):
    said, passed = [], []
    validate = STEPS[[step.name for step in STEPS].index("validate")]
    apply = validate.apply
    monkeypatch.setattr(
        validate, "apply", lambda self, record: passed.append(record.id) or apply(self, record)
    )
    run(resume=True, talk=said.append)
    assert said == [f"{stopped}: going on after 20 settled records"]
    assert passed == [f"in:{line}" for line in range(21, 41)]


def test_without_resume_the_run_starts_over(run, stopped, source, write_rows):
    write_rows(source, rows_of(12))
    run()
    audit(stopped)
    assert read_manifest(stopped)["counts"]["read"] == 12


def test_where_nothing_was_begun_it_starts_with_the_first_record(run, tmp_path):
    said = []
    run(resume=True, talk=said.append)
    assert said == [f"{tmp_path / 'out'}: nothing to go on with; starting with the first record"]
    run(name="whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_finished_run_is_left_as_it_is(run, tmp_path):
    manifest, said = run(), []
    before = contents(tmp_path / "out")
    assert run(resume=True, talk=said.append) == manifest
    assert said == [f"{tmp_path / 'out'}: is finished; nothing is left to do"]
    assert contents(tmp_path / "out") == before


def test_what_was_added_behind_the_checkpoint_is_read(run, stopped, source, write_rows, tmp_path):
    write_rows(source, rows_of(60))
    run(resume=True)
    run(name="whole")
    assert contents(stopped) == contents(tmp_path / "whole")


OTHER = {
    "an option": ({"settings": ["validate.max_chars=5"]}, "settings.validate.max_chars was 100000"),
    "a step less": ({"skip": ["dedup"]}, r"steps was \['dedup'\], is \[\]"),
    "a mapping": ({"map": {"output": "input"}}, r"in.mapping.output was None, is input"),
}


@pytest.mark.parametrize("name", OTHER)
@pytest.mark.parametrize("end", [False, True])
def test_another_run_is_refused_with_what_differs(name, end, run, stopped):
    options, message = OTHER[name]
    if end:
        run(resume=True)
    before = contents(stopped)
    what = "holds a dataset of another run" if end else "the run that stopped there was another"
    with pytest.raises(DatasetError, match=f"{what}.*{message}.* --resume"):
        run(resume=True, **options)
    assert contents(stopped) == before


def test_a_layout_that_is_forced_now_is_another_run(run, stopped):
    with pytest.raises(DatasetError, match=r"options\.in\.layout was None, is alpaca"):
        run(resume=True, layout="alpaca")
    run(resume=True)
    run(resume=True, layout="alpaca")  # it is the one that was recognised
    with pytest.raises(DatasetError, match=r"source\.in\.layout was alpaca, is dolly"):
        run(resume=True, layout="dolly")


def changed(rows, number):
    """Change a column that the steps do not look at."""
    return [row | {"number": -1} if index == number else row for index, row in enumerate(rows)]


def test_sources_that_changed_before_the_checkpoint_are_refused(run, stopped, source, write_rows):
    before = contents(stopped)
    for rows in (changed(rows_of(40), 19), rows_of(19), rows_of(41)[1:]):
        write_rows(source, rows)
        with pytest.raises(DatasetError, match="do not give the 20 records that the run") as raised:
            run(resume=True)
        assert "start over without --resume" in str(raised.value)
        note = ".staging/checkpoint.json"
        assert contents(stopped)[note] == before[note]
    write_rows(source, changed(rows_of(40), 20))
    run(resume=True)
    audit(stopped)


def test_sources_that_changed_after_the_end_are_refused(run, source, write_rows):
    run()
    write_rows(source, changed(rows_of(40), 39))
    with pytest.raises(DatasetError, match=r"another run: source\.in\.sha256 was "):
        run(resume=True)


def test_staged_files_that_changed_are_refused(run, stopped):
    passed = stopped / ".staging" / "1.passed.jsonl"
    data = passed.read_bytes()
    for bad, message in (
        (data[:50], "is shorter than"),
        (data.replace(b"q3", b"q4"), "is not what"),
    ):
        passed.write_bytes(bad)
        with pytest.raises(DatasetError, match=rf"1\.passed\.jsonl: {message} its checkpoint says"):
            run(resume=True)
    run()
    audit(stopped)


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"run": 1}'])
def test_a_checkpoint_that_cannot_be_read_is_one_line(note, run, stopped):
    path = stopped / ".staging" / "checkpoint.json"
    path.write_bytes(note)
    with pytest.raises(DatasetError, match="--resume"):
        run(resume=True)


def test_a_checkpoint_without_its_parts_is_one_line(run, stopped):
    path = stopped / ".staging" / "checkpoint.json"
    note = read_state(stopped)
    del note["digest"]
    path.write_bytes(orjson.dumps(note))
    with pytest.raises(DatasetError, match="its checkpoint has no 'digest'"):
        run(resume=True)


def test_what_cannot_go_on_is_refused(run, tmp_path):
    with pytest.raises(UsageError, match="--overwrite begins one anew"):
        run(resume=True, overwrite=True)
    with pytest.raises(UsageError, match="standard input can be read once only"):
        clean(resolve(["-"]), [], tmp_path / "out", resume=True)
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_that_names_files_elsewhere_is_refused(run, stopped, source):
    note = read_state(stopped)
    note["files"]["../../in.jsonl"] = {"size": 0, "sha256": ""}
    (stopped / ".staging" / "checkpoint.json").write_bytes(orjson.dumps(note))
    before = source.read_bytes()
    with pytest.raises(DatasetError, match=r"\.\./\.\./in\.jsonl is no name of a staged file"):
        run(resume=True)
    assert source.read_bytes() == before


def test_standard_input_leaves_no_checkpoint(source, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", source.open())
    with failing_after(25), pytest.raises(SourceError, match="cable") as raised:
        clean(resolve(["-"]), select_steps(STEPS), tmp_path / "out", every=1)
    assert not hasattr(raised.value, "__notes__")
    assert not (tmp_path / "out").exists()


def test_replacing_a_dataset_goes_on_too(run, tmp_path):
    run(skip=["dedup"])
    old = contents(tmp_path / "out")
    with failing_after(25), pytest.raises(SourceError):
        run(overwrite=True)
    assert {name: contents(tmp_path / "out")[name] for name in old} == old
    run(resume=True)
    run(name="whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
