import pytest

from curate.records import Record
from curate.steps.validate import Validate

GOOD = {"id": "a:1", "instruction": "q", "output": "a"}


@pytest.mark.parametrize(
    ("fields", "reason", "evidence"),
    [
        ({"instruction": ""}, "empty_instruction", {"field": "instruction"}),
        ({"instruction": None}, "missing_instruction", {"field": "instruction"}),
        ({"output": " \n"}, "empty_output", {"field": "output"}),
        *(
            ({field: invisible * 3}, f"empty_{field}", {"field": field})
            for field in ("instruction", "output")
            for invisible in "\u200b\u2060\u00ad\u2800\u3164\ufeff\u200d\u115f\xa0\x1b"
        ),
        ({"output": None}, "missing_output", {"field": "output"}),
        ({"output": 4}, "wrong_type", {"field": "output", "found": "int", "value": "4"}),
        ({"context": ["x"]}, "wrong_type", {"field": "context", "found": "list", "value": "['x']"}),
        ({"output": "x" * 11}, "too_long", {"field": "output", "chars": 11, "limit": 10}),
        (
            {"history": [{"role": "user", "content": None}]},
            "wrong_type",
            {"field": "history[0].content", "found": "NoneType", "value": "None"},
        ),
        (
            {"history": [{"role": "boss", "content": "x"}]},
            "unknown_role",
            {"field": "history[0]", "found": "boss"},
        ),
    ],
)
def test_drops_with_reason_and_evidence(fields, reason, evidence):
    dropped = Validate(max_chars=10).apply(Record(**{**GOOD, **fields}))
    assert (dropped.step, dropped.reason, dropped.evidence) == ("validate", reason, evidence)


@pytest.mark.parametrize("output", [".", "\u200b0", "👩\u200d👩", "\u0301", "ㅤa", "⠁", "\ue000"])
def test_keeps_what_can_be_seen(output):
    record = Record(**GOOD | {"output": output})
    assert Validate().apply(record) is record


def test_keeps_what_is_right():
    record = Record(**GOOD, history=[{"role": "tool", "content": "x" * 10}])
    assert Validate(max_chars=10).apply(record) is record
