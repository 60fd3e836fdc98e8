"""What is forecast without weights is what there is with them."""

import copy
from types import SimpleNamespace

import pytest
import torch
import transformers

from curate.errors import UsageError
from curate.tuning.forecast import activations

from .test_matrix import SETTINGS

CONFIG = SimpleNamespace(
    per_device_train_batch_size=2, bf16=False, fp16=False, activation_checkpointing=False
)  # fmt: skip


def counts(model):
    return [(name, p.shape, p.requires_grad) for name, p in sorted(model.named_parameters())]


def kept(model, ids):
    """Return the bytes that a real forward pass keeps for the backward pass."""
    own = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}
    found = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage  # held, so that no other takes its place
        return tensor

    mask = torch.ones_like(ids)
    mask[0, -5:] = 0  # a batch of full rows is let off the mask
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.train()(input_ids=ids, attention_mask=mask, logits_to_keep=1)
    return sum(storage.nbytes() for storage in found.values())


@pytest.mark.parametrize("name", SETTINGS)
def test_a_model_without_weights_is_attached_to_and_counted(
    architecture, name, make_model, tokenizer
):
    real = make_model(architecture)
    with torch.device("meta"):
        config = copy.deepcopy(real.config)
        bare = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    backend = SETTINGS[name]
    if (architecture, name) == ("opt", "parallel"):
        with pytest.raises(UsageError, match="fc2 is one layer of several that the block runs"):
            backend.attach(bare, tokenizer)
        return
    real = backend.attach(real, tokenizer)
    bare = backend.attach(bare, tokenizer)
    assert counts(bare) == counts(real)
    ids = torch.zeros((2, 24), dtype=torch.long)
    assert activations(bare, CONFIG, 24) == pytest.approx(kept(real, ids), rel=0.02)
