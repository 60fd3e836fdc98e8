"""Each way to tune, through the whole of `train`."""

import json
import shutil
import subprocess
import sys

import orjson
import pytest
from click.testing import CliRunner

from curate.cli import main
from curate.errors import DatasetError, ModelError, UsageError
from curate.recipe import load_recipe
from curate.records import Record
from curate.shipped import shipped
from curate.tuning.generate import Tuned
from curate.tuning.training import train

QUICK = (
    "model.dtype=float32",  # on a GPU too: what is compared is compared closely
    "training.max_steps=4", "training.per_device_train_batch_size=4", "training.logging_steps=1",
    "training.save_strategy=steps", "training.save_steps=2", "training.save_total_limit=3",
    "evaluation.generate=2", "evaluation.max_new_tokens=4",
)  # fmt: skip
METHODS = {  # what is saved where, and how many of 935,040 parameters the shipped recipe trains
    # tiny: 4 blocks of width 128, feed-forward 384, keys of width 64
    "adapter": ("adapter", ["adapter_config.json", "adapter_model.safetensors"],
                8 * (2 * 32 * 128 + 32 + 128)),
    "prefix": ("adapter", ["adapter_config.json", "adapter_model.safetensors"], 30_720),
    "full": ("model", ["chat_template.jinja", "config.json", "generation_config.json",
                       "model.safetensors", "tokenizer.json", "tokenizer_config.json"], 935_040),
}  # fmt: skip


@pytest.fixture(scope="module", params=METHODS)
def trained(request, tmp_path_factory, dataset):
    """Return a method, a function that makes its recipe, and a finished run of it."""
    method = request.param

    def make(*overrides):
        path = shipped("recipes", f"{method}.yaml")
        return load_recipe(path, [*QUICK, f"data.dataset={dataset}", *overrides])

    run = tmp_path_factory.mktemp("methods") / method
    said = train(make(), run)
    return method, make, run, said


def test_the_run_says_what_was_trained(trained):
    method, _, run, said = trained
    folder, files, count = METHODS[method]
    assert sorted(path.name for path in (run / folder).iterdir()) == files
    assert {path.stat().st_mode & 0o777 for path in (run / folder).iterdir()} == {0o644}
    assert not (run / ("model" if folder == "adapter" else "adapter")).exists()
    assert said["training"]["trainable_parameters"] == count
    # AdamW keeps two numbers for each, and the step of each tensor
    kept = said["training"]["optimizer_bytes"] - 2 * 4 * count
    assert 0 < kept < 4 * 200
    assert said["metrics"]["after"]["loss"] < said["metrics"]["before"]["loss"]
    card = (run / "README.md").read_text()
    assert f"tuned with {method}" in card
    assert str(run.parent) not in card


