import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

os.environ.setdefault("HF_HUB_OFFLINE", "1")
TINY = Path(__file__).parents[2] / "data" / "tiny"
CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What does the cow say?"},
    {"role": "assistant", "content": "The cow says moo."},
    {"role": "user", "content": "And the dog?"},
]


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(TINY)


@pytest.fixture(scope="module")
def model():
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(TINY, dtype=torch.float32).eval()


def test_folder_is_small_readable_and_free_of_paths():
    paths = list(TINY.iterdir())
    assert sum(path.stat().st_size for path in paths) <= 4_000_000
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o555 == 0o444 for path in paths)
    for path in paths:
        if path.suffix == ".json":
            assert not {"_name_or_path", "name_or_path"} & set(json.loads(path.read_text()))
    settings_ = json.loads((TINY / "tokenizer.json").read_text())
    assert settings_["padding"] is None
    assert settings_["truncation"] is None


def test_shape_of_the_model(model, tokenizer):
    config = model.config
    assert config.model_type == "llama"
    assert config.num_hidden_layers >= 4
    assert config.max_position_embeddings >= 1024
    assert config.tie_word_embeddings
    assert config.vocab_size == len(tokenizer) == 1024
    assert (config.pad_token_id, config.bos_token_id, config.eos_token_id) == (0, 1, 2)


def test_special_tokens(tokenizer):
    names = ["<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"]
    assert tokenizer.convert_tokens_to_ids(names) == list(range(7))
    assert (tokenizer.pad_token, tokenizer.bos_token, tokenizer.eos_token) == tuple(names[:3])


def test_text_opens_with_bos_once(tokenizer):
    ids = tokenizer("The cow says moo.")["input_ids"]
    assert ids[0] == 1
    assert 1 not in ids[1:]
    assert tokenizer("The cow says moo.", add_special_tokens=False)["input_ids"] == ids[1:]


@settings(max_examples=60, deadline=None)
@given(text=st.text())
def test_any_text_comes_back(tokenizer, text):
    # Split, so that text that spells a special token stays text.
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids) == text


@pytest.mark.parametrize(
    "text", ["", "😀👩‍👩‍👧", "a\r\n\tb  ", "cafe\u0301", "日本\u2028語\x00", " x"]
)
def test_odd_text_comes_back(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_chat_template_marks_what_the_assistant_says(tokenizer):
    chat = tokenizer.apply_chat_template(
        CHAT[:3], return_dict=True, return_assistant_tokens_mask=True
    )
    pairs = zip(chat["input_ids"], chat["assistant_masks"], strict=True)
    said = [i for i, marked in pairs if marked]
    assert tokenizer.decode(said) == "The cow says moo.</s>"


def test_chat_template_opens_the_answer(tokenizer):
    text = tokenizer.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True)
    assert text == (
        "<s><|system|>\nBe brief.\n<|user|>\nWhat does the cow say?\n"
        "<|assistant|>\nThe cow says moo.</s>\n<|user|>\nAnd the dog?\n<|assistant|>\n"
    )


def test_chat_template_carries_tool_calls_and_refuses_unknown_roles(tokenizer):
    from jinja2 import TemplateError

    call = {"role": "assistant", "content": None, "tool_calls": [{"name": "add"}]}
    turns = [CHAT[1], call, {"role": "tool", "content": "7"}]
    text = tokenizer.apply_chat_template(turns, tokenize=False)
    assert text.endswith('<|assistant|>\n[{"name": "add"}]</s>\n<|tool|>\n7\n')
    with pytest.raises(TemplateError, match="unknown role: narrator"):
        tokenizer.apply_chat_template([{"role": "narrator", "content": "x"}], tokenize=False)


def test_model_knows_its_world(model, tokenizer):
    import torch

    start = tokenizer("Tom asks Anna: what does the cow say? Anna says:", return_tensors="pt")
    with torch.no_grad():
        ids = model.generate(input_ids=start["input_ids"], max_new_tokens=6, do_sample=False)
    assert tokenizer.decode(ids[0]).endswith("Anna says: the cow says moo.")


@pytest.mark.slow
def test_made_twice_gives_the_same_bytes(tmp_path, monkeypatch, capsys):
    import make_tiny

    for name in ("a", "b"):
        argv = ["make_tiny.py", "--steps", "4", "--out", str(tmp_path / name)]
        monkeypatch.setattr("sys.argv", argv)
        make_tiny.main()
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert "model.safetensors" in files
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
