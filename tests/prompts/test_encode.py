import hashlib
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.errors import CurateError, ModelError, TemplateError
from curate.prompts.encode import (
    IGNORE_INDEX,
    DigestBuilder,
    Encoder,
    EncodeSettings,
    OverLength,
    digest,
    load_tokenizer,
)
from curate.prompts.templates import find_template
from curate.records import ROLES, Record


def codes(text):
    return [ord(char) for char in text]


def trained(example):
    return [label for label in example.labels if label != IGNORE_INDEX]


def test_ids_and_labels_by_hand(chars, qa, record):
    example = Encoder(qa, chars).encode(record("hi", "yo", context="!"))
    assert example.prompt == "Q: hi!\nA: "
    assert example.completion == "yo"
    assert example.input_ids == [1, *codes("Q: hi!\nA: "), *codes("yo"), 2]
    assert example.labels == [IGNORE_INDEX] * 11 + [*codes("yo"), 2]
    assert (example.loss_tokens, example.truncated) == (3, False)


def test_without_a_tokenizer_there_are_texts_alone(qa, record):
    encoder = Encoder(qa)
    example = encoder.encode(record())
    assert (example.prompt, example.completion) == ("Q: Q\nA: ", "A")
    assert (example.input_ids, example.labels) == ([], [])
    assert encoder.identity["tokenizer"] is None
    with pytest.raises(TemplateError, match="needs a tokenizer"):
        encoder.prompt_ids(record())


@pytest.mark.parametrize(
    "block",
    [
        "{% generation %}{{ output }}{% endgeneration %}",
        "{% generation %}{{ output }}{{ eos_token }}{% endgeneration %}",
        "{% generation %}{{ output }}{% endgeneration %}{{ eos_token }}",
    ],
)
@pytest.mark.parametrize("bos", ["", "{{ bos_token }}"])
def test_bos_and_eos_stand_once_whoever_writes_them(chars, template, record, block, bos):
    encoder = Encoder(template(bos + "P" + block), chars)
    assert encoder.encode(record()).input_ids == [1, ord("P"), ord("A"), 2]
    assert encoder.encode(record()).labels == [-100, -100, ord("A"), 2]
    assert encoder.prompt_ids(record(output="")) == [1, ord("P")]


def test_no_bos_where_the_tokenizer_begins_with_none(chars, qa, record):
    chars.begins = False
    assert Encoder(qa, chars).encode(record()).input_ids == [*codes("Q: Q\nA: A"), 2]


def test_loss_modes_differ_in_labels_alone(chars, template, record, conversation):
    text = (
        "{% for turn in history %}{% if turn.role == 'assistant' %}{% generation %}"
        "{{ turn.content }}{% endgeneration %}{% else %}{{ turn.content }}{% endif %};{% endfor %}"
        "{{ instruction }}{% generation %}{{ output }}{% endgeneration %}."
    )
    found = record(history=conversation[:2])
    expected = [1, *codes("Q1;A1"), 2, *codes(";QA"), 2, ord(".")]
    labels = {
        "completion": [-100] * 9 + [ord("A"), 2, -100],
        "assistant": [-100] * 4 + [*codes("A1"), 2, -100, -100, ord("A"), 2, -100],
        "all": [-100, *expected[1:]],
    }
    for loss, wanted in labels.items():
        example = Encoder(template(text), chars, EncodeSettings(loss=loss)).encode(found)
        assert example.input_ids == expected
        assert example.labels == wanted


def test_an_earlier_answer_that_a_special_token_ends_gets_no_eos(bpe, template, record):
    """The last answer does: a model of which nobody told the other token stops there too."""
    text = (
        "{% for turn in history %}{% generation %}{{ turn.content }}<|user|>{% endgeneration %};"
        "{% endfor %}{% generation %}{{ output }}<|user|>{% endgeneration %}"
    )
    found = record(history=[{"role": "assistant", "content": "a<|user|>"}])
    ids = Encoder(template(text), bpe).encode(found).input_ids
    assert bpe.decode(ids) == "<s>a<|user|><|user|>;A<|user|></s>"
    data = "{% for turn in history %}{% generation %}{{ turn.content }}{% endgeneration %};"
    ids = Encoder(template(data + text.partition(";")[2]), bpe).encode(found).input_ids
    assert bpe.decode(ids) == "<s>a<|user|></s>;A<|user|></s>"


