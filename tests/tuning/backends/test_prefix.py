import pytest
import torch
import transformers
from peft import PeftModel

from curate.errors import UsageError
from curate.tuning.backends import Prefix


def test_it_starts_as_if_the_text_stood_in_front(architecture, make_model, tokenizer, ids):
    """Keys and values of 12 tokens are what the model itself keeps of them."""
    base = make_model(architecture)
    text = torch.tensor(tokenizer("").input_ids)[None].expand(2, -1)
    with torch.no_grad():
        alone = base(ids).logits
        expected = base(torch.cat([text, ids], 1)).logits[:, 12:]
        model = Prefix(num_virtual_tokens=12).attach(base, tokenizer)
        got = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=0)
    assert (alone - expected).abs().max() > 1e-3, "the text makes no difference to this model"


@pytest.mark.parametrize("length", [5, 12, 29])
def test_a_text_is_cut_or_repeated(length, make_model, tokenizer):
    text = tokenizer("").input_ids
    rows = Prefix(num_virtual_tokens=length)._ids(tokenizer)
    assert rows == (text * 3)[:length]
    with pytest.raises(UsageError, match="it has no tokens"):
        Prefix(init_text=" ")._ids(lambda _: transformers.BatchEncoding({"input_ids": []}))


def test_random_starts_differ_by_seed_alone(make_model):
    def start(seed):
        base = make_model("llama")
        transformers.set_seed(seed)
        model = Prefix(num_virtual_tokens=4, init="random").attach(base)
        return model.prompt_encoder["default"].embedding.weight

    assert torch.equal(start(1), start(1))
    assert not torch.equal(start(1), start(2))
    assert 0.9 < start(1).std() < 1.1


def test_layers_that_look_back_over_a_window(make_model, tokenizer, capsys):
    model = make_model("mistral", sliding_window=16)
    Prefix(num_virtual_tokens=12).attach(model, tokenizer)
    assert capsys.readouterr().err.splitlines() == [
        "warning: 2 layers of the model look back over 16 tokens: from token 5 on they see less of "
        "the prefix, from token 16 on nothing"
    ]
    with pytest.raises(UsageError, match="16: 2 layers of the model look back over 16 tokens"):
        Prefix(num_virtual_tokens=16).attach(make_model("mistral", sliding_window=16), tokenizer)
    Prefix(num_virtual_tokens=12).attach(make_model("mistral", sliding_window=None), tokenizer)
    assert not capsys.readouterr().err


def test_the_prefix_is_out_of_sight_where_it_is_said_to_be(make_model, tokenizer):
    """Token t of the answer's row is position 12 + t - 1 and sees 16 positions, its own included.

    The prefix ends at position 11, which is 16 positions before that of token 16.
    """
    ids = torch.arange(3, 21)[None]
    models = [
        Prefix(num_virtual_tokens=12, init=init).attach(
            make_model("mistral", sliding_window=16, num_hidden_layers=1), tokenizer
        )
        for init in ("text", "random")
    ]
    with torch.no_grad():
        one, other = (m(input_ids=ids, attention_mask=torch.ones_like(ids)).logits for m in models)
    differs = (one - other).abs().amax(-1)[0] > 1e-6
    assert differs.tolist() == [True] * 15 + [False] * 3


def test_a_model_without_such_a_cache_is_refused(tokenizer):
    config = transformers.MambaConfig(vocab_size=128, hidden_size=32, num_hidden_layers=2)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with pytest.raises(UsageError, match=r"backend\.method is prefix: mamba"):
        Prefix().attach(model, tokenizer)


def test_beams_and_several_answers(make_model, tokenizer, ids, learn, tmp_path):
    model = learn(Prefix(num_virtual_tokens=12).attach(make_model("qwen3"), tokenizer))
    model.save_pretrained(tmp_path)
    loaded = PeftModel.from_pretrained(make_model("qwen3"), tmp_path)
    options = {"max_new_tokens": 4, "num_beams": 3, "num_return_sequences": 2, "pad_token_id": 0,
               "eos_token_id": None, "attention_mask": torch.ones_like(ids)}  # fmt: skip
    answers = loaded.generate(input_ids=ids, **options)
    assert answers.shape == (4, 13)
    options["attention_mask"] = options["attention_mask"][:1]
    one = loaded.generate(input_ids=ids[:1], **options)
    assert torch.equal(answers[:2], one)
