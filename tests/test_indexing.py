"""An index on disk: made, grown, and as good as the directory that it was made of."""

import multiprocessing
import os
import shutil
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from curate import files
from curate.cli import main
from curate.dataset import read_manifest
from curate.errors import DatasetError, SourceError
from curate.indexing import folder, grow, open_index
from curate.indexing.grow import grow_index
from curate.similarity import clustering, stored
from curate.similarity import index as profiles
from curate.sources import resolve

LONG = (
    "The old lighthouse keeper climbed the narrow stairs every evening before the sun went down "
    "and lit the great lamp so that ships far out at sea could find their way home"
)


def rows(*pairs):
    return [{"instruction": one, "input": "", "output": other} for one, other in pairs]


def curate(*arguments, code=0):
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == code, done.output
    return done.output


def content(path):
    """Return what every file below a folder holds, by name; that it is locked is no content."""
    files = (each for each in Path(path).rglob("*") if each.is_file() and each.name != ".lock")
    return {str(each.relative_to(path)): each.read_bytes() for each in files}


@pytest.fixture
def place(tmp_path, write_rows, monkeypatch):
    """Return a folder with three files, and A, the dataset directory of the first."""
    write_rows(tmp_path / "a.jsonl", rows(("Name a day.", "Friday."), (LONG, "Yes."),
                                          ("Who?", "Tom."), ("Say it.", "cafÃ©")))  # fmt: skip
    write_rows(tmp_path / "b.jsonl", rows(("name a day", "FRIDAY"), ("Name a pet.", "A cat."),
                                          (LONG.replace("find", "see"), "Yes."),
                                          ("Who?", "Ada."), ("Say it", "Café.")))  # fmt: skip
    write_rows(tmp_path / "c.jsonl", rows(("Name a pet!", "a cat"), ("Who?", "Ada"),
                                          (LONG, "yes"), ("Name a sea.", "Red.")))  # fmt: skip
    monkeypatch.chdir(tmp_path)
    curate("clean", "a.jsonl", "-o", "A")
    return tmp_path


def grown(*sources, to="INDEX"):
    return grow_index(resolve(sources), Path(to))


@pytest.mark.parametrize("source", ["A", "a.jsonl"])
@pytest.mark.parametrize("setting", ["normalise.mojibake=false", "dedup.scope=prompt",
                                     "dedup.conflicts=longest"])  # fmt: skip
def test_an_index_is_as_good_as_what_it_was_made_of(place, source, setting):
    curate("index", f"S={source}", "-o", "INDEX")
    curate("clean", "b.jsonl", "-o", "ONE", "--against", f"S={source}", "--set", setting)
    curate("clean", "b.jsonl", "-o", "OTHER", "--against", "S=INDEX", "--set", setting)
    for name in ("train", "dropped", "edits", "clusters", "references"):
        assert (
            Path("ONE", f"{name}.jsonl").read_bytes() == Path("OTHER", f"{name}.jsonl").read_bytes()
        )
    assert len(Path("ONE/dropped.jsonl").read_bytes().splitlines()) >= 2


def test_what_is_stored_is_not_made_again(place, monkeypatch):
    curate("index", "A", "-o", "INDEX")
    seen = []
    real = profiles.profile
    for module in (clustering, profiles):
        monkeypatch.setattr(
            module, "profile", lambda records: seen.extend(r.id for r in records) or real(records)
        )
    curate("clean", "b.jsonl", "-o", "B", "--against", "INDEX")
    assert seen == [f"b:{number}" for number in range(1, 6)]
    (entry,) = read_manifest(Path("B"))["references"]
    assert (entry["set"], entry["path"], entry["layout"], entry["rows"]) == (
        "INDEX", "INDEX/index.json", "index", 4
    )  # fmt: skip


def test_an_index_that_grows_with_every_set(place):
    curate("index", "A", "-o", "INDEX")
    curate("clean", "b.jsonl", "-o", "B", "--against", "INDEX")
    said = curate("index", "B", "-o", "INDEX")
    assert said == "added 2 records; 0 were there already\nindex: INDEX, 6 records\n"
    curate("clean", "c.jsonl", "-o", "C", "--against", "INDEX")
    curate("clean", "a.jsonl", "b.jsonl", "c.jsonl", "-o", "ALL", "--set", "dedup.prefer=[a, b, c]")
    kept = [line for name in "ABC" for line in Path(name, "train.jsonl").read_bytes().splitlines()]
    assert kept == Path("ALL/train.jsonl").read_bytes().splitlines()


def test_what_is_there_is_not_added_again(place):
    assert grown("A") == grow.Growth(4, 0, 4)
    before = content("INDEX")
    assert grown("A") == grow.Growth(0, 4, 4)
    assert content("INDEX") == before
    curate("clean", "b.jsonl", "-o", "B")
    assert grown("A", "B") == grow.Growth(5, 4, 9)
    assert {name: data for name, data in content("INDEX").items() if name in before} == {
        **before, "index.json": content("INDEX")["index.json"]
    }  # fmt: skip
    index = open_index(Path("INDEX"))
    assert [[record.id for record, _ in part.rows()] for part in index.parts] == [
        ["a:1", "a:2", "a:3", "a:4"], ["b:1", "b:2", "b:3", "b:4", "b:5"],
    ]  # fmt: skip
    sources = [entry["path"] for part in index.state["parts"] for entry in part["sources"]]
    assert sources == ["A/train.jsonl", "A/train.jsonl", "B/train.jsonl"]


def test_the_bytes_of_an_index_are_those_of_its_sources(place):
    grown("A", to="ONE")
    grown("A", to="OTHER")
    assert content("ONE") == content("OTHER")


