import pytest
import torch
from peft import PeftModel

from curate.errors import UsageError
from curate.tuning.backends import Lora


@pytest.mark.parametrize("name", ["mixtral", "qwen3_moe"])
def test_experts_are_trained_and_their_router_is_not(name, make_model):
    model = Lora(r=2, lora_dropout=0.0).attach(make_model(name))
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert any("mlp.experts" in name for name in trained)
    assert any("self_attn.q_proj" in name for name in trained)
    assert not any("mlp.gate." in name for name in trained)
    with pytest.raises(UsageError, match=r"lora_dropout is 0\.05: the experts of .* set it to 0"):
        Lora(r=2).attach(make_model(name))


def test_attention_is_the_linear_layers_of_the_attention(architecture, make_model):
    model = Lora(r=2, target_modules="attention").attach(make_model(architecture))
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert trained
    assert all("attn" in name or "attention" in name for name in trained)


@pytest.mark.parametrize("target", ["nothing", ["nothing"], "*["])
def test_a_target_that_is_not_there_is_refused(target, make_model):
    with pytest.raises(UsageError, match=r"backend\.target_modules is"):
        Lora(target_modules=target).attach(make_model("llama"))


@pytest.mark.parametrize(
    "settings",
    [{}, {"use_dora": True}, {"use_rslora": True}, {"init": "gaussian"}, {"init": "orthogonal"},
     {"init": "pissa"}, {"init": "olora"}],
)  # fmt: skip
@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_every_variant_starts_as_the_base_and_merges(
    name, settings, make_model, ids, learn, tmp_path
):
    base = make_model(name)
    if (name, settings) == ("gpt2", {"init": "olora"}):
        with pytest.raises(UsageError, match="the weights of gpt2 lie transposed"):
            Lora(**settings).attach(base)
        return
    plain = base(ids).logits.detach()
    model = Lora(r=4, lora_dropout=0.0, **settings).attach(base)
    torch.testing.assert_close(model(ids).logits, plain, atol=2e-6, rtol=0)
    tuned = learn(model)(ids).logits.detach()
    assert (tuned - plain).abs().max() > 1e-3
    model.save_pretrained(tmp_path)
    loaded = PeftModel.from_pretrained(make_model(name), tmp_path)
    torch.testing.assert_close(loaded(ids).logits, tuned, atol=2e-6, rtol=0)
    merged = loaded.merge_and_unload(safe_merge=True)
    torch.testing.assert_close(merged(ids).logits, tuned, atol=1e-5, rtol=0)
