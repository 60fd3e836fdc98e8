"""The tensors that reach the model are what the preview shows, and `generate` asks no other way."""

import json

import pytest
from click.testing import CliRunner

from curate.cli import main
from curate.prompts.encode import IGNORE_INDEX, Encoder, load_tokenizer
from curate.prompts.templates import find_template, list_templates
from curate.recipe import ModelSettings
from curate.records import Record
from curate.tuning import training
from curate.tuning.answers import answer
from curate.tuning.models import load_model
from curate.tuning.training import train

PADDED = ("training.per_device_train_batch_size=4",)
PACKED = ("data.packing=true", "training.per_device_train_batch_size=2")
ACCUMULATED = ("training.gradient_accumulation_steps=3",)


@pytest.fixture
def fed(monkeypatch):
    """Return what reaches the model in training: the keyword tensors of each forward pass."""
    found = []
    real = training.make_trainer

    def note(model, args, kwargs):
        if model.training:
            names = {"input_ids", "labels", "attention_mask", "position_ids"} & {*kwargs}
            found.append({name: kwargs[name].tolist() for name in names})

    def watching(*args, **options):
        trainer = real(*args, **options)
        trainer.model.register_forward_pre_hook(note, with_kwargs=True)
        return trainer

    monkeypatch.setattr(training, "make_trainer", watching)
    return found


def previewed(dataset, *options):
    """Return ids and labels of `curate preview --json`, and its digest."""
    arguments = ["preview", str(dataset), "-m", "tiny", *options, "--json"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    *rows, last = map(json.loads, done.stdout.splitlines())
    return [(row["input_ids"], row["labels"]) for row in rows if "input_ids" in row], last["digest"]


def examples_in(batch, pad):
    """Yield ids and labels of each record in a batch, as the model could tell them apart."""
    for at, (ids, labels) in enumerate(zip(batch["input_ids"], batch["labels"], strict=True)):
        if "attention_mask" in batch:
            mask = batch["attention_mask"][at]
            size = sum(mask)
            assert mask == [1] * size + [0] * (len(mask) - size)
            assert labels[size:] == [IGNORE_INDEX] * (len(mask) - size)
            yield ids[:size], labels[:size]
            continue
        starts = [i for i, position in enumerate(batch["position_ids"][at]) if position == 0]
        for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
            assert batch["position_ids"][at][start:end] == list(range(end - start))
            if {*ids[start:end]} == {pad}:
                assert end == len(ids)
                assert {*labels[start:end]} == {IGNORE_INDEX}
            else:
                yield ids[start:end], labels[start:end]


@pytest.mark.parametrize(
    ("overrides", "batches", "least"),
    [
        (PADDED, 1, 4),
        (PACKED, 1, 5),
        ((*PADDED, *ACCUMULATED), 3, 12),
        ((*PACKED, *ACCUMULATED), 3, 15),
    ],
    ids=["padded", "packed", "padded and accumulated", "packed and accumulated"],
)
@pytest.mark.parametrize("loss", ["completion", "all"])
def test_the_first_step_sees_what_the_preview_shows(
    recipe, dataset, tmp_path, fed, overrides, batches, least, loss
):
    shown, digest = previewed(dataset, "-t", "alpaca", "--max-length", "400", "--loss", loss)
    said = train(
        recipe(
            "data.max_length=400", f"data.loss={loss}", "training.max_steps=1",
            "evaluation.generate=0", *overrides,
        ),
        tmp_path / "run",
    )  # fmt: skip
    assert said["encoding"]["digest"] == digest
    assert len(fed) == batches
    assert all(("position_ids" in batch) == (overrides[0] == PACKED[0]) for batch in fed)
    seen = [example for batch in fed for example in examples_in(batch, pad=0)]
    assert len(seen) >= least
    for example in seen:
        shown.remove(example)  # each is one of the preview's, and comes once


def test_an_epoch_sees_every_row_of_the_preview_once(recipe, dataset, tmp_path, fed):
    shown, _ = previewed(dataset, "-t", "alpaca", "--max-length", "400")
    train(
        recipe("data.max_length=400", "training.num_train_epochs=1", "training.max_steps=-1",
               "evaluation.generate=0", *PACKED),
        tmp_path / "run",
    )  # fmt: skip
    seen = [example for batch in fed for example in examples_in(batch, pad=0)]
    assert sorted(seen) == sorted(shown)


@pytest.fixture(scope="module")
def model():
    return load_model(ModelSettings(model_name_or_path="tiny", dtype="float32"))


@pytest.mark.parametrize("name", [*(template.name for template in list_templates()), "chat"])
def test_generate_is_asked_what_stands_before_the_loss(model, name, monkeypatch):
    records = [
        Record(id="a:1", instruction="Add one and two.", output="Three."),
        Record(id="a:2", instruction="Which? </s>", context="Mars is red.", system="Be brief.",
               output=" Mars", history=[{"role": "user", "content": "Hi."},
                                        {"role": "assistant", "content": "Hello."}]),
    ]  # fmt: skip
    encoder = Encoder(find_template(name), load_tokenizer("tiny"))
    asked = []
    real = type(model).generate

    def spy(self, *args, **options):
        pairs = zip(options["input_ids"].tolist(), options["attention_mask"].tolist(), strict=True)
        asked.extend(ids[mask.index(1) :] for ids, mask in pairs)
        return real(self, *args, **options)

    monkeypatch.setattr(type(model), "generate", spy)
    answer(model, encoder, [record.with_fields(output="") for record in records], max_new_tokens=1)
    wanted = []
    for example in map(encoder.encode, records):
        first = next(at for at, label in enumerate(example.labels) if label != IGNORE_INDEX)
        wanted.append(example.input_ids[:first])
    assert asked == wanted
