import copy
import subprocess
import sys

import pytest
import torch
from peft import PeftModel, get_peft_model
from torch.nn.functional import gelu

from curate.errors import UsageError
from curate.tuning.backends import Adapter
from curate.tuning.bottleneck import BottleneckConfig
from curate.tuning.bottleneck.layer import BottleneckLayer

ATTENTION = {  # by hand, from the papers' figures and the models' sources
    "llama": "model.layers.{}.self_attn.o_proj",
    "gpt2": "transformer.h.{}.attn.c_proj",
    "opt": "model.decoder.layers.{}.self_attn.out_proj",
    "falcon": "transformer.h.{}.self_attention.dense",
    "bloom": "transformer.h.{}.self_attention.dense",
    "gemma3": "model.layers.{}.self_attn.o_proj",
    "mixtral": "model.layers.{}.self_attn.o_proj",
}
FEED_FORWARD = {
    "llama": "model.layers.{}.mlp.down_proj",
    "gpt2": "transformer.h.{}.mlp.c_proj",
    "opt": "model.decoder.layers.{}.fc2",
    "falcon": "transformer.h.{}.mlp.dense_4h_to_h",
    "bloom": "transformer.h.{}.mlp.dense_4h_to_h",
    "gemma3": "model.layers.{}.mlp.down_proj",
    "mixtral": "model.layers.{}.mlp",
}
WHOLE = {
    "llama": "model.layers.{}.mlp",
    "gpt2": "transformer.h.{}.mlp",
    "falcon": "transformer.h.{}.mlp",
    "bloom": "transformer.h.{}.mlp",
    "gemma3": "model.layers.{}.mlp",
    "mixtral": "model.layers.{}.mlp",
}
PLACES = {
    "houlsby": lambda name: [ATTENTION[name], FEED_FORWARD[name]],
    "pfeiffer": lambda name: [FEED_FORWARD[name]],
    "parallel": lambda name: [WHOLE[name]],
}
CASES = [
    (name, placement)
    for name in ATTENTION
    for placement in PLACES
    if (name, placement) != ("opt", "parallel")
]


def layers_of(model):
    prefix = "base_model.model."
    return {
        name.removeprefix(prefix): layer
        for name, layer in model.named_modules()
        if isinstance(layer, BottleneckLayer)
    }


@pytest.mark.parametrize(("name", "placement"), CASES)
def test_forward_and_gradients_are_those_of_plain_tensors(name, placement, make_model, ids, learn):
    """The formula of the papers with hooks on a base that knows nothing of PEFT."""
    settings = Adapter(bottleneck_size=3, placement=placement, scaling=1.7)
    model = learn(settings.attach(make_model(name)))
    layers = layers_of(model)
    assert sorted(layers) == sorted(p.format(i) for p in PLACES[placement](name) for i in (0, 1))
    base = make_model(name)
    weights = {}
    for place, layer in layers.items():
        down, up = layer.bottleneck_down["default"], layer.bottleneck_up["default"]
        parts = [down.weight, down.bias, up.weight, up.bias]
        weights[place] = [part.detach().clone().requires_grad_() for part in parts]

        def adapt(_, args, kwargs, output, place=place):
            first = output[0] if isinstance(output, tuple) else output
            given = args[0] if args else kwargs["hidden_states"]
            h = given if placement == "parallel" else first
            a, b, c, d = weights[place]
            adapted = first + 1.7 * (gelu(h @ a.T + b) @ c.T + d)
            return (adapted, *output[1:]) if isinstance(output, tuple) else adapted

        base.get_submodule(place).register_forward_hook(adapt, with_kwargs=True)
    expected, got = base(ids).logits, model(ids).logits
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=0)
    expected.square().mean().backward()
    got.square().mean().backward()
    for place, layer in layers.items():
        down, up = layer.bottleneck_down["default"], layer.bottleneck_up["default"]
        for ours, theirs in zip(
            [down.weight, down.bias, up.weight, up.bias], weights[place], strict=True
        ):
            torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=0)
            assert theirs.grad.abs().sum() > 0


def test_it_starts_as_the_base_bit_for_bit(architecture, make_model, ids):
    with torch.no_grad():
        base = make_model(architecture)(ids).logits
        model = Adapter(bottleneck_size=4).attach(make_model(architecture))
        assert torch.equal(model(ids).logits, base)


@pytest.mark.parametrize(
    ("placement", "train_layer_norm", "count"),
    # m = 5, d = 32, two blocks: 2·5·32 + 5 + 32 = 357 a place; two norms of 32 weights a block
    [("houlsby", False, 4 * 357), ("pfeiffer", False, 2 * 357), ("parallel", False, 2 * 357),
     ("houlsby", True, 4 * 357 + 4 * 32)],
)  # fmt: skip
def test_parameter_counts(placement, train_layer_norm, count, make_model):
    settings = Adapter(bottleneck_size=5, placement=placement, train_layer_norm=train_layer_norm)
    trained, _ = settings.attach(make_model("llama")).get_nb_trainable_parameters()
    assert trained == count


def test_a_factor_in_place_of_a_width(make_model):
    model = Adapter(reduction_factor=8).attach(make_model("llama"))
    assert model.peft_config["default"].bottleneck_size == 4
    assert Adapter().attach(make_model("llama")).peft_config["default"].bottleneck_size == 64


