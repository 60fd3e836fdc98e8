"""A base in 4 or 8 bits. bitsandbytes computes with them on a CPU too."""

import json

import pytest
from safetensors.torch import load_file

from curate.errors import ModelError, UsageError
from curate.tuning.encoding import encoder_of
from curate.tuning.exporting import export
from curate.tuning.finished import read_run
from curate.tuning.measuring import held_out, measure
from curate.tuning.saving import load_tuned
from curate.tuning.training import train

pytest.importorskip("bitsandbytes")

SETTINGS = {
    "lora": ("training.learning_rate=5e-3",),
    "adapter": ("backend.method=adapter", "training.learning_rate=5e-3"),
    "prefix": ("backend.method=prefix", "training.learning_rate=5e-2"),
}
TRAINED = {"lora": 78_848, "adapter": 132_608, "prefix": 30_720}


@pytest.mark.slow
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("method", SETTINGS)
def test_every_method_but_full_trains_on_a_quantized_base(recipe, tmp_path, method, bits):
    made = recipe(*SETTINGS[method], f"model.load_in_{bits}bit=true")
    run = tmp_path / "run"
    said = train(made, run)
    sizes = said["training"]
    assert sizes["parameters"] - sizes["trainable_parameters"] == 935_040  # not the bytes of it
    assert sizes["trainable_parameters"] == TRAINED[method]
    metrics = said["metrics"]
    assert metrics["after"]["loss"] < metrics["before"]["loss"]
    weights = load_file(run / "adapter/adapter_model.safetensors").values()
    assert {str(tensor.dtype) for tensor in weights} == {"torch.float32"}  # TRL makes them bfloat16
    again = measure(load_tuned(run, said), encoder_of(run, read_run(run)), held_out(made),
                    generate=2, max_new_tokens=4)  # fmt: skip
    assert again.metrics == metrics["after"]


@pytest.mark.slow
def test_lora_is_merged_into_what_it_was_trained_on(recipe, tmp_path, dataset):
    """The four bits, said in full: not the weights that they were made from."""
    from transformers import AutoModelForCausalLM

    from curate.recipe import ModelSettings
    from curate.tuning.models import load_model

    made = recipe("model.load_in_4bit=true", "training.learning_rate=5e-3")
    train(made, tmp_path / "run")
    done = export(tmp_path / "run", tmp_path / "out", merged=True)
    assert done.merged is not None
    assert done.merged < 1e-3
    assert "quantization_config" not in json.loads((tmp_path / "out/config.json").read_text())
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    base = load_model(ModelSettings(model_name_or_path="tiny")).cpu()
    name = "model.layers.0.mlp.down_proj.weight"
    moved = (merged.state_dict()[name] - base.state_dict()[name]).abs()
    assert moved.gt(0).float().mean() > 0.9


@pytest.mark.slow
def test_eight_bits_round_what_they_are_given_so_nothing_can_be_merged(recipe, tmp_path):
    train(recipe("model.load_in_8bit=true"), tmp_path / "run")
    with pytest.raises(ModelError, match=r"merging moves a logit by .* more than rounding does"):
        export(tmp_path / "run", tmp_path / "out", merged=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        (("backend.method=full", "model.load_in_4bit=true"),
         "model.load_in_4bit=true: model.load_in_4bit: backend.method is full, and quantized "
         "weights cannot be trained"),
        (("backend.init=pissa", "model.load_in_8bit=true"),
         "model.load_in_8bit=true: model.load_in_8bit: backend.init is pissa, which changes the "
         "weights; use default or gaussian"),
        (("model.load_in_4bit=true", "model.load_in_8bit=true"),
         "model.load_in_8bit=true: model.load_in_8bit: model.load_in_4bit is true too: choose one"),
    ],
)  # fmt: skip
def test_what_does_not_go_with_a_quantized_base(recipe, overrides, why):
    with pytest.raises(UsageError) as error:
        recipe(*overrides)
    assert str(error.value) == why


def test_without_bitsandbytes_it_says_what_to_install(recipe, tmp_path, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bitsandbytes" else find(name)
    )
    with pytest.raises(ModelError, match=r"model.load_in_4bit needs bitsandbytes: `pip install"):
        train(recipe("model.load_in_4bit=true"), tmp_path / "run")
