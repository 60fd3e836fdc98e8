import pytest


def sharegpt(*turns):
    return {"conversations": [{"from": by, "value": words} for by, words in turns]}


def messages(*turns):
    return {"messages": [{"role": by, "content": words} for by, words in turns]}


def test_the_last_exchange_is_the_record_and_the_rest_history(one):
    record = one(sharegpt(("system", "s"), ("human", "q1"), ("gpt", "a1"), ("Human", "q2"),
                          ("chatgpt", "a2")))  # fmt: skip
    assert (record.system, record.instruction, record.output) == ("s", "q2", "a2")
    assert record.history == [
        {"role": "user", "content": "q1"},
        {"role": "assistant", "content": "a1"},
    ]
    assert record.meta == {}


def test_tool_turns_before_the_output_follow_the_instruction(one):
    record = one(sharegpt(("human", "q"), ("function_call", "f()"), ("observation", "42"),
                          ("gpt", "a")) | {"tools": "[]"})  # fmt: skip
    assert record.history == [
        {"role": "tool_call", "content": "f()", "follows_instruction": True},
        {"role": "tool", "content": "42", "follows_instruction": True},
    ]
    assert [turn["role"] for turn in record.turns()] == ["user", "tool_call", "tool"]
    assert record.meta == {"tools": "[]"}


def test_turns_after_the_output_are_kept(one):
    record = one(messages(("user", "q"), ("assistant", "a"), ("user", "and?")))
    assert (record.instruction, record.output) == ("q", "a")
    assert record.meta == {"trailing_turns": [{"role": "user", "content": "and?"}]}


def test_a_tool_call_may_be_the_output(one):
    record = one(sharegpt(("human", "q"), ("function_call", "f()")))
    assert (record.output, record.history) == ("f()", [])
    assert record.meta == {"output_role": "tool_call"}


def test_openai_tool_calls_become_turns(one):
    call = {"id": "c1", "type": "function",
            "function": {"name": "add", "arguments": '{"b": 2, "a": 1}'}}  # fmt: skip
    rows = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call]},
        {"role": "tool", "content": "3", "tool_call_id": "c1"},
        {"role": "assistant", "content": "It is 3.", "tool_calls": None},
    ]
    record = one({"messages": rows})
    assert record.history == [
        {"role": "assistant", "content": "Let me see.", "follows_instruction": True},
        {"role": "tool_call", "content": '{"name": "add", "arguments": {"b": 2, "a": 1}}',
         "follows_instruction": True},
        {"role": "tool", "content": "3", "follows_instruction": True},
    ]  # fmt: skip
    assert record.output == "It is 3."
    assert record.meta == {"turn_fields": [
        {"turn": 2, "tool_calls": [call]}, {"turn": 3, "tool_call_id": "c1"},
    ]}  # fmt: skip


def test_several_calls_are_a_list_and_odd_arguments_stay_text(one):
    calls = [{"type": "function", "function": {"name": "f", "arguments": "{1}"}},
             {"type": "function", "function": {"name": "g", "arguments": {"x": 1}}}]  # fmt: skip
    turns = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": calls},
    ]
    record = one({"messages": turns})
    assert record.output == (
        '[{"name": "f", "arguments": "{1}"}, {"name": "g", "arguments": {"x": 1}}]'
    )
    assert record.meta == {"output_role": "tool_call"}


@pytest.mark.parametrize("calls", [[5], ["x"], [[[]]], [{"id": "c1"}], {"id": "c1"}])
def test_odd_tool_calls_of_a_user_turn_are_kept(one, calls):
    turns = [{"role": "user", "content": "q", "tool_calls": calls}]
    record = one({"messages": [*turns, {"role": "assistant", "content": "a"}]})
    assert record.meta == {"turn_fields": [{"turn": 1, "tool_calls": calls}]}


def test_text_parts_are_joined(one):
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert one(messages(("user", parts), ("assistant", "x"))).instruction == "ab"


def test_a_system_column_is_used_where_no_turn_is_one(one):
    row = sharegpt(("human", "q"), ("gpt", "a")) | {"system": "s"}
    assert one(row).system == "s"
    row = sharegpt(("system", "t"), ("human", "q"), ("gpt", "a")) | {"system": "s"}
    assert (one(row).system, one(row).meta) == ("t", {"system": "s"})


def test_role_and_content_inside_conversations(one):
    assert (
        one({"conversations": messages(("user", "q"), ("assistant", "a"))["messages"]}).output
        == "a"
    )


@pytest.mark.parametrize(("row", "reason"), [
    (messages(("user", "q")),
     "messages has no assistant turn (roles found: user)"),
    (messages(), "messages has no assistant turn (roles found: none)"),
    (messages(("assistant", "a"), ("user", "q")),
     "messages has no user turn before its last assistant turn"),
    (messages(("user", None), ("assistant", "a")),
     "turn 1 of messages: content is null, not text"),
    (sharegpt(("human", "q"), ("gpt", 5)), "turn 2 of conversations: value is a number, not text"),
    (messages(("user", [{"type": "image_url", "image_url": "x"}]), ("assistant", "a")),
     "turn 1 of messages: content holds a part that is not text ('image_url')"),
    ({"messages": "hello"}, "messages is text, not a list of turns"),
    ({"messages": ["hello"]}, "turn 1 of messages is text, not an object"),
    ({"messages": [{"role": "user", "content": "q"},
                   {"role": "assistant", "tool_calls": [{"id": 1}]}]},
     "turn 2 of messages: tool call {'id': 1} has no name"),
])  # fmt: skip
def test_a_conversation_that_cannot_be_read_is_quarantined(one, row, reason):
    assert one(row) == reason


def test_an_unknown_role_is_named(one):
    assert one(messages(("narrator", "x"), ("assistant", "a"))).startswith(
        "turn 1 of messages: role 'narrator' is unknown (known: system, developer, user, human"
    )
