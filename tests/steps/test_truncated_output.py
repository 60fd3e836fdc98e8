import pytest

from curate.records import Record
from curate.steps.truncated_output import TruncatedOutput

ROME = (
    "The history of Rome is long. It began, as the story goes, with two brothers who were raised "
    "by a wolf and who founded the city on the banks of "
)


ESSAY = (
    f"{ROME}the Tiber. The town grew, and its people fought with all the towns around it until "
    "they held the land from sea to sea. Its law and its roads are known to this day. "
)


def record(output, instruction="Tell me about Rome."):
    return Record(id="a:1", instruction=instruction, output=output)


@pytest.mark.parametrize("output", [
    "To do it, run:\n```\nls\n```",
    "    ```python\n    x\n    ```",
    "Use ~~~ for a rule.",
    "The Lord of the",
    f"{ROME}the Tiber",
    f"{ROME}the place that they were told to look for and knew what it was made from",
    f"{ROME}the Tiber:\nrome = build(romulus, remus, or",
    f"{ROME}the Tiber.\n\nYours sincerely,",
    f"{ROME}the Tiber. It is important to",
    f"{ESSAY}They fought for what they were, and they knew what the sea was for",
    f"{ESSAY}Nobody has to read it if they do not want to",
    f"{ESSAY}Go there and see who the Romans are",
    f"{ESSAY}They lived as well as they could",
    f"{ESSAY}They were never what we would like them to be",
    f"{ESSAY}It is told of them still.",
    f"{ESSAY}\n\n3. Look at the walls they were famous for",
    f"{ESSAY}\n\nRomans\n\nThe ones we are",
    "Dat is zo. De stad die we zien is er al lang, " + "en de mensen ook. " * 20 + "Het is er al",
])  # fmt: skip
def test_keeps(output):
    good = record(output)
    assert TruncatedOutput().apply(good) is good


@pytest.mark.parametrize(("instruction", "output"), [
    ("How do I open a code block in Markdown?", "Begin a line so:\n```"),
    ("What does an unclosed fence look like?", "```python\nx = 1"),
    ("How many backticks open a block?", "Three:\n```"),
    ("Give me a quote about Rome.", f"{ROME}the"),
    ("Write a fragment of an essay.", f"{ESSAY}In conclusion, it is important to"),
    ("Write the first half of an essay.", f"{ESSAY}The boats are"),
    ("Write a song.", f"{ESSAY}The boats are"),
])  # fmt: skip
def test_keeps_what_the_prompt_asks_for(instruction, output):
    good = record(output, instruction)
    assert TruncatedOutput().apply(good) is good


@pytest.mark.parametrize(("output", "reason", "found"), [
    (f"{ESSAY}In conclusion, it is important to", "cut_off",
     f"{ESSAY}In conclusion, it is important to"[-80:]),
    (f"{ESSAY}To know them, we should always", "cut_off",
     f"{ESSAY}To know them, we should always"[-80:]),
    (f"{ESSAY}The boats are", "cut_off", f"{ESSAY}The boats are"[-80:]),
    (f"{ESSAY}\n\nThe boats are", "cut_off", "The boats are"),
    (f"{ESSAY}\n\nIn conclusion, the Romans will", "cut_off", "In conclusion, the Romans will"),
    (f"{ESSAY}The temples were built with", "cut_off",
     f"{ESSAY}The temples were built with"[-80:]),
    ("Here:\n```python\nprint(1)", "unclosed_fence", "print(1)"),
    ("Here:\n~~~\na\n~~~\nand\n~~~\nb", "unclosed_fence", "b"),
    (f"{ROME}the", "cut_off", f"{ROME}the"[-80:]),
    (f"{ROME}the Tiber, where they lived with their", "cut_off",
     f"{ROME}the Tiber, where they lived with their"[-80:]),
    (f"{ROME}the Tiber,", "cut_off", f"{ROME}the Tiber,"[-80:]),
    (f"{ROME}the Tiber (", "cut_off", f"{ROME}the Tiber ("[-80:]),
])  # fmt: skip
def test_drops_with_reason_and_evidence(output, reason, found):
    dropped = TruncatedOutput().apply(record(output))
    evidence = {"field": "output", "found": found}
    assert (dropped.step, dropped.reason, dropped.evidence) == (
        "truncated_output", reason, evidence
    )  # fmt: skip
