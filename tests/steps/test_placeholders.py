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
        record("What does pandas print for a missing float?", "nan"),
        record("What does pandas print for a missing float?", "NaN"),
        record("What is 0/0 in JavaScript?", "NaN"),
        record("What is `math.nan`?", "nan"),
        record("What do Britons call their grandmother?", "nan"),
        record("What does VLOOKUP show if it finds no row?", "#N/A"),
        record("Say zero in German.", "null"),
        record("What is the slope of a vertical line?", "undefined"),
        record("How many of them are red?", "None"),
        record("Does it apply?", "N/A"),
        record("Say everything in Spanish.", "todo"),
        record("Which word tags unfinished work?", "TODO"),
        record("What is S in Morse code?", "..."),
        record("Which punctuation shows a pause?", "…"),
        record("Which operator takes one number from another?", "-"),
        record("Find the difference: 5 ? 3", "-"),
        record("Is an electron + or neither?", "-"),
        record("Write a placeholder for an answer.", "[insert answer here]"),
        record("Give me dummy text.", "Lorem ipsum dolor sit amet, consectetur."),
        record("Fill the page.", "Lorem ipsum dolor sit amet.", "<html> web page"),
        record("Greet me.", "[Your Name]"),
        record("What should I do?", "Write your answer in the box."),
        record("What should I do?", "Enter the text."),
        record("Tell me.", "TODO lists help.\nWrite one."),
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
        *(
            (record("Name a colour.", output), "placeholder_output", output)
            for output in (
                "nan",
                "NaN",
                "#N/A",
                "<NA>",
                "-",
                "--",
                "—",
                "TODO",
                "TBD.",
                "...",
                "…",
                "[insert answer here]",
                "[Your answer here]",
                "<your response>",
                "(The answer goes here)",
                "Insert your answer here.",
                "Lorem ipsum dolor sit amet, consectetur.",
            )
        ),
        (record("List 5 fruits.", "..."), "placeholder_output", "..."),
        (
            record("x", f"Lorem ipsum dolor {'a' * 90}"),
            "placeholder_output",
            f"Lorem ipsum dolor {'a' * 62}",
        ),
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
