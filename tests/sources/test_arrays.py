import json

import pytest

from curate.errors import SourceError

ROWS = [{"instruction": f"do {i} {{", "output": f'"{i}" ]}}\n'} for i in range(5)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("wrap", [None, "data", "train"])
def test_elements_are_rows_at_their_index(read, indent, name, wrap):
    result = read(name, json.dumps({"version": [1], wrap: ROWS} if wrap else ROWS, indent=indent))
    assert [record.output for record in result.records] == [row["output"] for row in ROWS]
    assert [record.id for record in result.items] == [f"a:{i}" for i in range(5)]
    assert result.records[3].origin == f"{name}#3"


def test_json_lines_in_a_json_file(read):
    assert read("a.json", ROWS).records[4].origin == "a.json:5"


def test_several_objects_over_several_lines(read):
    text = "\n".join(json.dumps(row, indent=1) for row in ROWS)
    assert [record.id for record in read("a.json", text).items] == [f"a:{i}" for i in range(5)]


def test_a_single_conversation_over_several_lines_is_one_row(read):
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    [record] = read("a.json", json.dumps({"messages": turns}, indent=2)).records
    assert (record.instruction, record.output) == ("a", "b")


def test_several_lists_are_not_guessed_among(read):
    with pytest.raises(SourceError, match=r"holds 2 lists of objects \(train, test\)"):
        read("a.json", json.dumps({"train": ROWS, "test": ROWS}))


DAMAGE = [
    ('"do 2 {"', "do 2", "not JSON: Expecting value at character 17"),
    ('"do 2 {"', '"do 2 {', "not JSON: "),
    ('"do 2 {"', 'do 2 {"', "not JSON: "),
    ('"instruction": "do 2', 'instruction": "do 2', "not JSON: Expecting property name"),
    ('"do 2 {"', "NaN", "NaN is not JSON"),
    ('"do 2 {"', '"a", "output": ""', "key 'output' appears twice"),
    ('{"instruction": "do 2', '"instruction": "do 2', ""),
]


@pytest.mark.parametrize(("old", "new", "reason"), DAMAGE)
@pytest.mark.parametrize("separator", [", ", ",\n"])
def test_a_broken_element_costs_itself_alone(read, old, new, reason, separator):
    text = "[" + separator.join(json.dumps(row) for row in ROWS) + "]"
    assert old in text
    text = text.replace(old, new)
    result = read("a.json", text)
    assert [record.instruction for record in result.records] == [
        row["instruction"] for row in ROWS if row is not ROWS[2]
    ]
    first = result.quarantined[0]
    assert first.error.startswith(reason)
    assert first.line == (1 if separator == ", " else 3)
    assert text.encode()[first.offset :].startswith(first.raw.encode())
    assert text[first.offset :].startswith(('{"instruction', '"instruction', "{instruction"))


def test_what_is_no_object_costs_itself(read):
    result = read("a.json", '[1, "x", null, [2], {"instruction": "a", "output": "b"}]')
    assert [item.id for item in result.records] == ["a:4"]
    assert [item.error for item in result.quarantined] == [
        "a number, not an object", "text, not an object", "null, not an object",
        "a list, not an object",
    ]  # fmt: skip


def test_a_truncated_array_gives_its_whole_elements(read):
    text = json.dumps(ROWS, indent=2)
    result = read("a.json", text[: text.index('"output": "\\"3')])
    assert [record.id for record in result.records] == ["a:0", "a:1", "a:2"]
    [tail] = result.quarantined
    assert (tail.error, tail.line) == ("the text ends inside element 3", 14)


def test_a_missing_end_and_a_rest_are_told(read):
    text = json.dumps(ROWS)
    missing = read("a.json", text[:-1]).quarantined
    assert [item.error for item in missing] == [
        "the array has no end: ] is missing after 5 elements"
    ]
    [rest] = read("a.json", text + "\n rest").quarantined
    assert (rest.error, rest.raw, rest.line, rest.offset) == (
        "text after the end of the array", "rest", 2, len(text) + 2)  # fmt: skip


def test_an_empty_array_holds_no_row(read):
    with pytest.raises(SourceError, match="is empty"):
        read("a.json", "[]")


def test_many_elements_without_an_end_take_no_quadratic_time(read):
    element = '{"instruction": "a", "x": {"output": "b"}'
    good = '{"instruction": "a", "output": "b"}'
    result = read("a.json", "[" + ",\n".join([element] * 500 + [good]) + "]")
    assert (len(result.records), len(result.quarantined)) == (1, 500)


DEEP = 100_000


@pytest.mark.parametrize("broken", [
    '{"instruction":' * DEEP + "1" + "}" * DEEP, ('{"instruction": ' * DEEP).rstrip(),
    '{"a":' * DEEP + "1" + "}" * DEEP, "[" * DEEP, "[{" * DEEP,
], ids=["nested", "open", "other", "lists", "both"])  # fmt: skip
def test_an_element_nested_without_measure_costs_itself_alone(read, broken):
    good = '{"instruction": "a", "output": "b"}'
    result = read("a.json", f"[{good},\n{broken},\n{good}]")
    assert len(result.records) == 2
    assert [item.raw for item in result.quarantined] == [broken]


def test_an_element_that_is_json_ends_at_its_bracket(read):
    odd = '{"x": NaN, "in": [{"output": "a", "instruction": "b"}, {"output": "c"}]}'
    good = '{"output": "b", "instruction": "a"}'
    result = read("a.json", f"[{good}, {odd}, {good}]")
    assert [item.id for item in result.records] == ["a:0", "a:2"]
    assert [(item.raw, item.error) for item in result.quarantined] == [(odd, "NaN is not JSON")]


def test_a_stray_bracket_does_not_end_the_array(read):
    text = json.dumps(ROWS).replace('}, {"instruction": "do 3', '}]}, {"instruction": "do 3')
    result = read("a.json", text)
    assert len(result.records) == 5
    assert [item.raw for item in result.quarantined] == ["]}"]


def test_a_broken_element_inside_a_wrapping_object_costs_itself_alone(read):
    turns = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
    text = json.dumps({"data": [{"conversations": turns}] * 4}, indent=1)
    begin = text.rindex("    {", 0, text.index('"gpt"'))
    text = text[:begin] + text[text.index('"value": "a"') :]
    assert [record.output for record in read("a.json", text).records] == ["a"] * 3
