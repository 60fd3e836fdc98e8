import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.errors import DatasetError
from curate.prompts.cache import cache_key, read_cache, write_cache
from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings, OverLength, digest
from curate.prompts.preview import preview_rows
from curate.prompts.stages import for_stage
from curate.records import Record


def codes(text):
    return [ord(char) for char in text]


@pytest.fixture
def pair(record):
    return record("hi", "yes", context="!", rejected="no")


def test_ids_and_labels_of_both_sides_by_hand(chars, qa, pair):
    example = Encoder(qa, chars).encode(pair)
    prompt = [1, *codes("Q: hi!\nA: ")]
    assert example.input_ids == [*prompt, *codes("yes"), 2]
    assert example.rejected.input_ids == [*prompt, *codes("no"), 2]
    assert example.rejected.labels == [IGNORE_INDEX] * len(prompt) + [*codes("no"), 2]
    assert (example.rejected.completion, example.length) == ("no", len(prompt) + 4)


def test_sides_are_the_examples_of_the_plain_records(chars, qa, pair):
    encoder = Encoder(qa, chars)
    example = encoder.encode(pair)
    one, other = map(encoder.encode, pair.sides())
    assert digest([example.rejected]) == digest([other])
    assert (example.input_ids, example.labels) == (one.input_ids, one.labels)
    assert encoder.prompt_ids(pair) == encoder.prompt_ids(pair.sides()[1])


def test_a_pair_is_dropped_if_either_side_is_too_long(chars, qa, pair):
    settings = EncodeSettings(max_length=16)
    long = pair.with_fields(rejected="no and no again")
    for each in (long, long.with_fields(output=long.rejected, rejected=long.output)):
        [item] = Encoder(qa, chars, settings).encode_all([each])
        assert isinstance(item, OverLength)
        assert item.length == 1 + len("Q: hi!\nA: no and no again") + 1


@given(texts=st.tuples(*[st.text("ab \n", max_size=30)] * 4), room=st.integers(20, 60))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_sides_are_cut_with_the_same_prompt(chars, qa, texts, room):
    instruction, context, output, rejected = texts
    record = Record(id="a:1", instruction=instruction, context=context, output=output + "x",
                    rejected=rejected + "y")  # fmt: skip
    encoder = Encoder(qa, chars, EncodeSettings(max_length=room, over_length="truncate"))
    try:
        example = encoder.encode(record)
    except OverLength:
        return
    sides = example, example.rejected
    prompts = [ids[: labels.index(next(x for x in labels if x != IGNORE_INDEX))]
               for ids, labels in ((side.input_ids, side.labels) for side in sides)]  # fmt: skip
    assert prompts[0] == prompts[1] == encoder.prompt_ids(record)
    assert all(len(side.input_ids) <= room and side.input_ids[-1] == 2 for side in sides)


def test_either_answer_and_the_label_are_in_the_digest(chars, qa, pair):
    encoder = Encoder(qa, chars)
    labelled = [pair.sides()[0].with_fields(label=label) for label in (None, True, False)]
    others = [pair, pair.with_fields(rejected="nope"), *labelled]
    assert len({digest([encoder.encode(each)]) for each in others}) == 5


def test_pairs_and_labels_come_out_of_the_cache_and_of_several_processes(tmp_path, chars, qa, pair):
    records = [pair, pair.sides()[0].with_fields(label=False), pair.sides()[1]]
    encoder = Encoder(qa, chars)
    chunk = encoder.encode_chunk(records)
    write_cache(tmp_path / "cache", cache_key(encoder, records), chunk)
    assert read_cache(tmp_path / "cache", cache_key(encoder, records)).items == chunk.items
    assert [item.label for item in chunk.items] == [None, False, None]


def test_special_tokens_in_the_rejected_answer_are_text_and_counted(bpe, qa, pair):
    encoder = Encoder(qa, bpe)
    example = encoder.encode(pair.with_fields(rejected="</s> no"))
    assert example.rejected.input_ids.count(bpe.eos_token_id) == 1
    assert encoder.special_tokens == 1


def test_lines_of_a_pair_have_both_answers(chars, qa, pair):
    row, last = preview_rows(Encoder(qa, chars), [pair])
    assert row["completion"] == "yes"
    assert row["rejected"]["completion"] == "no"
    assert row["rejected"]["loss_tokens"] == 3
    assert set(row["rejected"]) == {"completion", "input_ids", "labels", "loss_tokens"}
    assert last["records"] == 1


def test_stages_take_what_they_learn_from(pair, record):
    plain, bad = record("hi", "yes"), record("hi", "no").with_fields(label=False)
    [sft] = for_stage("sft", [pair], "x")
    assert (sft.output, sft.rejected) == ("yes", None)
    [same] = for_stage("sft", [plain], "x")
    assert same is plain
    assert list(for_stage("dpo", [pair], "x")) == [pair]
    labels = [(each.id, each.output, each.label) for each in for_stage("kto", [pair, bad], "x")]
    assert labels == [(pair.id, "yes", True), (f"{pair.id}:rejected", "no", False),
                      (bad.id, "no", False)]  # fmt: skip
    [asked] = for_stage("grpo", [pair], "x")
    assert (asked.instruction, asked.output, asked.rejected) == ("hi", "", None)


@pytest.mark.parametrize(("stage", "label", "reason"), [
    ("dpo", None, "x: s:1 has no rejected answer: stage dpo learns from pairs"),
    ("reward", None, "x: s:1 has no rejected answer: stage reward learns from pairs"),
    ("kto", None, "x: s:1 has no label: stage kto learns from labelled answers or pairs"),
    ("sft", False, "x: the answer of s:1 is labelled as undesirable, and stage sft would teach it"),
])  # fmt: skip
def test_what_a_stage_cannot_learn_from_is_said(stage, label, reason):
    record = Record(id="s:1", instruction="hi", output="no", label=label)
    with pytest.raises(DatasetError, match=reason):
        list(for_stage(stage, [record], "x"))
