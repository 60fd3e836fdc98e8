import pytest

from curate.records import Record
from curate.steps.echo import Echo


def record(instruction, output, context="", **fields):
    return Record(id="a:1", instruction=instruction, output=output, context=context, **fields)


@pytest.mark.parametrize(
    "good",
    [
        record("Repeat after me: I am happy.", "I am happy."),
        record("Is this correct: He go home?", "No: He goes home."),
        record("Fix the grammar.", "He goes home.", "He goes home."),
        record("Say hi", "hi"),
        record(": . : . :", ": . : . : a colon and a full stop"),
        record(
            "Write this sentence twice.", "Write this sentence twice. Write this sentence twice."
        ),
        record("Please repeat this very sentence.", "Please repeat this very sentence."),
        record("Who are you to me", "Who are you to me, my friend?"),
        record("Where do we go now?", "Where do we go now? Where do we go?"),
        record("What is the capital of France?", "What is the capital of France? It is Paris."),
        record(
            "Correct this sentence if needed: The cat sat on the mat.", "The cat sat on the mat."
        ),
    ],
)
def test_keeps(good):
    assert Echo().apply(good) is good


@pytest.mark.parametrize(
    ("bad", "reason", "found"),
    [
        (
            record("What is the capital of France?", "what is the capital of france"),
            "echo",
            "what is the capital of france",
        ),
        (
            record("Add the numbers up.", "Add the numbers up. 2 2", "2 2"),
            "echo",
            "Add the numbers up. 2 2",
        ),
        *(
            (record("Name a bright colour.", output), "echo", output)
            for output in (
                "Name a bright colour. Name a bright colour.",
                "Name a bright colour.\n\nName a bright colour.\n",
                "name a bright colour name a bright colour",
                "Name a bright colour! " * 3,
            )
        ),
        (
            record("Add the numbers up.", "Add the numbers up. 2 2 Add the numbers up. 2 2", "2 2"),
            "echo",
            "Add the numbers up. 2 2 Add the numbers up. 2 2",
        ),
    ],
)
def test_drops_with_reason_and_evidence(bad, reason, found):
    dropped = Echo().apply(bad)
    assert (dropped.step, dropped.reason) == ("echo", reason)
    assert dropped.evidence["found"] == found


@pytest.mark.parametrize(
    ("before", "field", "after"),
    [
        (
            record("What is the capital of France?", "What is the capital of France?\nParis"),
            "output",
            "Paris",
        ),
    ],
)
def test_edits(before, field, after):
    assert getattr(Echo().apply(before), field) == after
