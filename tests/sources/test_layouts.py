import pytest

from curate.errors import SourceError, UsageError

CASES = {
    "alpaca": ({"output": "o", "input": "c", "instruction": "i"}, "c"),
    "alpaca without input": ({"instruction": "i", "output": "o"}, ""),
    "alpaca with null input": ({"instruction": "i", "input": None, "output": "o"}, ""),
    "instruction_response": ({"instruction": "i", "input": "c", "response": "o"}, "c"),
    "dolly": ({"instruction": "i", "context": "c", "response": "o"}, "c"),
    "curate": ({"instruction": "i", "context": "c", "output": "o"}, "c"),
    "prompt_completion": ({"prompt": "i", "completion": "o"}, ""),
    "question_answer": ({"question": "i", "answer": "o"}, ""),
    "question_answer with context": ({"question": "i", "answer": "o", "context": "c"}, "c"),
    "humaneval": ({"prompt": "i", "canonical_solution": "o"}, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_texts_come_from_the_columns_of_the_layout(read, case):
    row, context = CASES[case]
    result = read("a.jsonl", [row | {"id": 7, "nested": {"x": [1, None]}}])
    [record] = result.records
    assert (record.instruction, record.context, record.output) == ("i", context, "o")
    assert record.meta == {"id": 7, "nested": {"x": [1, None]}}
    assert result.reader.layout == case.split(" ")[0]


def test_what_is_no_text_stays_what_it_is(one):
    record = one({"instruction": None, "input": 5, "output": ["a"]})
    assert (record.instruction, record.context, record.output) == (None, 5, ["a"])


def test_shared_columns_are_fields(one):
    record = one({
        "instruction": "i", "output": "o", "system_prompt": "s", "license": "MIT",
        "history": [["q1", "a1"], {"role": "tool", "content": "t"}],
    })  # fmt: skip
    assert (record.system, record.license, record.meta) == ("s", "MIT", {})
    assert record.history == [
        {"role": "user", "content": "q1"},
        {"role": "assistant", "content": "a1"},
        {"role": "tool", "content": "t"},
    ]


def test_null_in_optional_columns_is_nothing(one):
    row = {"instruction": "i", "output": "o", "system": None, "history": None, "license": None}
    record = one(row)
    assert (record.system, record.history, record.license, record.meta) == ("", [], "", {})


def test_columns_that_only_sound_like_ours_stay_in_meta(one):
    record = one({"instruction": "i", "output": "o", "history": "Rome fell", "license": ["MIT"]})
    assert (record.history, record.license) == ([], "")
    assert record.meta == {"history": "Rome fell", "license": ["MIT"]}


def test_a_history_that_cannot_be_read_is_quarantined(one):
    assert one({"instruction": "i", "output": "o", "history": [["q"]]}) == (
        "item 1 of history is a list, not [question, answer]"
    )


def test_self_instruct_gives_a_record_for_each_instance(read):
    instances = [{"input": "c1", "output": "o1"}, {"input": None, "output": None, "note": 3}]
    result = read("a.jsonl", [{"id": "t", "instruction": "i", "instances": instances}])
    assert [record.id for record in result.records] == ["a:1.1", "a:1.2"]
    assert [record.context for record in result.records] == ["c1", ""]
    assert [record.output for record in result.records] == ["o1", None]
    assert [record.meta for record in result.records] == [
        {"id": "t"}, {"id": "t", "instance": {"note": 3}},
    ]  # fmt: skip
    assert result.reader.rows == 2
    assert result.records[1].origin == "a.jsonl:1"


@pytest.mark.parametrize(("instances", "reason"), [
    ([], "instances is a list, not a list of at least one instance"),
    ("x", "instances is text, not a list of at least one instance"),
    ([{"input": ""}], "instance 1 is an object, not input and output"),
])  # fmt: skip
def test_instances_that_cannot_be_read_are_quarantined(one, instances, reason):
    assert one({"instruction": "i", "instances": instances}) == reason


USER, GOOD, BAD = ({"role": r, "content": c} for r, c in
                   [("user", "i"), ("assistant", "good"), ("assistant", "bad")])  # fmt: skip


@pytest.mark.parametrize(("row", "meta"), [
    ({"prompt": "i", "chosen": "good", "rejected": "bad"}, {}),
    ({"instruction": "i", "chosen": "good", "rejected": "bad", "x": 2}, {"x": 2}),
    ({"question": "i", "chosen": "good", "rejected": "bad"}, {}),
    ({"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]}, {}),
    ({"prompt": "i", "chosen": [GOOD], "rejected": [BAD]}, {}),
    ({"chosen": [USER, GOOD], "rejected": [USER, BAD]}, {}),
    ({"prompt": "i", "chosen": [USER, GOOD], "rejected": [USER, BAD]}, {"prompt": "i"}),
    ({"conversations": [{"from": "human", "value": "i"}],
      "chosen": {"from": "gpt", "value": "good"}, "rejected": {"from": "gpt", "value": "bad"}}, {}),
    ({"chosen": "\n\nHuman: i\n\nAssistant: good", "rejected": "\n\nHuman: i\n\nAssistant: bad"},
     {}),
    ({"chosen": [USER, {**GOOD, "name": "a"}], "rejected": [USER, {**BAD, "name": "b"}]},
     {"turn_fields": [{"turn": 2, "name": "a"}],
      "rejected_turn_fields": [{"turn": 2, "name": "b"}]}),
])  # fmt: skip
def test_preference_pairs_have_both_answers(one, row, meta):
    record = one(row)
    assert (record.instruction, record.history) == ("i", [])
    assert (record.output, record.rejected) == ("good", "bad")
    assert record.meta == meta


def test_pair_in_a_dialogue_has_its_history(one):
    before = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    record = one({"prompt": [*before, USER], "chosen": [GOOD], "rejected": [BAD]})
    assert (record.instruction, record.history) == ("i", before)
    assert [side.output for side in record.sides()] == ["good", "bad"]


def test_columns_that_begin_with_rejected_are_not_of_the_answer(one):
    pair = one({"prompt": "i", "chosen": "good", "rejected": "bad", "rejected_tools": "[]"})
    assert [side.meta for side in pair.sides()] == [{"rejected_tools": "[]"}] * 2


def test_rejected_tool_call_is_one_on_its_side_only(one):
    call = {"role": "tool_call", "content": "{}"}
    pair = one({"prompt": [USER], "chosen": [GOOD], "rejected": [call]})
    assert [side.meta for side in pair.sides()] == [{}, {"output_role": "tool_call"}]
    pair = one({"prompt": [USER], "chosen": [call], "rejected": [BAD]})
    assert [side.meta["output_role"] for side in pair.sides()] == ["tool_call", "assistant"]


@pytest.mark.parametrize(("row", "reason"), [
    ({"chosen": "a", "rejected": "b"}, "chosen is text, and no column holds the prompt"),
    ({"prompt": "i", "chosen": "a", "rejected": None}, "rejected is null, not an answer"),
    ({"prompt": [USER], "chosen": [GOOD], "rejected": []},
     "rejected has no assistant turn (roles found: user)"),
    ({"chosen": [USER, GOOD, USER, GOOD], "rejected": [USER, BAD, USER, GOOD]},
     "chosen and rejected part at turn 2, before the last answer"),
    ({"chosen": [USER, GOOD, USER, GOOD], "rejected": [USER, GOOD]},
     "chosen and rejected part at turn 3, before the last answer"),
])  # fmt: skip
def test_pairs_that_cannot_be_read_are_quarantined(one, row, reason):
    assert one(row) == reason


def test_null_answer_of_a_pair_is_left_to_validate(one):
    record = one({"prompt": "i", "chosen": None, "rejected": "bad"})
    assert (record.output, record.rejected) == (None, "bad")


@pytest.mark.parametrize(("row", "label", "meta"), [
    ({"prompt": "i", "completion": "good", "label": True}, True, {}),
    ({"prompt": [USER], "completion": [GOOD], "label": False}, False, {}),
    ({"instruction": "i", "output": "good", "kto_tag": False}, False, {}),
    ({"messages": [USER, GOOD], "kto_tag": True}, True, {}),
    ({"prompt": "i", "completion": "good", "label": 1}, None, {"label": 1}),
    ({"prompt": "i", "completion": "good", "label": "true"}, None, {"label": "true"}),
    ({"instruction": "i", "output": "good", "label": True}, None, {"label": True}),
])  # fmt: skip
def test_only_a_boolean_is_a_label_and_only_where_it_says_what_of(one, row, label, meta):
    record = one(row)
    assert (record.instruction, record.output) == ("i", "good")
    assert (record.label, record.meta) == (label, meta)


def test_rejected_beside_an_output_is_the_other_answer_if_it_is_text(one):
    assert one({"instruction": "i", "output": "o", "rejected": "r"}).rejected == "r"
    record = one({"instruction": "i", "output": "o", "rejected": False})
    assert (record.rejected, record.meta) == (None, {"rejected": False})


def test_mapping_names_both_answers(read):
    mapping = {"instruction": "q", "output": "better", "rejected": "worse"}
    result = read("a.jsonl", [{"q": "i", "better": "good", "worse": "bad"}], mapping=mapping)
    [record] = result.records
    assert (record.instruction, record.output, record.rejected) == ("i", "good", "bad")


def test_prompt_and_completion_may_be_turns(one):
    record = one({"prompt": [{"role": "system", "content": "s"}, USER], "completion": [GOOD]})
    assert (record.system, record.instruction, record.output) == ("s", "i", "good")


def test_mapping_names_our_field_and_their_column(read):
    rows = [{"q": "i", "a": "o", "instruction": "theirs"}]
    result = read("a.jsonl", rows, mapping={"instruction": "q", "output": "a"})
    [record] = result.records
    assert (record.instruction, record.output) == ("i", "o")
    assert record.meta == {"instruction": "theirs"}


def test_mapping_one_field_leaves_the_others_to_the_layout(one):
    row = {"instruction": "i", "input": "c", "passage": "p", "response": "o"}
    record = one(row, mapping={"context": "passage"})
    assert (record.context, record.output, record.meta) == ("p", "o", {"input": "c"})


def test_mapping_wins_over_a_conversation(one):
    row = {"messages": [USER, GOOD], "q": "i2", "a": "o2"}
    record = one(row, mapping={"instruction": "q", "output": "a"})
    assert (record.instruction, record.meta) == ("i2", {"messages": [USER, GOOD]})
    assert one({"dialog": [USER, GOOD]}, mapping={"messages": "dialog"}).output == "good"


def test_a_mapped_column_that_is_missing_is_named(read):
    with pytest.raises(SourceError, match=r"keys found: q, a; --map names what it lacks: b"):
        read("a.jsonl", [{"q": "i", "a": "o"}], mapping={"instruction": "q", "output": "b"})


def test_unknown_mapping_targets_and_layouts_are_wrong_usage(read):
    with pytest.raises(UsageError, match=r"--map instrucion=q.*did you mean instruction\?"):
        read("a.jsonl", b"", mapping={"instrucion": "q"})
    with pytest.raises(UsageError, match=r"--layout alpacca: unknown \(did you mean alpaca\?\)"):
        read("a.jsonl", b"", layout="alpacca")


def test_a_forced_layout_is_the_only_one(read):
    rows = [{"question": "q", "answer": "a", "prompt": "i", "completion": "o"}, {"prompt": "i"}]
    result = read("a.jsonl", rows, layout="question_answer")
    assert result.records[0].instruction == "q"
    assert result.quarantined[0].error == (
        "fits no layout; keys found: prompt; --layout question_answer"
    )


def test_input_beside_context_is_not_guessed(read):
    row = {"instruction": "i", "input": "a", "context": "b", "output": "o"}
    with pytest.raises(SourceError, match=r"input or context: say which with --map context"):
        read("a.jsonl", [row])
    [record] = read("a.jsonl", [row], mapping={"context": "context"}).records
    assert (record.context, record.meta) == ("b", {"input": "a"})


def test_an_unknown_layout_names_the_keys_and_the_layouts(read):
    with pytest.raises(SourceError) as error:
        read("a.jsonl", [{"Text": "x", "label": 1}] * 3)
    assert "a.jsonl: no layout fits the first rows (3 tried; keys found: Text, label)" in str(
        error.value
    )
    assert "alpaca (instruction, output)" in str(error.value)
    assert "--map instruction=COLUMN" in str(error.value)


def test_the_search_for_a_layout_ends_after_100_rows(read):
    rows = [{"text": "x"}] * 100 + [{"instruction": "i", "output": "o"}]
    with pytest.raises(SourceError, match="100 tried"):
        read("a.jsonl", rows)
    assert len(read("a.jsonl", rows[1:]).records) == 1


@pytest.mark.parametrize(("answer", "first", "then"), [
    ("output", "alpaca", "curate"), ("response", "instruction_response", "dolly"),
])  # fmt: skip
def test_a_context_that_only_some_rows_have_is_the_context(read, answer, first, then):
    rows = [{"instruction": "i", answer: "o"}, {"instruction": "i", "context": "c", answer: "o"}]
    result = read("a.jsonl", [*rows, rows[0]])
    assert [record.context for record in result.records] == ["", "c", ""]
    assert [record.meta for record in result.records] == [{}, {}, {}]
    assert dict(result.reader.layouts) == {first: 2, then: 1}


def test_rows_of_several_layouts_are_read_each_by_its_own(read):
    rows = [
        {"instruction": "i", "output": "o"},
        {"prompt": "p", "completion": "c"},
        {"text": "x"},
        {"prompt": "p", "completion": "c", "instruction": "i", "output": "o"},
    ]
    result = read("a.jsonl", rows)
    assert (result.reader.layout, dict(result.reader.layouts)) == (
        "alpaca,prompt_completion", {"alpaca": 2, "prompt_completion": 1},
    )  # fmt: skip
    assert result.quarantined[0].error == "fits no layout; keys found: text"
    assert result.reader.rows == 4
