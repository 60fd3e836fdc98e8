import dataclasses
import json
import shutil
import subprocess
import sys

import orjson
import pytest
import torch
import yaml
from click.testing import CliRunner

from curate.cli import main
from curate.dataset import read_records
from curate.errors import CurateError, DatasetError, ModelError, UsageError
from curate.prompts.encode import IGNORE_INDEX, Encoder
from curate.prompts.templates import find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import ModelSettings
from curate.records import Record
from curate.shipped import shipped
from curate.tuning.card import model_card
from curate.tuning.encoding import encoder_of
from curate.tuning.generate import Tuned
from curate.tuning.measuring import held_out, measure
from curate.tuning.models import weights_dtype
from curate.tuning.saving import load_tuned
from curate.tuning.training import train

ADAPTER = ("adapter_config.json", "adapter_model.safetensors")


def test_the_run_directory_is_as_the_contract_has_it(finished, read_rows):
    run, said = finished
    assert sorted(p.name for p in run.iterdir()) == [
        "README.md", "adapter", "checkpoints", "encoded.jsonl.zst", "generations.jsonl", "loss.png",
        "losses.jsonl", "metrics.jsonl", "resources.json", "run.json", "template.jinja",
        "training_losses.jsonl",
    ]  # fmt: skip
    assert sorted(p.name for p in (run / "adapter").iterdir()) == sorted(ADAPTER)
    assert all(p.stat().st_mode & 0o777 == 0o644 for p in (run / "adapter").iterdir())
    assert sorted(p.name for p in (run / "checkpoints").iterdir()) == [
        "checkpoint-2",
        "checkpoint-4",
    ]
    resources = json.loads((run / "resources.json").read_text())
    assert json.loads((run / "run.json").read_text()) | {"resources": resources} == said
    assert [row["step"] for row in read_rows(run / "metrics.jsonl")] == [1, 2, 3, 4]
    assert len(read_rows(run / "generations.jsonl")) == 2
    assert said["training"]["steps"] == 4
    assert said["metrics"]["after"]["loss"] < said["metrics"]["before"]["loss"]
    assert said["base_model"]["name"] == "tiny"
    assert len(said["base_model"]["sha256"]) == 64