def test_several_adapters(make_model, ids, learn, tmp_path):
    base = make_model("llama")
    plain = base(ids).logits.detach()
    model = learn(Adapter(bottleneck_size=3).attach(base))
    first = model(ids).logits.detach()
    model.add_adapter("other", BottleneckConfig(task_type="CAUSAL_LM", bottleneck_size=7))
    assert torch.equal(model(ids).logits, first), "adding one changes nothing"
    targets = [model.peft_config[name].target_modules for name in ("default", "other")]
    assert targets[0] == targets[1] == {"self_attn.o_proj", "mlp.down_proj"}
    model.set_adapter("other")
    assert torch.equal(model(ids).logits, plain), "an untrained one is the base"
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert trained
    assert all(".other." in name for name in trained)
    learn(model)
    second = model(ids).logits.detach()
    assert not torch.equal(second, first)
    with model.disable_adapter():
        assert torch.equal(model(ids).logits, plain)
    model.set_adapter("default")
    assert torch.equal(model(ids).logits, first)
    model.save_pretrained(tmp_path)
    fresh = PeftModel.from_pretrained(make_model("llama"), tmp_path, adapter_name="one")
    fresh.load_adapter(tmp_path / "other", "two")
    assert torch.equal(fresh(ids).logits, first)
    fresh.set_adapter("two")
    assert torch.equal(fresh(ids).logits, second)
    fresh.delete_adapter("one")
    assert torch.equal(fresh(ids).logits, second)
    assert torch.equal(fresh.unload()(ids).logits, plain)


def test_parallel_does_not_stand_beside_serial(make_model):
    model = Adapter(placement="parallel").attach(make_model("llama"))
    with pytest.raises(ValueError, match="'default' with placement 'parallel'; one with 'houlsby'"):
        model.add_adapter("other", BottleneckConfig(task_type="CAUSAL_LM"))


def test_modules_to_save_and_chosen_layers(make_model, ids, learn, tmp_path):
    config = BottleneckConfig(
        task_type="CAUSAL_LM", bottleneck_size=3, modules_to_save=["lm_head"], layers_to_transform=1
    )
    model = get_peft_model(make_model("llama"), config)
    assert {name.split(".")[2] for name in layers_of(model)} == {"1"}
    learn(model)
    model.save_pretrained(tmp_path)
    again = PeftModel.from_pretrained(make_model("llama"), tmp_path)
    assert torch.equal(again(ids).logits, model(ids).logits)
    head = again.base_model.model.lm_head.modules_to_save["default"].weight
    assert not torch.equal(head, make_model("llama").lm_head.weight)


def test_it_is_not_merged(make_model):
    model = Adapter().attach(make_model("llama"))
    with pytest.raises(ValueError, match="not linear, so it cannot be merged"):
        model.merge_and_unload()


def test_checkpointing_gives_the_same_gradients(make_model, ids, learn):
    model = learn(Adapter(bottleneck_size=3).attach(make_model("qwen3")))
    grads = []
    for checkpointing in (False, True):
        other = copy.deepcopy(model).train()
        if checkpointing:
            other.gradient_checkpointing_enable({"use_reentrant": False})
        other(ids, labels=ids).loss.backward()
        grads.append([p.grad for p in other.parameters() if p.requires_grad])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


def test_a_base_in_half_precision_has_adapters_in_single(make_model, ids):
    base = make_model("llama").to(torch.bfloat16)
    expected = base(ids).logits
    model = Adapter().attach(base)
    assert {p.dtype for p in model.parameters() if p.requires_grad} == {torch.float32}
    assert model(ids).logits.dtype == torch.bfloat16
    assert torch.equal(model(ids).logits, expected)


def test_dense_blocks_among_experts_are_named_in_full(make_model):
    model = Adapter(placement="pfeiffer").attach(make_model("qwen3_moe", mlp_only_layers=[0]))
    assert model.peft_config["default"].target_modules == {
        "model.layers.0.mlp.down_proj",
        "model.layers.1.mlp",
    }


def test_a_layer_norm_outside_the_blocks_is_left_alone(make_model):
    model = Adapter(train_layer_norm=True).attach(make_model("opt"))
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert any("layers.0.final_layer_norm.modules_to_save" in name for name in trained)
    assert not any("decoder.final_layer_norm" in name for name in trained)


def test_an_unknown_block_is_refused_with_what_was_looked_for(make_model):
    model = make_model("llama")
    for layer in model.model.layers:
        layer.self_attn.forward = lambda hidden_states, **_: (hidden_states, None)
    with pytest.raises(
        UsageError, match=r"llama: model\.layers\.0 \(LlamaDecoderLayer\): no module"
    ):
        Adapter().attach(model)
    without_blocks = make_model("llama")
    without_blocks.config.num_hidden_layers = 3
    with pytest.raises(UsageError, match="llama: found no list of 3 blocks"):
        Adapter().attach(without_blocks)


def test_an_unknown_activation_is_refused(make_model):
    with pytest.raises(UsageError, match=r"non_linearity is gelo: no activation .* gelu"):
        Adapter(non_linearity="gelo").attach(make_model("llama"))


def test_a_fresh_process_gives_the_same_logits(make_model, ids, learn, tmp_path):
    base = make_model("gpt2")
    base.save_pretrained(tmp_path / "base")
    model = learn(Adapter(bottleneck_size=3).attach(base))
    model.save_pretrained(tmp_path / "adapter")
    torch.save({"ids": ids, "logits": model(ids).logits.detach()}, tmp_path / "expected.pt")
    code = (
        "import sys, torch, curate.tuning.bottleneck\n"
        "from peft import AutoPeftModelForCausalLM\n"
        "from transformers import AutoModelForCausalLM\n"
        "folder = sys.argv[1]\n"
        "said = torch.load(folder + '/expected.pt')\n"
        "from peft import PeftModel\n"
        "base = AutoModelForCausalLM.from_pretrained(folder + '/base')\n"
        "model = PeftModel.from_pretrained(base, folder + '/adapter').eval()\n"
        "assert torch.equal(model(said['ids']).logits, said['logits'])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
