"""Many records at once give what one at a time gives."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.errors import TemplateError
from curate.prompts.encode import Encoder, EncodeSettings, OverLength, load_tokenizer
from curate.prompts.templates import find_template
from curate.records import Record

TEXTS = st.lists(
    st.one_of(st.sampled_from(["</s>", "<s>", "<", "\n", " "]), st.text(max_size=8)), max_size=3
).map("".join)
RECORDS = st.lists(
    st.builds(Record, id=st.just("r"), instruction=TEXTS, context=TEXTS, output=TEXTS), max_size=5
)


@pytest.mark.parametrize("name", ["bpe", "metaspace", "unigram", "slow", "chars"])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=RECORDS)
def test_one_call_for_many_segments_gives_the_ids_of_many_calls(request, name, records):
    tokenizer = request.getfixturevalue(name)
    one_by_one, together = (
        Encoder(find_template("alpaca"), tokenizer, EncodeSettings(max_length=400)) for _ in "12"
    )

    def alone(record):
        try:
            return one_by_one.encode(record)
        except OverLength as fault:
            return fault
        except TemplateError as fault:
            return str(fault)

    wanted = [alone(record) for record in records]
    chunk = together.encode_chunk(records)
    found = [*chunk.items, *([str(chunk.fault)] if chunk.fault else [])]
    wanted = wanted[: len(found)]
    assert [str(item) for item in found] == [str(item) for item in wanted]


def test_the_tokenizer_is_called_for_all_at_once(bpe, qa, record, monkeypatch):
    asked = []
    real = type(bpe).encode
    monkeypatch.setattr(
        type(bpe),
        "encode",
        lambda self, text, **rest: asked.append(text) or real(self, text, **rest),
    )
    encoder = Encoder(qa, bpe)
    asked.clear()
    list(encoder.encode_all([record(f"number {n}", f"answer {n}") for n in range(50)]))
    assert len(asked) == 1


def test_a_class_that_does_more_than_its_backend_is_asked_itself(bpe, qa, record):
    class Shouting(type(bpe)):
        def encode(self, text, **rest):
            return super().encode(text.upper(), **rest)

    loud = Shouting(tokenizer_object=bpe.backend_tokenizer, bos_token="<s>", eos_token="</s>")
    (example,) = Encoder(qa, loud).encode_all([record("a", "b")])
    assert loud.decode(example.input_ids) == "<s>Q: A\nA: B</s>"


def test_what_a_caller_asked_for_last_is_forgotten(bpe, qa, record):
    records = [record(f"number {n}", "long answer") for n in range(3)]
    wanted = [Encoder(qa, bpe).encode(each) for each in records]
    bpe("x", truncation=True, max_length=3)
    assert list(Encoder(qa, bpe).encode_all(records)) == wanted


def test_an_error_comes_when_its_record_does(chars, template, record):
    broken = template(
        "{% if not context %}{{ instruction }}{% else %}{{ nothing }}{% endif %}"
        "{% generation %}{{ output }}{% endgeneration %}"
    )
    records = [record("one"), record("two" * 9), record("three", context="!"), record("four")]
    found = []
    with pytest.raises(TemplateError, match="nothing"):
        found += Encoder(broken, chars, EncodeSettings(max_length=20)).encode_all(records)
    items = Encoder(broken, chars, EncodeSettings(max_length=20)).encode_all(records)
    assert next(items).prompt == "one"
    assert next(items).length == 30
    strict = Encoder(broken, chars, EncodeSettings(max_length=20, over_length="error"))
    items = strict.encode_all(records)
    assert next(items).prompt == "one"
    with pytest.raises(OverLength, match="30 tokens"):
        next(items)


def test_any_number_of_processes_gives_the_same():
    records = [
        Record(id=f"a:{n}", instruction=f"say </s> {n}", output="word " * (n % 40))
        for n in range(300)
    ]
    found = []
    for workers in (1, 2):
        settings = EncodeSettings(max_length=80)
        encoder = Encoder(find_template("alpaca"), load_tokenizer("tiny"), settings)
        items = list(encoder.encode_all(records, workers=workers))
        kinds = [
            (i.record_id, i.length, i.max_length) if isinstance(i, OverLength) else i for i in items
        ]
        found.append((kinds, encoder.special_tokens, encoder.special_records))
    assert found[0] == found[1]
    assert found[0][1:] == (300, 300)
    assert any(isinstance(item, tuple) for item in found[0][0])


def test_a_fault_in_another_process_is_the_same_fault():
    records = [Record(id=f"a:{n}", instruction="x" * n, output="y") for n in range(200)]
    settings = EncodeSettings(max_length=120, over_length="error")
    encoder = Encoder(find_template("alpaca"), load_tokenizer("tiny"), settings)
    with pytest.raises(OverLength, match="max_length is 120") as caught:
        list(encoder.encode_all(records, workers=2))
    with pytest.raises(OverLength) as alone:
        list(encoder.encode_all(records))
    assert str(caught.value) == str(alone.value)
