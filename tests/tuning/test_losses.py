"""Whose loss it is: alone, padded, packed, and over several batches of one step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import DatasetError, UsageError
from curate.prompts.chunks import Chunk
from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings
from curate.prompts.templates import find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import ModelSettings
from curate.records import Record
from curate.tuning.answers import batch_losses, losses_of
from curate.tuning.collating import Collator, pack, rows_of
from curate.tuning.losses import Loss, TrainingLosses, by_source, record_losses
from curate.tuning.models import load_model
from curate.tuning.rows import Rows, check_packing, check_rows

RECORDS = [
    Record(id=f"{'ab'[n % 2]}:{n}", source="ab"[n % 2], instruction="Add. " * (n % 5 + 1),
           output="Three. " * (n % 3 + 1))
    for n in range(9)
]  # fmt: skip
SIZE = 200


@pytest.fixture(scope="module")
def model():
    return load_model(ModelSettings(model_name_or_path="tiny", dtype="float32")).eval()


@pytest.fixture(scope="module")
def examples():
    encoder = Encoder(
        find_template("alpaca"), load_tokenizer("tiny"), EncodeSettings(max_length=SIZE)
    )
    return list(encoder.encode_all(RECORDS))


@pytest.fixture(scope="module")
def alone(model, examples):
    """Return the mean loss of each record, as the model itself tells it."""
    import torch

    found = {}
    for at, example in enumerate(examples):
        with torch.inference_mode():
            rows = [example.input_ids], [example.labels]
            ids, labels = (torch.tensor(row, device=model.device) for row in rows)
            found[at] = model(ids, labels=labels).loss.item()
    return found


def rows_for(examples):
    return Rows(Chunk(examples, None, 0, 0), [r.source for r in RECORDS], "key", False, [])


@given(st.lists(st.integers(1, 12), max_size=30), st.integers(12, 30))
def test_packing_loses_nothing_and_overfills_no_row(lengths, size):
    rows = pack(lengths, size)
    assert sorted(place for row in rows for place in row) == list(range(len(lengths)))
    assert all(sum(lengths[place] for place in row) <= size for row in rows)
    assert rows == sorted(sorted(row) for row in rows)
    # No two rows would fit into one: best fit leaves no such pair.
    sums = sorted(sum(lengths[place] for place in row) for row in rows)
    assert len(sums) < 2 or sums[0] + sums[1] > size


def test_a_batch_says_whose_each_token_is(examples):
    rows = [
        {"input_ids": [1, 5, 6, 1, 7], "labels": [-100, 5, 6, -100, 7], "records": [3, 3, 3, 0, 0]},
        {"input_ids": [1, 8], "labels": [-100, 8], "records": [4, 4]},
    ]
    batch = {name: tensor.tolist() for name, tensor in Collator(9, packed=True)(rows).items()}
    assert batch == {
        "input_ids": [[1, 5, 6, 1, 7], [1, 8, 9, 9, 9]],
        "labels": [[-100, 5, 6, -100, 7], [-100, 8, -100, -100, -100]],
        "records": [[3, 3, 3, 0, 0], [4, 4, -1, -1, -1]],
        "position_ids": [[0, 1, 2, 0, 1], [0, 1, 0, 1, 2]],
    }
    padded = Collator(9)(rows[1:] + rows[1:])
    assert padded["attention_mask"].tolist() == [[1, 1], [1, 1]]
    assert Collator(9)(rows)["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]
    assert "position_ids" not in padded


def test_loss_by_record_by_hand():
    import torch

    labels = torch.tensor([[-100, 5, 6, -100, 7], [-100, 8, -100, -100, -100]])
    records = torch.tensor([[3, 3, 3, 0, 0], [4, 4, -1, -1, -1]])
    losses = torch.tensor([[1.0, 2.0, 50.0, 4.0], [8.0, 60.0, 60.0, 60.0]])
    wanted = [Loss(0, 4.0, 1), Loss(3, 3.0, 2), Loss(4, 8.0, 1)]
    assert record_losses(losses, labels, records) == wanted
    # A method may put tokens in front: their columns are passed over.
    wider = torch.cat([torch.full((2, 3), 70.0), losses], dim=1)
    assert record_losses(wider, labels, records) == wanted
    assert Loss(3, 3.0, 2).mean == 1.5


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("batch", [1, 3, 9])
def test_the_loss_of_a_record_in_a_batch_is_its_loss_alone(model, examples, alone, packed, batch):
    import torch

    lengths = [len(example.input_ids) for example in examples]
    places = pack(lengths, SIZE) if packed else [[at] for at in range(len(examples))]
    assert (max(map(len, places)) > 1) == packed
    columns = rows_of(examples, places)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    found = {}
    for start in range(0, len(rows), batch):
        with torch.inference_mode():
            made = Collator(0, packed=packed)(rows[start : start + batch])
            found |= {loss.record: loss.mean for loss in batch_losses(model, made)}
    assert found == pytest.approx(alone, rel=1e-4)
    assert {loss.record: loss.mean for loss in losses_of(model, examples, pad=0)} == pytest.approx(
        alone, rel=1e-4
    )


def test_a_model_that_sees_neighbours_is_refused(model, examples):
    import datasets

    lengths = [len(example.input_ids) for example in examples]
    rows = datasets.Dataset.from_dict(rows_of(examples, pack(lengths, SIZE)))
    check_packing(model, rows, Collator(0, packed=True), examples)

    class Blind(Collator):
        def __call__(self, rows):
            batch = super().__call__(rows)
            del batch["position_ids"]
            return batch

    with pytest.raises(UsageError, match="lets packed records see each other"):
        check_packing(model, rows, Blind(0, packed=True), examples)


def test_rows_that_differ_are_named(examples):
    import datasets

    rows = rows_for(examples)
    columns = rows_of(examples, [[at] for at in range(len(examples))])
    check_rows(datasets.Dataset.from_dict(columns), Collator(0), rows)
    short = {name: column[:-1] for name, column in columns.items()}
    with pytest.raises(DatasetError, match="record a:8 has 0 input_ids"):
        check_rows(datasets.Dataset.from_dict(short), Collator(0), rows)
    columns["labels"][2][0] = 7
    with pytest.raises(DatasetError, match=r"record a:2: labels\[0\] is 7, encoded as -100"):
        check_rows(datasets.Dataset.from_dict(columns), Collator(0), rows)


def test_sources_weigh_every_token_the_same():
    losses = TrainingLosses(["a:1", "b:1", "a:2"], ["a", "b", "a"])
    losses.add([Loss(0, 3.0, 2), Loss(1, 5.0, 1)])
    losses.add([Loss(2, 1.0, 2)])
    assert losses.take_step(1) == [
        {"step": 1, "id": "a:1", "tokens": 2, "loss": 1.5},
        {"step": 1, "id": "b:1", "tokens": 1, "loss": 5.0},
        {"step": 1, "id": "a:2", "tokens": 2, "loss": 0.5},
    ]
    losses.add([Loss(0, 9.0, 2)])
    assert losses.take_step(2) == [{"step": 2, "id": "a:1", "tokens": 2, "loss": 4.5}]
    assert losses.take_sources() == {"a": pytest.approx(13 / 6, abs=1e-6), "b": 5.0}
    assert losses.take_sources() == {}
    assert by_source([], []) == {}


def test_a_run_tells_the_loss_of_its_records(finished, read_rows):
    run, said = finished
    held_out = read_rows(run / "losses.jsonl")
    metrics = said["metrics"]
    assert len(held_out) == metrics["before"]["records"]
    for when in ("before", "after"):
        total = sum(row[when] * row["tokens"] for row in held_out)
        tokens = sum(row["tokens"] for row in held_out)
        assert metrics[when]["loss"] == pytest.approx(total / tokens, abs=1e-5)
        assert metrics[when]["loss_by_source"] == {
            "sums": {"records": len(held_out), "tokens": tokens, "loss": metrics[when]["loss"]}
        }
    trained = read_rows(run / "training_losses.jsonl")
    logged = read_rows(run / "metrics.jsonl")
    assert [row["step"] for row in trained] == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert len({row["id"] for row in trained}) == 16
    for row in logged:
        own = [other for other in trained if other["step"] == row["step"]]
        mean = sum(o["loss"] * o["tokens"] for o in own) / sum(o["tokens"] for o in own)
        assert row["loss_by_source"] == {"sums": pytest.approx(mean, abs=1e-5)}
        assert row["loss"] == pytest.approx(mean, abs=1e-4)


def test_labels_begin_where_something_can_predict_them(examples):
    assert all(example.labels[0] == IGNORE_INDEX for example in examples)