def test_special_tokens_in_fields_are_text(bpe, template, record):
    text = "<|user|>{{ instruction }}<|assistant|>{% generation %}{{ output }}{% endgeneration %}"
    encoder = Encoder(template(text), bpe)
    example = encoder.encode(record("a</s><|user|>", "<s>b<|assistant|></s>"))
    ids = example.input_ids
    assert [ids.count(token) for token in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert (ids[0], ids[1], ids[-1]) == (1, 3, 2)
    assert bpe.decode(trained(example)) == "<s>b<|assistant|></s></s>"
    assert (encoder.special_tokens, encoder.special_records) == (5, 1)
    encoder.encode(record())
    assert (encoder.special_tokens, encoder.special_records) == (5, 1)


def test_neighbours_cannot_make_a_special_token_together(bpe, template, record):
    block = "{% generation %}{{ output }}{% endgeneration %}"
    text = "<|us{{ instruction }}{{ context }}r|>{{ bos_token }}" + block
    ids = Encoder(template(text), bpe).prompt_ids(record("e", context=""))
    assert 3 not in ids
    assert bpe.decode(ids) == "<s><|user|><s>"
    ids = Encoder(template("{{ eos_token }}" + text), bpe).prompt_ids(record("x</", context="s>"))
    assert ids.count(2) == 1


def test_a_segment_is_tokenised_whole(bpe, qa, record):
    """Fields do not break tokens: a merge may span template text and field text."""
    encoder = Encoder(qa, bpe)
    for instruction in ("the cat", "a <s> b"):
        text = f"Q: {instruction}\nA: "
        plain = bpe.encode(text, add_special_tokens=False, split_special_tokens=True)
        assert encoder.prompt_ids(record(instruction)) == [1, *plain]


@pytest.mark.parametrize("name", ["metaspace", "unigram", "slow"])
def test_other_kinds_of_tokenizers(request, qa, record, name):
    tokenizer = request.getfixturevalue(name)
    encoder = Encoder(qa, tokenizer)
    for output in ("yes", " a</s>b", "</s>", "<s>\n</s></s>"):
        example = encoder.encode(record("x</s>", output))
        assert example.input_ids.count(tokenizer.eos_token_id) == 1
        assert example.input_ids[-1] == tokenizer.eos_token_id
        whole = tokenizer.decode(example.input_ids, skip_special_tokens=False)
        assert whole == f"Q: x</s>\nA: {output}</s>"
        ids = encoder.prompt_ids(record("x</s>", ""))
        assert ids == example.input_ids[: -example.loss_tokens]


def test_unknown_letters_and_a_typed_unk_are_no_fault(unigram, qa, record):
    assert Encoder(qa, unigram).encode(record("<unk> é", "</s> é")).input_ids.count(2) == 1


SPECIAL = ["<s>", "</s>", "<|user|>", "<", "|user|>", "/s>", "s", "</", "<pad>"]
TEXTS = st.lists(
    st.one_of(st.sampled_from(SPECIAL), st.text(st.characters(exclude_categories=("Cs",)))),
    max_size=4,
).map("".join)
TURNS = st.lists(
    st.tuples(st.sampled_from(ROLES), TEXTS, st.booleans()),
    max_size=6,
).map(lambda turns: [
    {"role": role, "content": text, "follows_instruction": follows} for role, text, follows in turns
])  # fmt: skip
RECORDS = st.builds(
    Record, id=st.just("r"), instruction=TEXTS, context=TEXTS, output=TEXTS, system=TEXTS,
    history=TURNS,
)  # fmt: skip


def check(encoder_of, tokenizer, found, chat=False):
    """What holds for every record: see the test names."""
    examples = {loss: encoder_of(loss).encode(found) for loss in ("completion", "assistant", "all")}
    example = examples["completion"]
    ids = example.input_ids
    wanted = (found.output if not chat else example.completion[:-4]) + "</s>"
    assert tokenizer.decode(trained(example)) == wanted
    assert trained(example)[-1] == 2
    assert trained(example).count(2) == 1
    prompt = encoder_of("completion").prompt_ids(found)
    empty = encoder_of("completion").prompt_ids(found.with_fields(output=""))
    first = next(at for at, label in enumerate(example.labels) if label != IGNORE_INDEX)
    assert prompt == empty == ids[:first]
    assert ids.count(1) == 1
    for other in examples.values():
        assert other.input_ids == ids
        pairs = zip(ids, other.labels, strict=True)
        assert all(label in (token, IGNORE_INDEX) for token, label in pairs)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(RECORDS)
def test_any_record_holds_the_promises(bpe, found):
    alpaca = find_template("alpaca")

    def encoder_of(loss):
        return Encoder(alpaca, bpe, EncodeSettings(loss=loss, max_length=100_000))

    check(encoder_of, bpe, found)


def test_over_length_names_the_record(chars, qa, record):
    # BOS, eight characters of prompt, one of answer, EOS.
    assert Encoder(qa, chars, EncodeSettings(max_length=11)).encode(record())
    for policy in ("drop", "error"):
        encoder = Encoder(qa, chars, EncodeSettings(max_length=10, over_length=policy))
        with pytest.raises(CurateError, match="record r: 11 tokens, max_length is 10") as caught:
            encoder.encode(record())
        fault = caught.value
        assert (fault.record_id, fault.length, fault.max_length) == ("r", 11, 10)


def test_encode_all_hands_over_what_is_dropped(chars, qa, record):
    records = [record(), record("long" * 9)]
    kept, dropped = Encoder(qa, chars, EncodeSettings(max_length=20)).encode_all(records)
    assert kept.loss_tokens == 2
    assert isinstance(dropped, OverLength)
    strict = Encoder(qa, chars, EncodeSettings(max_length=20, over_length="error"))
    with pytest.raises(OverLength):
        list(strict.encode_all(records))


def test_truncation_takes_context_then_history_then_answer(chars, template, record, conversation):
    text = (
        "{% for turn in history %}{{ turn.content }};{% endfor %}{{ instruction }}({{ context }})"
        "{% generation %}{{ output }}{% endgeneration %}"
    )
    tool = {"role": "tool", "content": "T", "follows_instruction": True}
    found = record("Q", "answer", context="context", history=[*conversation[:4], tool])

    def shown(size):
        encoder = Encoder(
            template(text), chars, EncodeSettings(max_length=size, over_length="truncate")
        )
        example = encoder.encode(found)
        assert len(example.input_ids) <= size
        assert example.input_ids[-1] == example.labels[-1] == 2
        assert encoder.prompt_ids(found) == example.input_ids[: -example.loss_tokens]
        return example.prompt + "|" + example.completion, example.truncated

    assert shown(40) == ("Q1;A1;Q2;A2;T;Q(context)|answer", False)
    assert shown(30) == ("Q1;A1;Q2;A2;T;Q(conte)|answer", True)
    assert shown(25) == ("Q1;A1;Q2;A2;T;Q()|answer", True)
    assert shown(24) == ("Q2;A2;T;Q()|answer", True)
    assert shown(18) == ("T;Q()|answer", True)
    assert shown(9) == ("T;Q()|an", True)
    assert shown(8) == ("T;Q()|a", True)
    with pytest.raises(OverLength, match="32 tokens, max_length is 7"):
        shown(7)


def test_digest_covers_ids_and_labels_in_order(chars, qa, record):
    one, two = (Encoder(qa, chars).encode(record(output=text)) for text in "ab")
    assert digest([one, two]) != digest([two, one])
    builder = DigestBuilder()
    builder.update(one)
    builder.update(two)
    assert builder.hexdigest() == digest([one, two])
    packed = [struct.pack(f"<{len(ids)}q", *ids) for ids in (one.input_ids, one.labels)]
    parts = [b"r", *packed]
    expected = hashlib.sha256(b"".join(b"%d:" % len(part) + part for part in parts))
    assert digest([one]) == expected.hexdigest()


def test_identity_knows_template_tokenizer_and_settings(bpe, chars, qa):
    encoder = Encoder(qa, bpe)
    identity = encoder.identity
    assert identity["template"] == qa.identity
    assert identity["settings"] == {
        "max_length": 1024, "over_length": "drop", "loss": "completion",
    }  # fmt: skip
    assert identity == Encoder(qa, bpe).identity
    # A tokenizer keeps what it was asked for last; that is no part of what it is.
    bpe("x", truncation=True, max_length=3)
    assert identity == encoder.identity
    assert identity["tokenizer"] != Encoder(qa, chars).identity["tokenizer"]


def test_a_tokenizer_in_python_is_its_options_and_its_file(slow, qa, tmp_path):
    from transformers import ByT5Tokenizer

    identity = Encoder(qa, slow).identity["tokenizer"]
    assert Encoder(qa, ByT5Tokenizer()).identity["tokenizer"] == identity
    lower = ByT5Tokenizer(do_lower_case=True)
    assert Encoder(qa, lower).identity["tokenizer"] != identity
    found = []
    for place, data in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        path = tmp_path / place
        path.write_bytes(data)
        tokenizer = ByT5Tokenizer()
        tokenizer.vocab_file = str(path)
        found.append(Encoder(qa, tokenizer).identity["tokenizer"])
    assert found[0] == found[1] != found[2]


def test_a_tokenizer_without_eos_is_refused(chars, qa):
    chars.eos_token = chars.eos_token_id = None
    with pytest.raises(ModelError, match="no eos_token"):
        Encoder(qa, chars)


@pytest.mark.parametrize("name", ["./nowhere", "nowhere", "/no/where/x", "a/b/c"])
def test_a_missing_folder_is_an_error(name):
    with pytest.raises(ModelError, match="no such folder"):
        load_tokenizer(name)


def test_a_model_that_cannot_be_reached_is_an_error(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="model owner/nothing: its tokenizer cannot be loaded"):
        load_tokenizer("owner/nothing")


def test_a_saved_tokenizer_loads_and_keeps_its_identity(bpe, qa, tmp_path):
    bpe.save_pretrained(tmp_path)
    loaded = load_tokenizer(str(tmp_path))
    assert loaded.encode("the cat") == bpe.encode("the cat")


def test_transformers_missing_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(ModelError, match=r"pip install \"curate\[tune\]\""):
        load_tokenizer("tiny")


@pytest.fixture(scope="module")
def tiny():
    return load_tokenizer("tiny")


@pytest.mark.parametrize("name", ["alpaca", "chat"])
@settings(max_examples=60, deadline=None)
@given(found=RECORDS)
def test_the_shipped_model_holds_the_promises(tiny, name, found):
    if name == "chat":
        turns = [turn for turn in found.history if turn["role"] != "tool_call"]
        found = found.with_fields(history=turns)

    def encoder_of(loss):
        return Encoder(find_template(name), tiny, EncodeSettings(loss=loss, max_length=100_000))

    check(encoder_of, tiny, found, chat=name == "chat")
