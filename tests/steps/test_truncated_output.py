import pytest

from curate.records import Record
from curate.steps.truncated_output import TruncatedOutput

ROME = (
    "The history of Rome is long. It began, as the story goes, with two brothers who were raised "
    "by a wolf and who founded the city on the banks of "
)


def record(output):
    return Record(id="a:1", instruction="Tell me about Rome.", output=output)


@pytest.mark.parametrize("output", [
    "To do it, run:\n```\nls\n```",
    "    ```python\n    x\n    ```",
    "Use ~~~ for a rule.",
    "The Lord of the",
    f"{ROME}the Tiber",
    f"{ROME}the place that they were told to look for and knew what it was made from",
    f"{ROME}the Tiber:\nrome = build(romulus, remus, or",
    f"{ROME}the Tiber.\n\nYours sincerely,",
])  # fmt: skip
def test_keeps(output):
    good = record(output)
    assert TruncatedOutput().apply(good) is good


@pytest.mark.parametrize(("output", "reason", "found"), [
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
