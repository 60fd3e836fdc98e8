"""Tiny models with random weights, one an architecture."""

from types import SimpleNamespace

import pytest
import torch
import transformers

_VOCAB, _WIDTH, _LAYERS, _HEADS = 128, 32, 2, 4
_COMMON = {"vocab_size": _VOCAB, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
_LLAMA = {
    "hidden_size": _WIDTH, "num_hidden_layers": _LAYERS, "num_attention_heads": _HEADS,
    "num_key_value_heads": 2, "intermediate_size": 48, "max_position_embeddings": 256,
}  # fmt: skip
_NEOX = {k: v for k, v in _LLAMA.items() if k != "num_key_value_heads"}
_N = {"n_embd": _WIDTH, "n_layer": _LAYERS, "n_head": _HEADS, "n_positions": 256}
_EXPERTS = {"num_experts_per_tok": 2}
_HEAD = {"head_dim": 8}

ARCHITECTURES = {
    "llama": ("LlamaConfig", _LLAMA),
    "mistral": ("MistralConfig", _LLAMA),
    "qwen2": ("Qwen2Config", _LLAMA),
    "qwen3": ("Qwen3Config", _LLAMA | _HEAD),
    "gemma": ("GemmaConfig", _LLAMA | _HEAD),
    "gemma2": ("Gemma2Config", _LLAMA | _HEAD),
    "gemma3": ("Gemma3TextConfig", _LLAMA | _HEAD),
    "phi": ("PhiConfig", _LLAMA | {"num_key_value_heads": 4}),
    "phi3": ("Phi3Config", _LLAMA),
    "gpt2": ("GPT2Config", _N),
    "opt": ("OPTConfig", {
        "hidden_size": _WIDTH, "num_hidden_layers": _LAYERS, "num_attention_heads": _HEADS,
        "ffn_dim": 48, "word_embed_proj_dim": _WIDTH, "max_position_embeddings": 256}),
    "gpt_neox": ("GPTNeoXConfig", _NEOX),
    "gptj": ("GPTJConfig", _N | {"rotary_dim": 4}),
    "gpt_neo": ("GPTNeoConfig", {
        "hidden_size": _WIDTH, "num_layers": _LAYERS, "num_heads": _HEADS,
        "attention_types": [[["global"], _LAYERS]], "max_position_embeddings": 256}),
    "bloom": ("BloomConfig", {"hidden_size": _WIDTH, "n_layer": _LAYERS, "n_head": _HEADS}),
    "falcon": ("FalconConfig", {
        "hidden_size": _WIDTH, "num_hidden_layers": _LAYERS, "num_attention_heads": _HEADS}),
    "falcon_new": ("FalconConfig", {
        "hidden_size": _WIDTH, "num_hidden_layers": _LAYERS, "num_attention_heads": _HEADS,
        "new_decoder_architecture": True, "num_kv_heads": 2}),
    "mpt": ("MptConfig", {"d_model": _WIDTH, "n_layers": _LAYERS, "n_heads": _HEADS,
        "max_seq_len": 256}),
    "olmo2": ("Olmo2Config", _LLAMA),
    "stablelm": ("StableLmConfig", _LLAMA),
    "mixtral": ("MixtralConfig", _LLAMA | _EXPERTS | {"num_local_experts": 4}),
    "qwen3_moe": ("Qwen3MoeConfig", _LLAMA | _EXPERTS | _HEAD | {
        "num_experts": 4, "moe_intermediate_size": 16}),
}  # fmt: skip


def pytest_generate_tests(metafunc):
    """Run a test that takes an architecture on each of them."""
    marks = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "architecture" in metafunc.fixturenames and not any("architecture" in m for m in marks):
        metafunc.parametrize("architecture", ARCHITECTURES)


@pytest.fixture
def make_model():
    """Return a function that makes a model of an architecture, the same weights each time."""

    def make(architecture, **changes):
        name, options = ARCHITECTURES[architecture]
        torch.manual_seed(0)
        config = getattr(transformers, name)(**{**_COMMON, **options, **changes})
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        # Biases start at zero and norms at one, which hides what is left out of a sum.
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.data += 0.1 * torch.randn_like(parameter)
        return model.eval()

    return make


@pytest.fixture
def ids():
    """Return token ids of shape [2, 9]."""
    return torch.randint(3, _VOCAB, (2, 9), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def tokenizer():
    """Return what stands in for a tokenizer: 12 ids of any text."""
    text = torch.randint(3, _VOCAB, (12,), generator=torch.Generator().manual_seed(2)).tolist()
    return lambda _: SimpleNamespace(input_ids=text)


@pytest.fixture
def learn(ids):
    """Return a function that trains what a model lets be trained, for a few steps."""

    def train(model, steps=2):
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=3e-2)
        model.train()
        for _ in range(steps):
            mask = torch.ones_like(ids)
            loss = model(input_ids=ids, attention_mask=mask, labels=ids).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        return model.eval()

    return train
