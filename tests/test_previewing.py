import pytest

from curate.errors import SourceError
from curate.previewing import Choice, chosen
from curate.sources import resolve


@pytest.fixture
def source(tmp_path, write_rows):
    """A folder of two sources; the outputs of `a` have 1 to 9 characters, those of `b` 3 and 12."""
    for name, sizes in (("a", range(1, 10)), ("b", (3, 12))):
        rows = [{"instruction": "Q", "input": "", "output": "x" * size} for size in sizes]
        write_rows(tmp_path / f"{name}.jsonl", rows)
    return tmp_path


def ids(folder, **choice):
    return [record.id for record in chosen(resolve([str(folder)]), Choice(**choice), "here")]


def test_the_first_ones_and_no_more_is_read(source):
    (source / "b.jsonl").write_text("no JSON\n" * 200)
    assert ids(source, limit=2) == ["a:1", "a:2"]
    with pytest.raises(SourceError, match="no readable row"):
        ids(source, limit=20)


def test_the_last_id_found_ends_the_reading(source):
    (source / "b.jsonl").write_text("no JSON\n" * 200)
    assert ids(source, ids=("a:9", "a:2")) == ["a:2", "a:9"]


def test_ids_that_are_not_there_are_named(source):
    with pytest.raises(SourceError) as told:
        ids(source, ids=("a:1", "c:1", "b:3\n", "c:1"))
    assert str(told.value) == (
        "here: has no record 'c:1', 'b:3\\n'; `curate explain DIR ID` tells what became of it"
    )
    with pytest.raises(SourceError, match=r"'0', .*'9' and 5 more;"):
        ids(source, ids=tuple(map(str, range(15))))


def test_one_source_of_several(source):
    assert ids(source, source="b") == ["b:1", "b:2"]
    assert ids(source, source="a", limit=1) == ["a:1"]
    with pytest.raises(SourceError) as told:
        ids(source, source="bb")
    assert str(told.value) == "here: has no record of the source 'bb'; it has 'a', 'b'"
    with pytest.raises(SourceError, match="no record of the source ''"):
        ids(source, source="")


def test_the_longest_come_first_and_of_equals_the_one_read_first(source):
    assert ids(source, longest=True, limit=3) == ["b:2", "a:9", "a:8"]
    assert ids(source, longest=True)[-4:] == ["a:3", "b:1", "a:2", "a:1"]
    assert ids(source, longest=True, source="a", limit=1) == ["a:9"]


def test_a_draw_depends_on_seed_and_ids_alone(source):
    drawn = ids(source, seed=0, limit=4)
    assert len({*drawn}) == 4
    assert ids(source, seed=0, limit=2) == drawn[:2]
    assert ids(source, seed=1, limit=4) != drawn
    (source / "a.jsonl").write_text("".join(reversed((source / "b.jsonl").open().readlines())))
    assert ids(source, seed=0, source="b") == [id_ for id_ in ids(source, seed=0) if id_[0] == "b"]


def test_nothing_to_show_is_told(tmp_path, capsys):
    (tmp_path / "a.jsonl").write_text('{"instruction": "Q", "output": "A"}\n' + "no\n")
    assert ids(tmp_path) == ["a:1"]
    assert "a.jsonl:2: left out: " in capsys.readouterr().err
    (tmp_path / "a.jsonl").write_text('{"instruction": "Q", "output": "A"}\n' + "no\n" * 99)
    assert ids(tmp_path) == ["a:1"]
    lines = capsys.readouterr().err.splitlines()
    assert [len(lines), lines[-1]] == [
        11, "89 rows more left out; `curate inspect` tells of all"
    ]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(SourceError, match=r"^here: has no readable record$"):
        ids(tmp_path)