def test_a_fresh_process_has_the_logits_of_the_run(trained, dataset):
    """The held-out loss, measured anew from what was saved, is what run.json says."""
    _, _, run, _ = trained
    code = f"""
import json, sys
from pathlib import Path
from curate.recipe import Recipe
from curate.tuning.encoding import encoder_of
from curate.tuning.finished import read_run
from curate.tuning.measuring import held_out, measure
from curate.tuning.saving import load_tuned
run = Path({str(run)!r})
said = read_run(run)
recipe = Recipe.model_validate(said["recipe"])
encoder = encoder_of(run, said)
asked = recipe.evaluation.model_dump(include={{"generate", "max_new_tokens"}})
again = measure(load_tuned(run, said), encoder, held_out(recipe), **asked)
assert again.metrics == said["metrics"]["after"], (again.metrics, said["metrics"]["after"])
said = [json.loads(line)["after"] for line in (run / "losses.jsonl").open()]
assert [line["loss"] for line in again.losses] == said
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_resumed_run_ends_in_the_same_bytes(trained, tmp_path):
    method, make, run, said = trained
    half = tmp_path / "half"
    shutil.copytree(run, half)
    folder = METHODS[method][0]
    started = {"recipe": make().model_dump(mode="json"),
               "encoding_digest": said["encoding"]["digest"]}  # fmt: skip
    (half / "run.json").unlink()
    (half / "started.json").write_bytes(orjson.dumps(started) + b"\n")
    shutil.rmtree(half / "checkpoints" / "checkpoint-4")
    shutil.rmtree(half / folder)
    train(make(), half, resume=True)
    for path in (run / folder).iterdir():
        assert (half / folder / path.name).read_bytes() == path.read_bytes(), path.name


def test_what_is_saved_is_asked(trained):
    _, _, run, _ = trained
    record = Record(id="a:1", instruction="Add one and two.")
    assert Tuned(run).answer([record], max_new_tokens=4)[0].text
    (before,) = Tuned(run, base=True).answer([record], max_new_tokens=8)
    done = CliRunner().invoke(
        main, ["generate", str(run), "--base", "--instruction", record.instruction,
               "--max-new-tokens", "8"])  # fmt: skip
    assert done.stdout.strip() == before.text


def test_what_was_not_saved_is_missed(trained, tmp_path):
    method, _, run, _ = trained
    shutil.copytree(run, tmp_path / "run")
    folder, files, _ = METHODS[method]
    config = next(name for name in files if name.endswith("config.json"))
    (tmp_path / "run" / folder / config).unlink()
    with pytest.raises(DatasetError, match=f"{folder}: holds no {folder}"):
        Tuned(tmp_path / "run").answer([Record(id="a:1", instruction="Hi")], max_new_tokens=4)


def test_a_full_model_loads_with_plain_transformers(trained):
    method, _, run, _ = trained
    if method != "full":
        return
    import torch
    from transformers import AutoModelForCausalLM

    plain = AutoModelForCausalLM.from_pretrained(run / "model")
    base = AutoModelForCausalLM.from_pretrained(shipped("data", "tiny"), dtype=torch.float32)
    ids = torch.arange(10, 20)[None]
    assert plain.dtype == torch.float32
    assert not torch.equal(plain(ids).logits, base(ids).logits)


def test_an_export_answers_without_curate(trained, tmp_path):
    """As its own card shows; the template is not the model's own."""
    method, _, run, _ = trained
    record = Record(id="a:1", instruction="Add one and two.", context="Quickly.")
    expected = Tuned(run).answer([record], max_new_tokens=12)[0].text
    done = CliRunner().invoke(main, ["export", str(run), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "chat template: the ids of the training, with earlier turns too" in done.output
    card = (tmp_path / "out" / "README.md").read_text()
    code = card.split("```python\n")[1].split("```")[0]
    code = code.replace('"content": "…"}]  # with "context": "…" where there is one',
                        '"content": "Add one and two.", "context": "Quickly."}]')  # fmt: skip
    code = code.replace("max_new_tokens=128", "max_new_tokens=12")
    code = code.replace("ask(messages)", "ask(messages, max_new_tokens=12, do_sample=False)")
    assert "…" not in code
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "out", check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    assert said.stdout.strip() == expected
    assert "curate" in code if method == "adapter" else "curate" not in code


def test_what_is_not_linear_is_not_merged(trained, tmp_path):
    method, _, run, _ = trained
    done = CliRunner().invoke(main, ["export", str(run), "-o", str(tmp_path / "out"), "--merged"])
    if method == "full":
        assert done.exit_code == 0, done.output
        return
    assert done.exit_code == 2
    assert "so no weight of the base can hold it. Export without it" in done.output
    assert not (tmp_path / "out").exists()


def test_packing_and_a_prefix_are_refused_before_anything(dataset, tmp_path):
    overrides = ["data.packing=true", f"data.dataset={dataset}"]
    done = CliRunner().invoke(main, ["train", "prefix", *overrides, "-o", str(tmp_path / "run")])
    assert done.exit_code == 2
    assert "data.packing=true: data.packing: backend.method is prefix: with a" in done.output
    assert not (tmp_path / "run").exists()


def test_packing_and_checkpointing_with_an_adapter(dataset, tmp_path):
    """Neither changes what is trained on; checkpointing not even a bit."""
    path = shipped("recipes", "adapter.yaml")
    options = [*QUICK, f"data.dataset={dataset}", "data.packing=true", "training.max_steps=2"]
    losses = []
    for number, checkpointing in enumerate(("false", "true")):
        extra = f"training.activation_checkpointing={checkpointing}"
        train(load_recipe(path, [*options, extra]), tmp_path / str(number))
        lines = (tmp_path / str(number) / "metrics.jsonl").read_text().splitlines()
        losses.append([json.loads(line)["loss"] for line in lines])
    assert losses[0] == losses[1]


def test_a_prefix_switches_checkpointing_off_and_says_so(dataset, tmp_path, capsys):
    path = shipped("recipes", "prefix.yaml")
    options = [*QUICK, f"data.dataset={dataset}", "training.max_steps=1"]
    for name in ("activation_checkpointing", "gradient_checkpointing"):
        train(load_recipe(path, [*options, f"training.{name}=true"]), tmp_path / name)
        said = capsys.readouterr().err
        assert f"warning: training.{name} is False with prefix: it drops the prefix" in said


@pytest.mark.parametrize("method", ["lora", "adapter", "prefix", "full"])
def test_experts_train_in_the_trainer(method, dataset, tmp_path):
    """With a prefix the loss of the router would be reckoned on a mask of another length."""
    import torch
    import transformers

    config = transformers.MixtralConfig(
        vocab_size=1024, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=48, num_local_experts=4, num_experts_per_tok=2,
        bos_token_id=0, eos_token_id=1, pad_token_id=2, max_position_embeddings=512,
    )  # fmt: skip
    torch.manual_seed(0)
    base = tmp_path / "experts"
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(base)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(shipped("data", "tiny", name), base / name)
    path = shipped("recipes", f"{method}.yaml")
    options = [*QUICK, f"data.dataset={dataset}", f"model.model_name_or_path={base}"]
    said = train(load_recipe(path, options), tmp_path / "run")
    assert said["training"]["steps"] == 4
    assert said["metrics"]["after"]["loss"] < said["metrics"]["before"]["loss"]


def test_a_tokenizer_of_another_model_is_noticed(dataset, tmp_path):
    import transformers

    base = tmp_path / "small"
    config = transformers.LlamaConfig(
        vocab_size=500, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32,
    )  # fmt: skip
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(base)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(shipped("data", "tiny", name), base / name)
    options = [*QUICK, f"data.dataset={dataset}", f"model.model_name_or_path={base}"]
    with pytest.raises(ModelError, match=r"small: .* has 1,024 tokens, its model 500 embeddings"):
        train(load_recipe(shipped("recipes", "lora.yaml"), options), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_no_is_a_word_where_a_word_is_asked_for(dataset, tmp_path):
    options = [*QUICK, f"data.dataset={dataset}", "training.save_strategy=no",
               "training.max_steps=1"]  # fmt: skip
    train(load_recipe(shipped("recipes", "lora.yaml"), options), tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_the_recipe_names_one_of_the_methods(dataset):
    with pytest.raises(UsageError, match=r"backend.method is adaptor: .* did you mean 'adapter'"):
        load_recipe(shipped("recipes", "lora.yaml"), ["backend.method=adaptor"])
