import json
import os

import pytest

from curate.errors import SourceError, UsageError
from curate.sources import resolve

ROW = '{"instruction": "a", "output": "b"}\n'


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Make files with one row each; stand in their folder."""
    monkeypatch.chdir(tmp_path)

    def tree(*paths):
        for path in paths:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(ROW)

    return tree


def names(*arguments):
    return [(source.name, source.path) for source in resolve(arguments)]


def test_the_name_is_the_file_name_without_its_suffixes(tree):
    tree("facts.v1.jsonl.gz")
    assert names("facts.v1.jsonl.gz") == [("facts.v1", "facts.v1.jsonl.gz")]
    assert names("x=facts.v1.jsonl.gz") == [("x", "facts.v1.jsonl.gz")]


def test_equal_names_get_their_folder_and_then_a_number(tree):
    tree("a/facts.jsonl", "b/facts.json", "b/facts.csv", "c/facts#2.jsonl")
    assert names("a/facts.jsonl", "b/facts.json", "b/facts.csv", "c/facts#2.jsonl") == [
        ("a/facts", "a/facts.jsonl"),
        ("b/facts", "b/facts.json"),
        ("b/facts#2", "b/facts.csv"),
        ("facts#2", "c/facts#2.jsonl"),
    ]


def test_a_given_name_is_never_changed(tree):
    tree("a.jsonl", "facts.jsonl")
    assert names("facts.jsonl", "facts=a.jsonl") == [
        ("facts#2", "facts.jsonl"), ("facts", "a.jsonl")]  # fmt: skip
    with pytest.raises(UsageError, match="x= names several sources"):
        resolve(["x=a.jsonl", "x=facts.jsonl"])


def test_a_folder_gives_its_data_files_sorted_without_the_hidden(tree):
    tree("d/b.jsonl", "d/a/z.csv.zst", "d/README.md", "d/.c.jsonl", "d/.git/e.json", "d/n.txt.gz")
    assert names("d") == [("z", "d/a/z.csv.zst"), ("b", "d/b.jsonl")]
    assert names("N=d") == [("N/z", "d/a/z.csv.zst"), ("N/b", "d/b.jsonl")]
    assert names("d/") == [("z", "d/a/z.csv.zst"), ("b", "d/b.jsonl")]


def test_a_glob_gives_what_it_matches_sorted(tree):
    tree("d/2.jsonl", "d/1.jsonl", "d/e/3.json", "d/x.txt")
    assert names("d/*") == [("1", "d/1.jsonl"), ("2", "d/2.jsonl")]
    assert [path for _, path in names("d/**/*.json*")] == ["d/1.jsonl", "d/2.jsonl", "d/e/3.json"]


def test_a_path_with_an_equals_sign_that_exists_is_a_path(tree):
    tree("a=b.jsonl", "year=2024/c.jsonl")
    assert names("a=b.jsonl", "year=2024/c.jsonl") == [
        ("a=b", "a=b.jsonl"), ("c", "year=2024/c.jsonl")]  # fmt: skip


def test_a_file_named_twice_is_an_error(tree):
    tree("d/a.jsonl")
    os.symlink("d/a.jsonl", "link.jsonl")
    for arguments in (["d", "d/a.jsonl"], ["d/a.jsonl", "./d/a.jsonl"], ["d", "link.jsonl"]):
        with pytest.raises(UsageError, match="its rows would count twice"):
            resolve(arguments)


def test_a_folder_that_links_lead_to_again_is_read_once(tree):
    tree("d/a.jsonl", "d/e/b.jsonl", "d/f/c.jsonl", "g/h.jsonl")
    for link, to in [("d/one", "../d"), ("d/two", "."), ("d/e/up", ".."), ("d/out", ".."),
                     ("d/e/f", "../f"), ("d/f/e", "../e")]:  # fmt: skip
        os.symlink(to, link)
    assert names("d") == [
        ("a", "d/a.jsonl"), ("b", "d/e/b.jsonl"), ("c", "d/e/f/c.jsonl"),
        ("h", "d/out/g/h.jsonl"),
    ]  # fmt: skip


def test_the_folder_to_write_is_no_source_below_another(tree):
    tree("d/a.jsonl", "d/out/train.jsonl", "d/out/dropped.jsonl", "d/out/quarantine.jsonl")
    os.symlink("d/out", "link")
    for out in ("d/out", "./d/../d/out/", "link"):
        assert [s.path for s in resolve(["d"], leave_out=out)] == ["d/a.jsonl"]
    with pytest.raises(SourceError, match="d/out is an unfinished dataset directory"):
        resolve(["d/out"], leave_out="d/out")


def test_a_name_below_a_folder_that_is_not_utf8_is_a_fault_of_the_data(tree):
    tree("d/a.jsonl", os.fsdecode(b"d/b\xff.jsonl"))
    with pytest.raises(SourceError, match=r"^d/b\\udcff\.jsonl: is not UTF-8; rename it$"):
        resolve(["d"])
    with pytest.raises(UsageError, match=r"^d/b\\udcff\.jsonl: is not UTF-8; rename it$"):
        resolve([os.fsdecode(b"d/b\xff.jsonl")])


@pytest.mark.parametrize("to", ["gone.jsonl", "link.jsonl"])
def test_a_link_that_leads_nowhere_is_told(tree, to):
    tree("facts.jsonl")
    os.symlink(to, "link.jsonl")
    with pytest.raises(SourceError, match=r"^link\.jsonl is a link that leads nowhere$"):
        resolve(["link.jsonl"])


@pytest.mark.parametrize(("argument", "error", "message"), [
    ("fact.jsonl", SourceError, r"^fact\.jsonl does not exist \(did you mean facts\.jsonl\?\)$"),
    ("no/x.jsonl", SourceError, r"^no/x\.jsonl does not exist: there is no folder no$"),
    ("notes.txt", UsageError, r"^notes\.txt: unknown suffix\. Allowed: \.json, \.jsonl"),
    ("empty", SourceError, r"^folder empty holds no data file"),
    ("*.tsv", SourceError, r"^no data file matches \*\.tsv"),
    ("", UsageError, r"^a SOURCE is empty"),
    ("hf:a/b:c:d:e", UsageError, r"write hf:OWNER/NAME"),
])  # fmt: skip
def test_what_cannot_be_found_is_told_in_one_line(tree, argument, error, message):
    tree("facts.jsonl", "notes.txt")
    os.mkdir("empty")
    with pytest.raises(error, match=message) as raised:
        resolve([argument])
    assert "\n" not in str(raised.value)


def test_a_file_that_may_not_be_read_is_told(tree, monkeypatch, all_of):
    tree("a.jsonl")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(SourceError, match=r"^a\.jsonl cannot be read: Permission denied$"):
        all_of(resolve(["a.jsonl"])[0])


def test_an_empty_file_in_a_folder_holds_no_rows(tree, all_of):
    tree("d/a.jsonl")
    open("d/b.jsonl", "w").close()
    results = [all_of(source) for source in resolve(["d"])]
    assert [(r.reader.rows, r.reader.layout) for r in results] == [(1, "alpaca"), (0, "")]


RECORD = {
    "id": "web:7", "instruction": "a", "context": "", "output": "b", "system": "",
    "history": [{"role": "tool", "content": "x", "follows_instruction": True}],
    "source": "web", "origin": "web.jsonl:7", "license": "MIT", "meta": {"id": 3},
}  # fmt: skip


def test_a_dataset_directory_gives_its_splits_as_recorded(tree, all_of):
    tree("out/train.jsonl", "out/test.jsonl", "out/dropped.jsonl", "out/quarantine.jsonl")
    with pytest.raises(SourceError, match="out is an unfinished dataset directory"):
        resolve(["out"])
    with open("out/manifest.json", "w") as file:
        json.dump({"schema_version": 1}, file)
    with pytest.raises(SourceError, match=r"^out/manifest\.json: its outputs are none; `cur"):
        resolve(["out"])
    outputs = [{"path": f"{name}.jsonl"} for name in ("train", "test", "dropped", "quarantine")]
    with open("out/manifest.json", "w") as file:
        json.dump({"schema_version": 1, "outputs": outputs}, file)
    tree("out/validation.jsonl", "out/train.parquet", "out/more/x.jsonl")  # of no manifest
    with open("out/train.jsonl", "w") as file:
        file.write(json.dumps(RECORD) + "\n" + ROW)
    train, test = resolve(["out"])
    assert (train.name, train.path, train.split) == ("out/train", "out/train.jsonl", "train")
    assert (test.name, test.split) == ("out/test", "test")
    assert [source.name for source in resolve(["N=out"])] == ["N/train", "N/test"]
    result = all_of(train)
    assert result.records[0].to_dict() == RECORD
    assert result.reader.layout == "curate"
    assert result.quarantined[0].error.startswith(
        "not a record of a dataset directory: its keys are instruction, output; a record has id"
    )


def test_hub_and_standard_input_have_names():
    assert names("hf:o/n", "-", "x=hf:o/m") == [("n", "hf:o/n"), ("stdin", "-"), ("x", "hf:o/m")]
    assert [name for name, _ in names("hf:o/n:train", "hf:o/n:main:test@r")] == [
        "n/train", "n/main/test"]  # fmt: skip
