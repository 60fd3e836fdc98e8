import pytest

from curate.prompts.encode import IGNORE_INDEX, Encoder
from curate.prompts.templates import Template, find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import ModelSettings
from curate.records import Record
from curate.tuning.answers import Answer, answer, exact_match, losses_of, pad_id, stop_ids
from curate.tuning.models import load_model

SHORT = Record(id="a:1", instruction="Add one and two.", output="Three.")
LONG = Record(
    id="a:2", instruction="Say hot.", context="It is a very warm day. " * 5, output="Hot, hot."
)


@pytest.fixture(scope="module")
def model():
    return load_model(ModelSettings(model_name_or_path="tiny", dtype="float32")).eval()


@pytest.fixture(scope="module")
def encoder():
    return Encoder(find_template("alpaca"), load_tokenizer("tiny"))


def test_the_loss_weighs_every_token_the_same(model, encoder):
    import torch

    examples = [encoder.encode(record) for record in (SHORT, LONG)]
    total = 0.0
    for example in examples:
        with torch.inference_mode():
            rows = [example.input_ids], [example.labels]
            ids, labels = (torch.tensor(row, device=model.device) for row in rows)
            total += model(ids, labels=labels).loss.item() * example.loss_tokens
    tokens = sum(label != IGNORE_INDEX for example in examples for label in example.labels)
    expected = total / tokens
    losses = losses_of(model, examples, pad=pad_id(encoder))
    assert [(loss.record, loss.tokens) for loss in losses] == [
        (at, example.loss_tokens) for at, example in enumerate(examples)
    ]
    found = sum(loss.total for loss in losses) / tokens
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_batch_answers_as_one_alone(model, encoder):
    together = answer(model, encoder, [SHORT, LONG], max_new_tokens=8)
    alone = [answer(model, encoder, [record], max_new_tokens=8)[0] for record in (SHORT, LONG)]
    assert together == alone
    assert [a.id for a in together] == ["a:1", "a:2"]


def test_an_answer_ends_where_training_ended_it(encoder):
    assert stop_ids(encoder, SHORT) == [encoder.tokenizer.eos_token_id]
    tokenizer = load_tokenizer("tiny")
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m.role == 'assistant' %}"
        "{% generation %}{{ m.content }}<|user|>{% endgeneration %}"
        "{% else %}{{ m.content }}<|assistant|>{% endif %}{% endfor %}"
    )
    chat = Encoder(find_template("chat"), tokenizer)
    blank = "{% generation %} {{ output }}{% endgeneration %}"
    assert stop_ids(Encoder(Template("x", blank, "x"), tokenizer), SHORT) == [
        tokenizer.eos_token_id
    ]
    words = "{% generation %}{{ output }}\n\nEnd<|user|>{% endgeneration %}"
    user = tokenizer.convert_tokens_to_ids(["<|user|>"])
    assert stop_ids(chat, SHORT) == sorted([tokenizer.eos_token_id, *user])
    ended = Encoder(Template("x", words, "x"), tokenizer)
    assert stop_ids(ended, SHORT) == sorted([tokenizer.eos_token_id, *user])


def test_exact_match_forgives_space_at_the_ends_only():
    pairs = [("Three.", "Three. "), ("Three.", "three."), ("Three.", "Three")]
    assert exact_match([Answer("a", e, t) for e, t in pairs]) == pytest.approx(1 / 3)
    assert exact_match([]) == 0.0
