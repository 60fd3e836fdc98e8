import pytest

from curate.cleaning import clean
from curate.dataset import audit, read_manifest, read_records
from curate.errors import DatasetError, SourceError, UsageError
from curate.records import Record
from curate.sources import resolve
from curate.splitting import split_dataset, split_of
from curate.steps import STEPS, select_steps

HALF = {"validation": 0.25, "test": 0.25, "seed": 0}


@pytest.fixture
def made(write_rows, tmp_path):
    rows = [
        {"instruction": f"Question {i}?", "input": f"Story {i % 40}.", "output": f"{i}"}
        for i in range(400)
    ]
    path = write_rows(
        tmp_path / "rows.jsonl", [*rows, {"instruction": "", "input": "", "output": ""}]
    )
    clean(resolve([str(path)]), select_steps(STEPS), tmp_path / "clean")
    return tmp_path / "clean"


def test_a_context_is_never_torn_apart(made, tmp_path):
    split_dataset(made, tmp_path / "split", validation=0.25, test=0.25)
    places = {}
    for split, record in read_records(tmp_path / "split"):
        places.setdefault(record.context, set()).add(split)
    assert len(places) == 40
    assert all(len(splits) == 1 for splits in places.values())
    assert {next(iter(s)) for s in places.values()} == {"train", "validation", "test"}


def test_nothing_to_split_is_said(write_rows, tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", [{"instruction": "", "input": "", "output": ""}])
    with pytest.raises(SourceError, match="no record is left"):
        clean(resolve([str(path)]), select_steps(STEPS), tmp_path / "none")
    with pytest.raises(DatasetError, match="none: holds no record to split"):
        split_dataset(tmp_path / "none", tmp_path / "split")
    assert not (tmp_path / "split").exists()


def test_the_account_comes_along(made, tmp_path):
    counts = split_dataset(made, tmp_path / "split")
    manifest = read_manifest(tmp_path / "split")
    assert sum(counts.values()) == 400
    assert manifest["counts"] == {"read": 401, "kept": 400, "dropped": 1, "quarantined": 0}
    assert manifest["steps"][-1]["name"] == "split"
    audit(tmp_path / "split")


def test_more_records_move_no_old_one():
    records = [Record(id=f"a:{i}", instruction=f"q {i}", output="a") for i in range(200)]
    before = {r.id: split_of(r, **HALF) for r in records}
    assert {r.id: split_of(r, **HALF) for r in reversed(records)} == before
    assert set(before.values()) == {"train", "validation", "test"}


def test_the_seed_changes_the_split():
    records = [Record(id=f"a:{i}", instruction=f"q {i}", output="a") for i in range(200)]
    assert [split_of(r, **HALF) for r in records] != [
        split_of(r, **{**HALF, "seed": 1}) for r in records
    ]


def test_the_same_prompt_with_another_answer_goes_along():
    one = Record(id="a", instruction="Who is it?", output="Tom.")
    two = Record(id="b", instruction="who is  it?", output="Anna.")
    for seed in range(20):
        assert split_of(one, **{**HALF, "seed": seed}) == split_of(two, **{**HALF, "seed": seed})


def test_a_damaged_dataset_is_not_split(made, tmp_path):
    path = made / "train.jsonl"
    path.write_bytes(path.read_bytes().partition(b"\n")[2])
    with pytest.raises(DatasetError, match="has 399 rows, the manifest says 400"):
        split_dataset(made, tmp_path / "split")


def test_nothing_to_train_on_is_refused(made, tmp_path):
    with pytest.raises(DatasetError, match="nothing would be left to train on"):
        split_dataset(made, tmp_path / "split", validation=0.0, test=0.999999)
    assert not (tmp_path / "split").exists()


def test_refusals(made, tmp_path):
    with pytest.raises(UsageError, match="together below 1"):
        split_dataset(made, tmp_path / "x", validation=0.5, test=0.5)
    with pytest.raises(UsageError, match="is the source"):
        split_dataset(made, made, overwrite=True)
    with pytest.raises(DatasetError, match="no such dataset directory"):
        split_dataset(tmp_path / "nothing", tmp_path / "x")
