import pytest

from curate.records import Record
from curate.steps.merged_instructions import MergedInstructions


def record(instruction, output, context="", **fields):
    return Record(id="a:1", instruction=instruction, output=output, context=context, **fields)


@pytest.mark.parametrize(
    "good",
    [
        record("List three exercises", "Task: squat\nAnswer: 3x10"),
        record("Explain REST", "GET reads.\n\nRequest: GET /\nResponse: 200"),
        record("Write a FAQ", "We sell.\nQ: What?\nA: That."),
        record("Write a play", "Ann enters.\nHuman: hi\nAI: ho"),
        record("Give a sample.", "Here it is.\n\nInstruction: Name a fruit.\nOutput: Apple."),
        record("Show three samples.", "These:\n\nUser: thanks\nAssistant: welcome"),
        record("Solve it", "We add.\nQuestion: what is x?\nAnswer: 4"),
        record(
            "Explain interview technique",
            "Use STAR.\n\nQuestion: Tell me about yourself.\nAnswer: I am...",
        ),
        record("Describe a user story", "As a user..\nTask: build\nOutput: app"),
    ],
)
def test_keeps(good):
    assert MergedInstructions().apply(good) is good


@pytest.mark.parametrize(
    ("bad", "reason", "found"),
    [
        (
            record("Name a colour.", "Red.\n\nInstruction: Name a fruit.\nInput:\nOutput: Apple."),
            "merged_instruction",
            "Instruction: Name a fruit.",
        ),
        (
            record(
                "Name a colour.", "Red.\n### Instruction:\nName a fruit.\n### Response:\nApple."
            ),
            "merged_instruction",
            "### Instruction:",
        ),
        (
            record("Name a colour.", "Red.\n\nHuman: Name a fruit.\nAssistant: Apple."),
            "merged_instruction",
            "Human: Name a fruit.",
        ),
        (
            record("Name a colour.", "Red.\n\nUser: thanks\nAssistant: welcome"),
            "merged_instruction",
            "User: thanks",
        ),
        (
            record("Name a colour.", "Red.\n\n### Human: Name a fruit.\n### Assistant: Apple."),
            "merged_instruction",
            "### Human: Name a fruit.",
        ),
        (
            record("Name a colour.", "Red.\n\nTask 2: Name a fruit.\nOutput: Apple"),
            "merged_instruction",
            "Task 2: Name a fruit.",
        ),
        (
            record(
                "Name a colour.",
                "Red.\n\n2. Instruction: Write a poem\n2. Input:\nnone\n2. Output:\nroses",
            ),
            "merged_instruction",
            "2. Instruction: Write a poem",
        ),
    ],
)
def test_drops_with_reason_and_evidence(bad, reason, found):
    dropped = MergedInstructions().apply(bad)
    assert (dropped.step, dropped.reason) == ("merged_instructions", reason)
    assert dropped.evidence["found"] == found
