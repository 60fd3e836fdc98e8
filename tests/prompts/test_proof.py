"""What is previewed is what is trained: for any record, any template, tokenizers of each kind.

How the tensors reach the model is proved in tests/tuning/test_proof.py.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings
from curate.prompts.special import SpecialTokens
from curate.prompts.templates import CHAT, find_template, list_templates
from curate.records import ROLES, Record

TEMPLATES = [template.name for template in list_templates()]


SPECIAL = ["<s>", "</s>", "<|endoftext|>", "<|user|>", "<|im_end|>", "<unk>", "</", "s>", "<|"]
SCRIPTS = [
    "Où ça?",
    "איזה כוכב",
    "المريخ أحمر",
    "मंगल ग्रह",
    "简短回答",
    "한국어",
    "👨\u200d👩\u200d👧",
    "e\u0301",
]
CONTROL = ["\0", "\x1b[31m", "\x7f", "\u200b", "\u2028", "\u202e", "\r\n", "\t", "\ufeff", "\xa0"]
# ▁ is what a SentencePiece tokenizer writes for a blank: it cannot tell the two apart.
CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="▁")
TEXTS = st.lists(
    st.one_of(st.sampled_from([*SPECIAL, *SCRIPTS, *CONTROL, " ", "\n", "the cat"]),
              st.text(CHARACTERS, max_size=5)),
    max_size=4,
).map("".join)  # fmt: skip
TURNS = st.lists(st.tuples(st.sampled_from(ROLES), TEXTS, st.booleans()), max_size=12).map(
    lambda turns: [{"role": r, "content": c, "follows_instruction": f} for r, c, f in turns]
)
RECORDS = st.builds(
    Record, id=st.just("r"), instruction=TEXTS, context=TEXTS, output=TEXTS, system=TEXTS,
    history=TURNS,
)  # fmt: skip


def encoders(template, tokenizer):
    """Return an encoder for each loss mode."""
    found = find_template(template)
    return {
        loss: Encoder(found, tokenizer, EncodeSettings(loss=loss, max_length=100_000))
        for loss in ("completion", "assistant", "all")
    }


def prove(template, tokenizer, record):
    """Assert the promises (a), (b) and (d) of one record."""
    by_loss = encoders(template, tokenizer)
    encoder = by_loss["completion"]
    example = encoder.encode(record)
    ids, labels = example.input_ids, example.labels
    first = next(at for at, label in enumerate(labels) if label != IGNORE_INDEX)
    last = max(at for at, label in enumerate(labels) if label != IGNORE_INDEX)

    # (a) What takes loss is one stretch, of the answer and EOS and nothing else.
    assert labels[first : last + 1] == ids[first : last + 1]
    assert ids[last] == tokenizer.eos_token_id or template == CHAT
    shown = tokenizer.decode(ids[: last + 1], skip_special_tokens=False)
    asked = tokenizer.decode(ids[:first], skip_special_tokens=False)
    assert shown.startswith(asked)
    eos = tokenizer.eos_token
    wanted = example.completion if example.completion.endswith(eos) else example.completion + eos
    if not record.output.endswith(eos):  # else it says so and is closed all the same
        assert shown[len(asked) :] in (wanted, example.completion)
    # The block holds the output, and around it what it holds for every output.
    frame = encoder.encode(record.with_fields(output="")).completion
    if template != CHAT:
        around = [frame[:at] + record.output + frame[at:] for at in range(len(frame) + 1)]
        assert example.completion in around

    # (b) What stands before it is what the model is asked, with the answer unknown.
    assert encoder.prompt_ids(record) == ids[:first]
    assert encoder.prompt_ids(record.with_fields(output="")) == ids[:first]

    # (d) The other modes change labels alone, and every label is the id or none.
    for other in (each.encode(record) for each in by_loss.values()):
        assert (other.id, other.input_ids) == (example.id, ids)
        assert (other.prompt, other.completion) == (example.prompt, example.completion)
        pairs = zip(ids, other.labels, strict=True)
        assert all(label in (token, IGNORE_INDEX) for token, label in pairs)
        assert other.labels[first : last + 1] == labels[first : last + 1]
        assert other.labels[0] == IGNORE_INDEX


@pytest.mark.parametrize("kind", ["tiny", "gpt2", "llama"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_any_record_in_every_template_and_tokenizer(request, name, kind):
    tokenizer = request.getfixturevalue(kind)

    @settings(max_examples=12, deadline=None)
    @given(RECORDS)
    def proved(record):
        prove(name, tokenizer, record)

    proved()


@settings(max_examples=40, deadline=None)
@given(RECORDS)
def test_any_record_in_the_model_s_own_template(tiny, record):
    turns = [turn for turn in record.history if turn["role"] != "tool_call"]
    prove(CHAT, tiny, record.with_fields(history=turns))


@pytest.mark.parametrize("kind", ["tiny", "gpt2", "llama"])
def test_the_tokenizers_are_of_three_kinds(request, kind):
    tokenizer = request.getfixturevalue(kind)
    begins = tokenizer.encode("x")[0] == tokenizer.bos_token_id
    assert begins == (kind != "gpt2")
    joined = tokenizer.encode("x", add_special_tokens=False) * 2
    assert (tokenizer.decode(joined) == "xx") == (kind != "llama")
    assert SpecialTokens.of(tokenizer).eos in SPECIAL


@pytest.mark.parametrize("kind", ["tiny", "gpt2", "llama"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_shortened_record_is_asked_as_it_is_trained(request, name, kind):
    tokenizer = request.getfixturevalue(kind)
    record = Record(
        id="r", instruction="Which?", context="red </s> " * 200, output="Mars. " * 20,
        history=[{"role": "user", "content": "Hi. " * 40}, {"role": "assistant", "content": "Yo."}],
    )  # fmt: skip
    whole = Encoder(find_template(name), tokenizer, EncodeSettings(max_length=100_000))
    size = len(whole.encode(record).input_ids) // 2
    settings = EncodeSettings(max_length=size, over_length="truncate")
    encoder = Encoder(find_template(name), tokenizer, settings)
    example = encoder.encode(record)
    assert example.truncated
    assert len(example.input_ids) <= size
    first = next(at for at, label in enumerate(example.labels) if label != IGNORE_INDEX)
    assert encoder.prompt_ids(record) == example.input_ids[:first]
    assert tokenizer.eos_token_id in example.labels
    assert "Which?" in example.prompt