def test_another_record_with_the_same_id_is_refused(place, write_rows):
    grown("A")
    before = content("INDEX")
    write_rows(place / "a.jsonl", rows(("Name a tree.", "An oak.")))
    with pytest.raises(SourceError, match=r"id a:1 \(a\.jsonl:1\) is that of another record"):
        grown("a.jsonl")
    assert content("INDEX") == before
    assert not Path("INDEX/.staging").exists()


def dies(call, time):
    """Return a function that ends the process when it is called for the nth time."""
    calls = 0

    def wrapped(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == time:
            os._exit(9)
        return call(*args, **kwargs)

    return wrapped


POINTS = {
    "in the records": (grow, "_is_known", 3),
    "before the arrays": (stored, "save_profiles", 1),
    "before the part has its number": (grow, "sync_directory", 1),
    "before index.json": (grow, "sync_directory", 2),
    "in index.json": (files, "write_durably", 1),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_run_that_is_killed_leaves_the_index_as_it_was(place, point, monkeypatch):
    grown("A")
    before = content("INDEX")
    module, name, time = POINTS[point]

    def killed():
        monkeypatch.setattr(module, name, dies(getattr(module, name), time))
        grown("b.jsonl")

    child = multiprocessing.get_context("fork").Process(target=killed)
    child.start()
    child.join()
    assert child.exitcode == 9
    assert {name: data for name, data in content("INDEX").items() if name in before} == before
    curate("clean", "b.jsonl", "-o", "B", "--against", "INDEX")
    assert read_manifest(Path("B"))["references"][0]["rows"] == 4
    assert grown("b.jsonl") == grow.Growth(5, 0, 9)
    assert sorted(os.listdir("INDEX")) == [".lock", "1", "2", "index.json"]


def test_two_runs_do_not_grow_one_index(place):
    grown("A")
    with (
        grow._locked(Path("INDEX")),
        pytest.raises(DatasetError, match="another run is growing the index"),
    ):
        grown("b.jsonl")
    assert grown("b.jsonl").added == 5


def damage(path, how):
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-1], "changed": data[:-1] + bytes([data[-1] ^ 1])}[how])


@pytest.mark.parametrize("name", ["1/records.jsonl.zst", "1/shingles.npy", "1/normal.npy"])
@pytest.mark.parametrize("how", ["cut", "changed"])
def test_a_damaged_part_is_told(place, name, how):
    grown("A")
    damage(Path("INDEX", name), how)
    said = curate("clean", "b.jsonl", "-o", "B", "--against", "INDEX", code=1)
    assert f"INDEX/{name}: is damaged: its SHA-256 is not that in index.json" in said
    assert "Traceback" not in said
    assert curate("index", "b.jsonl", "-o", "INDEX", code=1).count("is damaged") == 1


def rewrite(change):
    state = orjson.loads(Path("INDEX/index.json").read_bytes())
    change(state)
    Path("INDEX/index.json").write_bytes(orjson.dumps(state))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.update(schema_version=2), "schema_version is 2, expected 1"),
        (lambda s: s.pop("parts"), "is incomplete: parts is None"),
        (lambda s: s["parts"][0].update(name="../A"), "is incomplete: parts[0] is"),
        (lambda s: s["parts"][0]["files"][0].update(name="../x"), "has the file"),
    ],
)
def test_an_index_file_that_is_not_ours(place, change, said):
    grown("A")
    rewrite(change)
    assert said in curate("clean", "b.jsonl", "-o", "B", "--against", "INDEX", code=1)
    Path("INDEX/index.json").write_bytes(b"{")
    said = curate("clean", "b.jsonl", "-o", "B", "--against", "INDEX", code=1)
    assert "INDEX/index.json: is not valid JSON" in said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda s: s["versions"].update(ftfy="1.0"), "it was made with ftfy 1.0, here is "),
        (lambda s: s.update(profiles="0"), "its profiles are others"),
    ],
)
def test_an_index_of_another_version_serves_by_its_records(place, change, why):
    grown("A")
    curate("clean", "b.jsonl", "-o", "ONE", "--against", "INDEX")
    rewrite(change)
    for path in Path("INDEX/1").glob("*.npy"):
        path.write_bytes(b"")  # no array of it is looked at
    rewrite(lambda s: s["parts"][0].update(files=[]))
    said = curate("clean", "b.jsonl", "-o", "OTHER", "--against", "INDEX")
    assert f"INDEX: the records of the index are looked at anew: {why}" in said
    for name in ("train", "dropped", "clusters", "references"):
        one, other = (Path(out, f"{name}.jsonl").read_bytes() for out in ("ONE", "OTHER"))
        assert one == other
    refused = curate("index", "b.jsonl", "-o", "INDEX", code=1)
    assert f"INDEX: cannot be grown by this version: {why}" in refused


def test_where_an_index_cannot_be(place):
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    assert "holds notes.txt and is no index" in curate("index", "A", "-o", "full", code=1)
    assert "no index" in curate("index", "b.jsonl", "-o", "A", code=1)
    assert "is a file" in curate("index", "A", "-o", "a.jsonl", code=1)
    assert "does not exist" in curate("index", "nowhere", "-o", "INDEX", code=1)
    assert not Path("INDEX").exists()
    grown("A")
    said = curate("clean", "b.jsonl", "-o", "INDEX", "--against", "INDEX", "--overwrite", code=1)
    assert "INDEX: holds the source INDEX/index.json" in said


def test_an_index_is_only_read_by_a_run(place):
    grown("A")
    before = content("INDEX")
    curate("clean", "b.jsonl", "-o", "B", "--against", "INDEX", "--workers", "2")
    curate("clean", "b.jsonl", "-o", "B", "--against", "INDEX", "--resume")
    assert content("INDEX") == before
    shutil.rmtree("INDEX")
    curate("audit", "B")
    assert folder.is_index("INDEX") is False
