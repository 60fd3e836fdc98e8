import gzip
import json
import zlib

import orjson
import pytest
import zstandard

from curate.converting import check_file, convert, of_split
from curate.dataset import DatasetWriter
from curate.errors import DatasetError, SourceError, UsageError
from curate.sources import Reader, resolve


@pytest.fixture
def to_file(target):
    """Return a function that converts one source."""

    def to_file(source, name, path, **options):
        return convert(resolve([str(source)]), target(name), path, **options)

    return to_file


@pytest.fixture
def directory(tmp_path, record):
    """Return a function that writes a dataset directory with one record in each split."""

    def write(*splits):
        path = tmp_path / "dataset"
        with DatasetWriter(path) as writer:
            for split in splits:
                writer.keep(record(f"of {split}", origin="o", source="s"), split)
            counts = {"read": 1, "kept": 1, "dropped": 0, "quarantined": 0}
            account = {"sources": [], "steps": [], "counts": counts}
            writer.commit(writer.manifest(command="clean", account=account, seed=None))
        return path

    return write


def test_every_row_is_written_or_left_out_with_its_reason(messy, to_file, read_rows, tmp_path):
    account = to_file(messy, "alpaca", tmp_path / "out.jsonl")
    assert account.to_dict() == {
        "read": 7, "written": 5, "left_out": {"not_text": 1, "unreadable": 1},
        "changed": {}, "columns": {},
        "first": {"left_out": {
            "not_text": "messy:4, output is a number",
            "unreadable": f"{messy}:6: not JSON: Unterminated string starting at character 17",
        }, "changed": {}, "columns": {}},
    }  # fmt: skip
    assert account.loses
    rows = read_rows(tmp_path / "out.jsonl")
    assert [row["output"] for row in rows] == ["Red.", "cafÃ©<|endoftext|>", "  ", "RED.", "A cat."]


def test_the_lines_say_what_and_how_many(write_rows, to_file, tmp_path):
    rows = [
        {"instruction": "a", "input": "c", "output": "b", "prompt": 1},
        {"instruction": "a", "input": "c", "output": None},
        {"instruction": "a", "input": "", "output": "b", "prompt": 1},
    ]
    path = write_rows(tmp_path / "in.jsonl", rows)
    account = to_file(path, "prompt-completion", tmp_path / "out.jsonl")
    assert account.read == 3
    assert list(account.lines()) == [
        "left out 1: a field is not text (first: in:2, output is null)",
        "column 'prompt' left out of 2 rows: the layout has no place for one of this name "
        "(first: in:1)",
        "changed 1: the context stands in the prompt now, after a blank line (first: in:1)",
    ]


ROWS = [{"instruction": "é\u2028", "input": "", "output": "b"},
        {"instruction": "c", "input": "", "output": "d"}]  # fmt: skip


@pytest.mark.parametrize(("name", "unpack"), [
    ("a.jsonl", bytes), ("a.json", bytes), ("a.jsonl.gz", gzip.decompress),
    ("a.json.gz", gzip.decompress),
    ("a.json.zst", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
])  # fmt: skip
def test_the_suffix_says_the_form(write_rows, to_file, tmp_path, name, unpack):
    source = write_rows(tmp_path / "in.jsonl", ROWS)
    path = tmp_path / name
    to_file(source, "alpaca", path)
    text = unpack(path.read_bytes()).decode()
    found = json.loads(text) if ".json" == name[1:6] and "jsonl" not in name else [
        json.loads(line) for line in text.removesuffix("\n").split("\n")
    ]  # fmt: skip
    assert found == ROWS
    assert [item.instruction for item in Reader(resolve([str(path)])[0])] == ["é\u2028", "c"]
    before = path.read_bytes()
    to_file(source, "alpaca", path, overwrite=True)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["in.jsonl", name])


def test_a_packed_file_does_not_carry_the_time(write_rows, to_file, tmp_path):
    path = tmp_path / "out.jsonl.gz"
    to_file(write_rows(tmp_path / "in.jsonl", ROWS), "alpaca", path)
    assert path.read_bytes()[4:8] == b"\0\0\0\0"
    assert zlib.decompress(path.read_bytes(), wbits=31).count(b"\n") == 2


