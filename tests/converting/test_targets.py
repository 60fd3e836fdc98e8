import pytest

from curate.cli.convert import convert_command
from curate.converting import TARGETS, llama_factory_entry
from curate.converting.compare import changes, lost_columns, read_back
from curate.converting.targets import to_row
from curate.converting.unheld import LEFT_OUT, UnheldError

CHAT = [{"role": "user", "content": "Q1"}, {"role": "assistant", "content": "A1"}]
CALL = '{"name": "add", "arguments": {"b": 2, "a": 1}}'
TOOLS_USED = [
    {"role": "assistant", "content": "Let me see.", "follows_instruction": True},
    {"role": "tool_call", "content": CALL, "follows_instruction": True},
    {"role": "tool", "content": "3", "follows_instruction": True},
]
FUNCTION = {"name": "add", "arguments": '{"b": 2, "a": 1}'}
CALLED = [{"type": "function", "function": FUNCTION}]
PLAIN = {"context": "C", "meta": {"topic": "x"}, "license": "MIT"}
TALK = {"system": "S", "history": CHAT}

ROWS = [
    ("alpaca", {}, {"instruction": "Q", "input": "", "output": "A"}),
    ("alpaca", PLAIN,
     {"instruction": "Q", "input": "C", "output": "A", "license": "MIT", "topic": "x"}),
    ("alpaca", TALK, {"instruction": "Q", "input": "", "output": "A", "system": "S",
                      "history": [["Q1", "A1"]]}),
    ("llama-factory", {}, {"instruction": "Q", "input": "", "output": "A", "system": "",
                           "history": []}),
    ("llama-factory", {**TALK, "meta": {"tools": "[]"}},
     {"instruction": "Q", "input": "", "output": "A", "system": "S", "history": [["Q1", "A1"]],
      "tools": "[]"}),
    ("sharegpt", {**TALK, "meta": {"tools": "[]"}},
     {"conversations": [{"from": "human", "value": "Q1"}, {"from": "gpt", "value": "A1"},
                        {"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}],
      "system": "S", "tools": "[]"}),
    ("sharegpt", {"history": TOOLS_USED},
     {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "Let me see."},
                        {"from": "function_call", "value": CALL},
                        {"from": "observation", "value": "3"}, {"from": "gpt", "value": "A"}]}),
    ("messages", TALK,
     {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q1"},
                   {"role": "assistant", "content": "A1"}, {"role": "user", "content": "Q"},
                   {"role": "assistant", "content": "A"}]}),
    ("messages", {"history": TOOLS_USED, "meta": {"tools": [{"name": "add"}]}},
     {"messages": [{"role": "user", "content": "Q"},
                   {"role": "assistant", "content": "Let me see.", "tool_calls": CALLED},
                   {"role": "tool", "content": "3"}, {"role": "assistant", "content": "A"}],
      "tools": [{"name": "add"}]}),
    ("messages", {"output": CALL, "meta": {"output_role": "tool_call"}},
     {"messages": [{"role": "user", "content": "Q"},
                   {"role": "assistant", "content": "", "tool_calls": CALLED}]}),
    ("prompt-completion", {"meta": {"topic": "x"}},
     {"prompt": "Q", "completion": "A", "topic": "x"}),
    ("prompt-completion", {"label": False}, {"prompt": "Q", "completion": "A", "label": False}),
    ("sharegpt", {"label": True},
     {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}],
      "kto_tag": True}),
    ("preference", {"rejected": "B", **TALK, "meta": {"topic": "x"}},
     {"prompt": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q1"},
                 {"role": "assistant", "content": "A1"}, {"role": "user", "content": "Q"}],
      "chosen": [{"role": "assistant", "content": "A"}],
      "rejected": [{"role": "assistant", "content": "B"}], "topic": "x"}),
    ("preference", {"rejected": CALL, "meta": {"rejected_output_role": "tool_call"}},
     {"prompt": [{"role": "user", "content": "Q"}],
      "chosen": [{"role": "assistant", "content": "A"}],
      "rejected": [{"role": "assistant", "content": "", "tool_calls": CALLED}]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fields", "row"), ROWS)
def test_a_record_is_written_so_and_read_back_the_same(record, target, name, fields, row):
    given = record(**fields)
    assert to_row(target(name), given) == row
    back = read_back(row)
    assert (back.key, changes(given, back), lost_columns(given, back)) == (given.key, [], [])
    assert (back.meta, back.license) == (given.meta, given.license)


def test_every_target_has_a_row_written_by_hand():
    assert {name for name, _, _ in ROWS} == {each.name for each in TARGETS}


@pytest.mark.parametrize(("name", "row"), [
    ("sharegpt", {"conversations": [{"from": "human", "value": "Q\n\nC"},
                                    {"from": "gpt", "value": "A"}]}),
    ("messages", {"messages": [{"role": "user", "content": "Q\n\nC"},
                               {"role": "assistant", "content": "A"}]}),
    ("prompt-completion", {"prompt": "Q\n\nC", "completion": "A"}),
])  # fmt: skip
def test_the_context_is_joined_where_it_has_no_place_and_that_is_told(record, target, name, row):
    given = record(context="C")
    assert to_row(target(name), given) == row
    assert changes(given, read_back(row)) == ["context_joined"]


ODD_CALL = [{"role": "tool_call", "content": "add(1, 2)", "follows_instruction": True}]
SYSTEM_FIRST = [{"role": "system", "content": "S"}, *CHAT]
UNPAIRED = [{"role": "user", "content": "Q1"}, {"role": "user", "content": "Q2"}]
NO_ROLE = [{"content": "Q1"}]


@pytest.mark.parametrize(("name", "fields", "reason", "detail"), [
    ("alpaca", {"output": None}, "not_text", "output is null"),
    ("sharegpt", {"context": 4}, "not_text", "context is a number"),
    ("messages", {"history": NO_ROLE}, "odd_turn", "item 1 of history: {'content': 'Q1'}"),
    ("alpaca", {"history": TOOLS_USED}, "tool_turns", ""),
    ("llama-factory", {"meta": {"output_role": "tool_call"}}, "tool_turns", ""),
    ("prompt-completion", {"history": TOOLS_USED}, "tool_turns", ""),
    ("prompt-completion", TALK, "earlier_turns", ""),
    ("prompt-completion", {"system": "S"}, "system_prompt", ""),
    ("alpaca", {"history": UNPAIRED}, "unpaired_turns", ""),
    ("alpaca", {"history": CHAT[:1]}, "unpaired_turns", ""),
    ("alpaca", {"history": TOOLS_USED[:1]}, "unpaired_turns", ""),
    ("messages", {"history": ODD_CALL}, "odd_calls", ""),
    ("messages", {"output": "[]", "meta": {"output_role": "tool_call"}}, "odd_calls", ""),
    ("messages", {"output": '{"name": "f"}, "x": {}', "meta": {"output_role": "tool_call"}},
     "odd_calls", ""),
    ("messages", {"history": SYSTEM_FIRST}, "other_order", ""),
    ("sharegpt", {"history": [*TOOLS_USED, *CHAT]}, "other_order", ""),
])  # fmt: skip
def test_what_a_target_cannot_hold_is_left_out_with_the_reason(
    record, target, name, fields, reason, detail
):
    given = record(**fields)
    with pytest.raises(UnheldError) as caught:
        changes(given, read_back(to_row(target(name), given)))
    assert (caught.value.reason, caught.value.detail) == (reason, detail)
    assert reason in LEFT_OUT


@pytest.mark.parametrize("text", ['{"arguments":{"a":1},"name":"f"}', '[{"name":"f",'
                                  '"arguments":"{\\"a\\": 1}"}]'])  # fmt: skip
def test_a_call_in_other_letters_is_written_and_told(record, target, text):
    given = record(output=text, meta={"output_role": "tool_call"})
    row = to_row(target("messages"), given)
    [call] = row["messages"][-1]["tool_calls"]
    assert call["function"] == {"name": "f", "arguments": '{"a": 1}'}
    assert changes(given, read_back(row)) == ["calls_rewritten"]


def test_a_list_of_tools_becomes_text_where_llama_factory_reads_it(record, target):
    given = record(meta={"tools": [{"name": "é"}]})
    for name in ("sharegpt", "llama-factory"):
        row = to_row(target(name), given)
        assert row["tools"] == '[{"name": "é"}]'
        assert changes(given, read_back(row)) == ["tools_as_text"]
    assert to_row(target("alpaca"), given)["tools"] == [{"name": "é"}]


def test_an_empty_answer_before_a_call_stays_a_message_of_its_own(record, target):
    history = [{**TOOLS_USED[0], "content": ""}, *TOOLS_USED[1:]]
    row = to_row(target("messages"), record(history=history))
    assert [message["content"] for message in row["messages"]] == ["Q", "", "", "3", "A"]


@pytest.mark.parametrize(("name", "column"), [
    ("alpaca", "context"), ("alpaca", "input"), ("alpaca", "conversations"), ("alpaca", "rejected"),
    ("alpaca", "kto_tag"), ("prompt-completion", "label"),
    ("alpaca", "system_prompt"), ("sharegpt", "system"), ("messages", "history"),
    ("prompt-completion", "canonical_solution"), ("prompt-completion", "instruction"),
])  # fmt: skip
def test_a_column_that_would_be_read_as_something_else_is_left_out(record, target, name, column):
    given = record(meta={"note": "R", "output": "O", column: "V", "id": 7})
    row = to_row(target(name), given)
    back = read_back(row)
    assert (back.key, back.meta["id"], back.meta["note"]) == (given.key, 7, "R")
    assert column in lost_columns(given, back)


def test_keys_of_turns_are_told_as_columns(record, target):
    given = record(history=[{**CHAT[0], "name": "Ann"}, CHAT[1]])
    assert lost_columns(given, read_back(to_row(target("messages"), given))) == ["history.name"]


def test_what_the_reader_kept_of_turns_stays_a_column_and_is_told(record, target):
    given = record(meta={"turn_fields": [{"turn": 2, "weight": 0}]})
    row = to_row(target("messages"), given)
    assert row["turn_fields"] == [{"turn": 2, "weight": 0}]
    assert changes(given, read_back(row)) == ["turn_fields"]


def test_the_entry_of_llama_factory_names_the_columns():
    columns = {"prompt": "instruction", "query": "input", "response": "output",
               "system": "system", "history": "history"}  # fmt: skip
    assert llama_factory_entry("mine", "mine.json", tools=False) == {
        "mine": {"file_name": "mine.json", "columns": columns}
    }
    entry = llama_factory_entry("mine", "mine.json", tools=True)
    assert entry["mine"]["columns"] == columns | {"tools": "tools"}


def test_the_command_offers_every_target():
    [to] = [param for param in convert_command.params if param.name == "name"]
    assert list(to.type.choices) == [target.name for target in TARGETS]
