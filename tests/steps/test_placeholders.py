import pytest

from curate.records import Record
from curate.steps.placeholders import Placeholders


def record(instruction, output, context="", **fields):
    return Record(id="a:1", instruction=instruction, output=output, context=context, **fields)


@pytest.mark.parametrize(
    "good",
    [
        record("What is null?", "null"),
        record("Which is odd?", "None of them"),
        record("Is None a type?", "x", "None"),
        record("x", "N/A"),
        record("None of these: pick", "a"),
        record("Sort", "x", "nan, 1, 2"),
        record("Explain NaN.", "x", "NaN"),
        record("Summarise", "Output: 3\nReason: x"),
        record("na", "Sodium"),
        record("Write nil", "x"),
    ],
)
def test_keeps(good):
    assert Placeholders().apply(good) is good


@pytest.mark.parametrize(
    ("bad", "reason", "found"),
    [
        (record("x", "<nooutput>"), "placeholder_output", "<nooutput>"),
        (record("x", "nan"), "placeholder_output", "nan"),
        (record("N/A", "y"), "placeholder_instruction", "N/A"),
        (record("x", "Output:"), "placeholder_output", "Output:"),
        (record("x", "<no output>"), "placeholder_output", "<no output>"),
    ],
)
def test_drops_with_reason_and_evidence(bad, reason, found):
    dropped = Placeholders().apply(bad)
    assert (dropped.step, dropped.reason) == ("placeholders", reason)
    assert dropped.evidence["value"] == found


@pytest.mark.parametrize(
    ("before", "field", "after"),
    [
        (record("x", "y", "<noinput>"), "context", ""),
        (record("x", "y", "N/A"), "context", ""),
        (record("x", "y", "None"), "context", ""),
        (record("x", "y", "nan"), "context", ""),
        (record("x", "y", "No input provided"), "context", ""),
        (record("x", "y", "(no input)"), "context", ""),
        (record("x", "y", "[none]"), "context", ""),
        (record("x", "y", "<No Input>"), "context", ""),
        (record("x", "y", "Input:"), "context", ""),
        (record("x", "y", "No input needed."), "context", ""),
        (record("x", "y", "not applicable"), "context", ""),
        (record("x", "y", "<empty>"), "context", ""),
        (record("x", "y", "no_input"), "context", ""),
        (record("x", "Output: yes"), "output", "yes"),
        (record("x", "y", "", system="None"), "system", ""),
    ],
)
def test_edits(before, field, after):
    assert getattr(Placeholders().apply(before), field) == after