def test_a_run_that_breaks_off_leaves_the_old_file_and_nothing_else(write_rows, to_file, tmp_path):
    source = write_rows(tmp_path / "in.jsonl", ROWS * 600)
    path = tmp_path / "out.jsonl"

    def interrupt(read):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to_file(source, "alpaca", path, progress=interrupt)
    assert [p.name for p in tmp_path.iterdir()] == ["in.jsonl"]
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        to_file(source, "alpaca", path, overwrite=True, progress=interrupt)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_no_file_where_nothing_can_be_written(write_rows, to_file, tmp_path):
    source = write_rows(tmp_path / "in.jsonl", [{"instruction": "a", "output": None}])
    with pytest.raises(SourceError, match="no record can be written; left out 1: a field is not"):
        to_file(source, "alpaca", tmp_path / "out.jsonl")
    assert [p.name for p in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize(("name", "to", "kind", "message"), [
    ("out.csv", "alpaca", UsageError, r"unknown suffix\. Allowed: \.jsonl \.json"),
    ("out.parquet", "alpaca", UsageError, "unknown suffix"),
    ("out", "alpaca", UsageError, "unknown suffix"),
    ("out.json.gz", "llama-factory", UsageError, r"llama-factory reads no \.gz"),
    ("in.jsonl", "alpaca", DatasetError, r"is the source .*in\.jsonl"),
    ("link.jsonl", "alpaca", DatasetError, r"is the source .*in\.jsonl"),
    ("folder.json", "alpaca", DatasetError, "is a folder"),
    ("dataset/train.jsonl", "alpaca", DatasetError, "lies in a dataset directory"),
    ("dataset/out.jsonl", "alpaca", DatasetError, "lies in a dataset directory"),
])  # fmt: skip
def test_files_that_are_not_written(
    write_rows, directory, target, tmp_path, name, to, kind, message
):
    directory("train")
    source = write_rows(tmp_path / "in.jsonl", ROWS)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.jsonl").symlink_to(source)
    found = resolve([str(source)])
    with pytest.raises(kind, match=message):
        check_file(tmp_path / name, target(to), found, overwrite=True)
    assert orjson.loads(source.read_bytes().splitlines()[1]) == ROWS[1]


def test_a_file_is_replaced_only_when_asked(write_rows, to_file, tmp_path):
    source = write_rows(tmp_path / "in.jsonl", ROWS)
    path = write_rows(tmp_path / "out.jsonl", ROWS[:1])
    with pytest.raises(DatasetError, match=r"out\.jsonl: is there already; pass --overwrite"):
        to_file(source, "alpaca", path)
    to_file(source, "alpaca", path, overwrite=True)
    assert path.read_bytes().count(b"\n") == 2


def test_a_folder_that_is_not_there_is_named(write_rows, to_file, tmp_path):
    source = write_rows(tmp_path / "in.jsonl", ROWS)
    with pytest.raises(DatasetError, match=r"no/out\.jsonl: cannot be written: No such file"):
        to_file(source, "alpaca", tmp_path / "no" / "out.jsonl")


def test_of_several_splits_one_has_to_be_named(directory, write_rows, tmp_path):
    both = resolve([str(directory("train", "test"))])
    with pytest.raises(UsageError, match=r"holds train, test, and one FILE .*--split"):
        of_split(both, None)
    assert [source.split for source in of_split(both, "test")] == ["test"]
    with pytest.raises(UsageError, match=r"--split dev: no such split \(found: train, test\)"):
        of_split(both, "dev")
    plain = resolve([str(write_rows(tmp_path / "in.jsonl", ROWS))])
    assert of_split(plain, None) == plain
    with pytest.raises(UsageError, match="no SOURCE is a dataset directory"):
        of_split(plain, "train")


def test_the_only_split_needs_no_name(directory, to_file, read_rows, tmp_path):
    account = to_file(directory("train"), "messages", tmp_path / "out.jsonl")
    assert (account.read, account.loses) == (1, False)
    [row] = read_rows(tmp_path / "out.jsonl")
    assert [message["content"] for message in row["messages"]] == ["of train", "A"]
