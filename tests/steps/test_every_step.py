"""What holds for every step that looks at one record at a time."""

import pickle

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.engines import run_record_steps
from curate.records import Dropped, Record
from curate.steps import STEPS, RecordStep
from curate.steps.language import Language
from curate.steps.length import Length
from curate.steps.licenses import Licenses

OPTIONS = {Length: {"min_words": 2, "max_chars": 80}, Language: {"keep": ("en",)},
           Licenses: {"allow": ("unknown",)}}  # fmt: skip
ALL = [step(**OPTIONS.get(step, {})) for step in STEPS if issubclass(step, RecordStep)]

PIECES = [
    "### Response:\n", "### Instruction:\n", "### Input:\n", "[INST]", "<|im_end|>", "</s>",
    "None", "<noinput>", "Output: ", "As an AI language model, I cannot say.", "User: a\n",
    "I'm sorry, but I can't help.", "```\n", "Look at the image.", "https://a.io", "a@b.io",
    "4111 1111 1111 1111", "+49 30 901820", "no no no no ", "the", "Ã©", "\r\n", " ", "\n",
    "Name a colour.", "Red.", "AI: b\n",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=8).map("".join)
values = texts | st.sampled_from([None, 7, ["a"], {"a": 1}, True])
turns = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "?"])}, optional={"content": values}
)
records = st.builds(
    Record, id=st.just("a:1"), instruction=values, context=values, output=values, system=values,
    history=st.lists(turns, max_size=2), meta=st.sampled_from([{}, {"tools": []}]),
)  # fmt: skip


@pytest.mark.parametrize("step", ALL, ids=lambda step: step.name)
@given(record=records)
@settings(max_examples=150)
def test_gives_the_record_an_edit_or_a_drop_that_can_be_written(step, record):
    before = orjson.dumps(record)
    result = step.apply(record)
    assert orjson.dumps(record) == before
    if isinstance(result, Dropped):
        assert (result.step, result.record) == (step.name, record)
        orjson.dumps(result.to_dict())
    else:
        assert (result.id, result.meta) == (record.id, record.meta)


@pytest.mark.parametrize("step", ALL, ids=lambda step: step.name)
@given(record=records)
@settings(max_examples=100)
def test_an_edit_can_be_undone(step, record):
    [passage] = run_record_steps([step], [record])
    result = passage.result
    if isinstance(result, Dropped):
        return
    for field in ("instruction", "context", "output", "system"):
        text = getattr(result, field)
        for edit in passage.edits:
            if edit.field == field:
                assert text[edit.at :].startswith(edit.inserted)
                text = text[: edit.at] + edit.removed + text[edit.at + len(edit.inserted) :]
        assert text == getattr(record, field)


@pytest.mark.parametrize("step", ALL, ids=lambda step: step.name)
def test_can_be_sent_to_another_process(step):
    assert pickle.loads(pickle.dumps(step)) == step


@pytest.mark.parametrize("step", ALL, ids=lambda step: step.name)
@pytest.mark.parametrize("piece", [
    " ", "a", "(", "\n", "7", "I ", "as an ", "`", "<", "[", ":", "https://", "@", "+1 ", "a.",
    "# ", "Look at the image ", "sorry ", "```\n", "ab:", "1.2.3.", "A1 ",
])  # fmt: skip
def test_a_long_text_takes_no_quadratic_time(step, piece):
    """50,000 characters through a quadratic search would take minutes, not a moment."""
    text = (piece * 50_000)[:50_000]
    record = Record(id="a:1", instruction=text, context=text, output=text)
    result = step.apply(record)
    assert isinstance(result, Record | Dropped)
