import pytest

from curate.errors import ModelError
from curate.records import Record
from curate.steps.length import Length

RECORD = Record(id="a:1", instruction="Name three colours.", output="Red, green, blue.")


@pytest.mark.parametrize(("options", "reason", "evidence"), [
    ({"min_chars": 18}, "too_short", {"field": "output", "chars": 17, "limit": 18}),
    ({"max_chars": 16}, "too_long", {"field": "output", "chars": 17, "limit": 16}),
    ({"min_words": 4}, "too_short", {"field": "output", "words": 3, "limit": 4}),
    ({"max_words": 2}, "too_long", {"field": "output", "words": 3, "limit": 2}),
])  # fmt: skip
def test_drops_with_the_length_and_the_bound(options, reason, evidence):
    dropped = Length(**options).apply(RECORD)
    assert (dropped.step, dropped.reason, dropped.evidence) == ("length", reason, evidence)


def test_bounds_are_inclusive():
    step = Length(min_chars=17, max_chars=17, min_words=3, max_words=3)
    assert step.apply(RECORD) is RECORD


def test_tokens_are_those_of_the_whole_record():
    from tokenizers import Tokenizer

    from curate.shipped import shipped

    tokenizer = Tokenizer.from_file(str(shipped("data", "tiny", "tokenizer.json")))
    texts = ["Be kind.", "Hi.", "Hello.", "Name three colours.", "Of light.", "Red, green, blue."]
    count = sum(len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)
    record = RECORD.with_fields(
        system="Be kind.", context="Of light.",
        history=[{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}],
    )  # fmt: skip
    assert Length(max_tokens=count, tokenizer="tiny").apply(record) is record
    dropped = Length(max_tokens=count - 1, tokenizer="tiny").apply(record)
    assert (dropped.reason, dropped.evidence) == (
        "too_long", {"tokens": count, "limit": count - 1}
    )  # fmt: skip


def test_a_tokenizer_that_is_not_there_is_named(tmp_path):
    step = Length(max_tokens=5, tokenizer=str(tmp_path))
    with pytest.raises(ModelError, match=r"length\.tokenizer .*cannot be loaded .*Give `tiny`"):
        step.apply(RECORD)