def test_nothing_of_the_machine_is_in_the_adapter(finished):
    run, _ = finished
    config = json.loads((run / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"
    assert config["target_modules"] == sorted(config["target_modules"])
    assert str(run.parent) not in (run / "README.md").read_text()


def test_the_digest_is_the_one_that_preview_prints(finished, dataset):
    _, said = finished
    arguments = ["preview", str(dataset), "-t", "alpaca", "-m", "tiny"]
    done = CliRunner().invoke(main, [*arguments, "--json"])
    last = json.loads(done.stdout.splitlines()[-1])
    assert last == {"digest": said["encoding"]["digest"], "records": said["encoding"]["examples"]}


def test_rows_that_were_not_previewed_are_refused(finished, recipe, tmp_path):
    _, said = finished
    digest = said["encoding"]["digest"]
    with pytest.raises(DatasetError, match="they are not those that were previewed"):
        train(recipe(f"data.digest={digest}", "data.loss=all"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    train(recipe(f"data.digest={digest}", "training.max_steps=1"), tmp_path / "run")


def test_the_adapter_loads_with_plain_peft(finished):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    run, _ = finished
    base = AutoModelForCausalLM.from_pretrained(shipped("data", "tiny"), dtype=torch.float32)
    ids = torch.arange(10, 20)[None]
    with torch.inference_mode():
        before = base(ids).logits
        tuned = PeftModel.from_pretrained(base, run / "adapter").eval()
        assert not torch.equal(tuned(ids).logits, before)
        with tuned.disable_adapter():
            assert torch.equal(tuned(ids).logits, before)


def test_the_same_seed_gives_the_same_bytes(finished, recipe, tmp_path):
    run, _ = finished
    train(recipe(), tmp_path / "again")
    for name in ADAPTER:
        again = (tmp_path / "again" / "adapter" / name).read_bytes()
        assert again == (run / "adapter" / name).read_bytes(), name
    train(recipe("seed=1"), tmp_path / "other")
    other = (tmp_path / "other" / "adapter" / ADAPTER[1]).read_bytes()
    assert other != (run / "adapter" / ADAPTER[1]).read_bytes()


def test_a_run_tells_what_it_took(finished, dataset, read_rows):
    run, said = finished
    encoder = Encoder(find_template("alpaca"), load_tokenizer("tiny"))
    lengths = {r.id: len(encoder.encode(r).input_ids) for _, r in read_records(dataset, ["train"])}
    seen = [lengths[row["id"]] for row in read_rows(run / "training_losses.jsonl")]
    took = said["resources"]
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    assert (took["device"], took["processes"]) == (device, 1)
    assert len(seen) == 16
    assert took["tokens"] == sum(seen)
    assert took["tokens_per_second"] == pytest.approx(sum(seen) / took["seconds"], rel=0.05)
    assert 50e6 < took["peak_memory_bytes"] < 100e9


def test_a_resumed_run_ends_in_the_same_bytes(finished, recipe, tmp_path):
    run, said = finished
    half = tmp_path / "half"
    train(recipe("training.save_total_limit=3"), half)
    started = {"recipe": recipe("training.save_total_limit=3").model_dump(mode="json"),
               "encoding_digest": said["encoding"]["digest"]}  # fmt: skip
    (half / "run.json").unlink()
    (half / "started.json").write_bytes(orjson.dumps(started) + b"\n")
    # killed while it wrote the last checkpoint: the one before is whole
    (half / "checkpoints" / "checkpoint-4" / "trainer_state.json").write_text('{"epoch"')
    shutil.rmtree(half / "adapter")
    with pytest.raises(DatasetError, match="are not those of the run to resume"):
        train(recipe("training.save_total_limit=3", "seed=9"), half, resume=True)
    train(recipe("training.save_total_limit=3"), half, resume=True)
    for name in ADAPTER:
        assert (half / "adapter" / name).read_bytes() == (run / "adapter" / name).read_bytes(), name
    steps = [json.loads(line)["step"] for line in (half / "metrics.jsonl").open()]
    assert steps == [1, 2, 3, 4]


def test_generate_feeds_the_ids_that_were_trained_on(finished, monkeypatch):
    import transformers

    run, _ = finished
    record = Record(id="a:1", instruction="Add one and two.", output="Three.")
    encoder = Encoder(find_template("alpaca"), load_tokenizer("tiny"))
    example = encoder.encode(record)
    prompt = [i for i, label in zip(example.input_ids, example.labels, strict=True)
              if label == IGNORE_INDEX]  # fmt: skip
    fed = []
    real = transformers.GenerationMixin.generate

    def spy(self, *args, **kwargs):
        fed.append(kwargs["input_ids"][0].tolist())
        return real(self, *args, **kwargs)

    monkeypatch.setattr(transformers.GenerationMixin, "generate", spy)
    monkeypatch.setattr("peft.PeftModelForCausalLM.generate", spy_peft(fed), raising=True)
    Tuned(run).answer([record.with_fields(output="")], max_new_tokens=2)
    assert fed[0] == prompt


def spy_peft(fed):
    import peft

    real = peft.PeftModelForCausalLM.generate

    def spy(self, *args, **kwargs):
        fed.append(kwargs["input_ids"][0].tolist())
        return real(self, *args, **kwargs)

    return spy


def test_the_model_s_own_chat_template_is_asked_as_it_was_trained(recipe, tmp_path):
    said = train(recipe("data.template=chat", "training.max_steps=1"), tmp_path / "run")
    assert said["template"]["name"] == "chat"
    Tuned(tmp_path / "run").answer(
        [Record(id="a:1", instruction="Add one and two.")], max_new_tokens=2
    )


def test_another_base_model_is_noticed(finished, tmp_path):
    run, said = finished
    shutil.copytree(run, tmp_path / "run")
    said = said | {"base_model": {**said["base_model"], "sha256": "0" * 64}}
    (tmp_path / "run" / "run.json").write_text(json.dumps(said))
    with pytest.raises(ModelError, match="tiny: is not the base model that the run was tuned on"):
        Tuned(tmp_path / "run").answer([Record(id="a:1", instruction="Add.")], max_new_tokens=2)


def test_a_changed_template_is_noticed(finished, tmp_path):
    run, _ = finished
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    (copy / "template.jinja").write_text("{{ instruction }}{% generation %}{% endgeneration %}")
    with pytest.raises(DatasetError, match="is not the template of the run"):
        Tuned(copy).answer([Record(id="a:1", instruction="x")], max_new_tokens=1)


@pytest.mark.parametrize(
    ("override", "error", "message"),
    [
        ("training.learning_rate=abc", UsageError, "training.learning_rate is abc: .* number"),
        ("training.learning_rate=.nan", UsageError, "training.learning_rate is nan"),
        ("training.max_steps=0", UsageError, "training.max_steps is 0"),
        ("training.per_device_train_batch_size=0", UsageError, "batch_size is 0"),
        (
            "training.packing=true",
            UsageError,
            "training.packing: Curate sets this; use data.packing",
        ),
        ("training.eval_strategy=steps", UsageError, "use evaluation.every"),
        ("training.report_to=wandb", UsageError, "training: .*wandb"),
        ("training.fsdp=full_shard", UsageError, "training"),
        ("backend.target_modules=zz", UsageError, "backend.target_modules is zz: .*not found"),
        ("backend.target_modules=(", UsageError, r"backend.target_modules is \("),
        ("training.max_step=4", UsageError, "training.max_step: no such key.*'max_steps'"),
        ("training.max_length=4", UsageError, "Curate sets this; use data.max_length"),
        ("training.lr_scheduler_type=zigzag", UsageError, "_type is zigzag: it has"),
        ("model.model_name_or_path=./no-model", ModelError, "no-model: no such folder"),
        ("data.dataset=no-data", DatasetError, "no-data: no such dataset directory"),
        ("data.template=alpacca", CurateError, "alpaca"),
        ("data.max_length=5", DatasetError, "no record is left to train on: .* longer than"),
        ("evaluation.dataset=no-data.json", CurateError, "no-data"),
    ],
)
def test_what_cannot_be_trained_is_said_at_once(recipe, tmp_path, override, error, message):
    with pytest.raises(error, match=message):
        train(recipe(override), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_overwritten_unasked(finished, recipe):
    run, _ = finished
    with pytest.raises(DatasetError, match="holds a finished run; pass --overwrite"):
        train(recipe(), run)
    with pytest.raises(DatasetError, match="there is nothing to resume"):
        train(recipe(), run, resume=True)


def test_a_recipe_that_cannot_run_leaves_the_old_run(finished, recipe):
    run, _ = finished
    with pytest.raises(CurateError, match="alpacca"):
        train(recipe("data.template=alpacca"), run, overwrite=True)
    assert (run / "run.json").exists()


def test_an_adapter_of_somebody_else_is_left_alone(recipe, tmp_path):
    (tmp_path / "adapter").mkdir()
    with pytest.raises(DatasetError, match="holds adapter and is no run directory"):
        train(recipe(), tmp_path, overwrite=True)
    assert (tmp_path / "adapter").exists()


def damaged(name, data):
    def damage(run):
        if data is None:
            (run / name).unlink()
        else:
            (run / name).write_bytes(data)

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damaged("run.json", None), "no run directory or an unfinished one"),
        (damaged("run.json", b"{"), "not valid JSON"),
        (damaged("run.json", b'{"schema_version": 1}'), "names no template"),
        (
            damaged("run.json", b'{"schema_version": 1, "template": {"name": "a", "hash": "b"}}'),
            "its recipe is not one",
        ),
        (damaged("template.jinja", None), "cannot be read"),
        (damaged("template.jinja", b"\xff"), "cannot be read"),
        (damaged("adapter/adapter_config.json", None), "holds no adapter"),
        (damaged("adapter/adapter_config.json", b"{}"), "cannot be loaded"),
        (damaged("adapter/adapter_model.safetensors", b"junk"), "cannot be loaded"),
    ],
)
def test_a_damaged_run_is_one_line(finished, tmp_path, damage, message):
    run, _ = finished
    shutil.copytree(run, tmp_path / "run")
    damage(tmp_path / "run")
    with pytest.raises(DatasetError, match=message):
        Tuned(tmp_path / "run").answer([Record(id="a:1", instruction="Add.")], max_new_tokens=2)


def test_a_question_longer_than_the_run_s_limit_is_said(finished):
    run, _ = finished
    with pytest.raises(UsageError, match=r"the question has .* tokens, .* at most 1024"):
        Tuned(run).answer([Record(id="a:1", instruction="why " * 600)], max_new_tokens=2)


def test_a_foreign_folder_is_left_alone(recipe, tmp_path):
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(DatasetError, match=r"thesis\.txt and is no run directory"):
        train(recipe(), tmp_path, overwrite=True)
    assert (tmp_path / "thesis.txt").exists()


def test_records_too_long_are_counted(dataset, recipe, tmp_path):
    encoder = Encoder(find_template("alpaca"), load_tokenizer("tiny"))
    records = [record for _, record in read_records(dataset, ["train"])]
    lengths = {record.id: len(encoder.encode(record).input_ids) for record in records}
    limit = sorted(lengths.values())[len(lengths) // 2]
    said = train(recipe(f"data.max_length={limit}", "training.max_steps=1"), tmp_path / "run")
    too_long = [id for id, length in lengths.items() if length > limit]
    assert said["encoding"]["over_length"] == too_long
    assert said["encoding"]["examples"] == len(records) - len(too_long)
    assert too_long


def test_rows_other_than_those_encoded_stop_the_run(recipe, tmp_path, monkeypatch):
    from curate.tuning import training

    real = training.make_trainer

    def tampering(model, prepared, directory):
        rows = prepared.rows
        first = dataclasses.replace(rows.examples[0], labels=rows.examples[0].input_ids)
        items = [first, *rows.chunk.items[1:]]
        other = dataclasses.replace(rows, chunk=dataclasses.replace(rows.chunk, items=items))
        return real(model, dataclasses.replace(prepared, rows=other), directory)

    monkeypatch.setattr(training, "make_trainer", tampering)
    with pytest.raises(DatasetError, match=r"not what was encoded: record sums:\d+: labels\[0\]"):
        train(recipe(), tmp_path / "run")


def test_missing_packages_are_named(monkeypatch):
    from curate.tuning.models import require_tuning

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "trl" else 1)
    with pytest.raises(ModelError, match=r"trl not installed: .*curate\[tune\]"):
        require_tuning()


def test_generate_answers_on_the_command_line(finished):
    run, _ = finished
    code = "from curate.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "generate", str(run), "--instruction", "Add one and two."],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("asked", "saved", "whole", "gpu", "expected"),
    [
        ("auto", "float16", False, False, "float32"),
        ("auto", "bfloat16", False, True, "bfloat16"),
        ("auto", "float16", False, True, "bfloat16"),
        ("auto", None, False, True, "float32"),
        ("auto", "bfloat16", True, True, "float32"),
        ("bfloat16", "float32", True, True, "bfloat16"),
        ("float16", "bfloat16", False, False, "float16"),
    ],
)
def test_the_type_of_the_weights(asked, saved, whole, gpu, expected):
    settings = ModelSettings(model_name_or_path="tiny", dtype=asked)
    found = weights_dtype(settings, saved and getattr(torch, saved), whole=whole, gpu=gpu)
    assert found is getattr(torch, expected)


def test_what_was_trained_in_half_precision_is_measured_as_it_is_loaded(recipe, tmp_path):
    settings = recipe("training.bf16=true", "training.max_steps=1", "evaluation.generate=0")
    said = train(settings, tmp_path / "run")
    tuned = load_tuned(tmp_path / "run", said)
    again = measure(
        tuned, encoder_of(tmp_path / "run", said), held_out(settings), generate=0, max_new_tokens=1
    )
    assert again.metrics["loss"] == said["metrics"]["after"]["loss"]


def test_the_card_is_one_for_the_hub_and_says_how_sure_its_figures_are(finished):
    from huggingface_hub import ModelCard

    run, said = finished
    card = ModelCard((run / "README.md").read_text())
    assert card.data.library_name == "peft"
    assert card.data.tags == ["curate", "sft", "lora"]
    assert card.data.base_model is None  # the tiny model is none of the hub
    after = said["metrics"]["after"]
    low, high = after["intervals"]["loss"]
    assert f"{after['loss']:.3f} ({low:.3f} to {high:.3f}) |" in card.text
    assert said["dataset"]["digest"] in card.text
    recipe = yaml.safe_load(card.text.partition("```yaml\n")[2].partition("```")[0])
    assert recipe == said["recipe"]


def test_the_card_names_a_base_of_the_hub(finished):
    from huggingface_hub import ModelCard

    _, said = finished
    named = {**said, "base_model": {**said["base_model"], "name": "some/model-1B"}}
    assert ModelCard(model_card(named)).data.base_model == "some/model-1B"
