"""Every architecture with every backend: train, save, load, generate with left padding."""

import pytest
import torch
import transformers
from peft import PeftModel

from curate.errors import UsageError
from curate.tuning.backends import BACKENDS, Adapter, Full, Lora, Prefix

SETTINGS = {
    "lora": Lora(r=2, lora_alpha=4, lora_dropout=0.0),
    "adapter": Adapter(bottleneck_size=4),
    "pfeiffer": Adapter(bottleneck_size=4, placement="pfeiffer"),
    "parallel": Adapter(bottleneck_size=4, placement="parallel", train_layer_norm=True),
    "prefix": Prefix(num_virtual_tokens=5),
    "full": Full(),
}


def test_every_backend_is_here():
    assert {type(settings) for settings in SETTINGS.values()} == set(BACKENDS)


@pytest.mark.parametrize("name", SETTINGS)
def test_train_save_load_generate(architecture, name, make_model, tokenizer, ids, learn, tmp_path):
    settings, base = SETTINGS[name], make_model(architecture)
    if (architecture, name) == ("opt", "parallel"):
        with pytest.raises(UsageError, match="fc2 is one layer of several that the block runs"):
            settings.attach(base)
        return
    before = {key: value.clone() for key, value in base.state_dict().items()}
    mask = torch.ones_like(ids)
    model = settings.attach(base, tokenizer)
    with torch.no_grad():
        start = model(input_ids=ids, attention_mask=mask).logits
    learn(model)
    with torch.no_grad():
        tuned = model(input_ids=ids, attention_mask=mask).logits
    assert not torch.equal(start, tuned)
    model.save_pretrained(tmp_path)
    if settings.saves_adapter:
        fresh = make_model(architecture)
        assert all(torch.equal(fresh.state_dict()[key], value) for key, value in before.items())
        loaded = PeftModel.from_pretrained(fresh, tmp_path)
        with torch.no_grad(), loaded.disable_adapter():
            off = loaded(input_ids=ids, attention_mask=mask).logits
            assert torch.equal(off, make_model(architecture)(ids).logits), "the base was changed"
    else:
        loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    with torch.no_grad():
        again = loaded.eval()(input_ids=ids, attention_mask=mask).logits
    assert torch.equal(tuned, again)
    _check_padding(loaded, ids)


def _check_padding(model, ids):
    """A prompt is answered alone as it is in a batch with padding on its left."""
    short = ids[1, 4:]
    padded = torch.cat([torch.zeros(4, dtype=torch.long), short])
    mask = torch.ones_like(ids)
    mask[1, :4] = 0
    options = {"max_new_tokens": 6, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
    batch = model.generate(input_ids=torch.stack([ids[0], padded]), attention_mask=mask, **options)
    alone = model.generate(
        input_ids=short[None], attention_mask=torch.ones_like(short)[None], **options
    )
    assert batch[1, 9:].tolist() == alone[0, 5:].tolist()
