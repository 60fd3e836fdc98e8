import pytest

from curate.records import Record
from curate.steps.repetition import Repetition


def record(instruction, output):
    return Record(id="a:1", instruction=instruction, output=output)


SENTENCES = [f"Sentence number {n} has words of its own." for n in range(20)]
LINES = "\n".join(SENTENCES)


@pytest.mark.parametrize("good", [
    record("Laugh.", "ha " * 12),
    record("Fill a row.", "0 " * 50),
    record("Draw a line.", "-" * 300),
    record("Give many digits.", "3." + "14159" * 10),
    record("Give 64 bits.", "0" * 64),
    record("Say hello 30 times.", "hello " * 30),
    record("Write a song.", f"{LINES}\n" * 4),
    record("Tell a story.", LINES),
    record("Write a hundred zeros.", "0" * 100),
    record("Write a googol in digits.", "1" + "0" * 100),
    record("Show a poly-A strand.", "A" * 120),
    record("Give a polyT tail.", "T" * 120),
    record("Invent a DNA sequence.", "AC" * 60),
    record("Write 120 a's.", "a" * 120),
    record('Give me 200 "x"s', "x" * 200),
    record("Type a thousand ones.", "1" * 1000),
    record("Print 150 exclamation marks.", "!" * 150),
    record("Compare the two.", f"{LINES}\n{LINES[:300]}"),
])  # fmt: skip
def test_keeps(good):
    assert Repetition().apply(good) is good


@pytest.mark.parametrize(("output", "found", "times"), [
    ("I like cats. " * 12, "I like cats.", 12),
    ("Well, " + "and so on " * 30, "and so on", 30),
    ("no " * 20, "no", 20),
    ("1. Eat\n" * 40, "1. Eat", 40),
    ("a" * 300, "a", 300),
    ("So!" + "!" * 300, "!", 301),
    ("你好" * 200, "你好", 200),
    ("0" * 120 + " Hello! How can I help?", "0", 120),
])  # fmt: skip
def test_drops_loops(output, found, times):
    dropped = Repetition().apply(record("Tell me.", output))
    evidence = {"field": "output", "found": found, "times": times}
    assert (dropped.step, dropped.reason, dropped.evidence) == ("repetition", "loop", evidence)


@pytest.mark.parametrize("instruction", [
    "Write a 100 words essay.", "Name a hundred animals.", "Which polymer is this?",
    "How does poly-adenylation work?", "What is absolute zero?", "Give 20 reasons.",
])  # fmt: skip
def test_drops_loops_that_the_prompt_does_not_ask_for(instruction):
    dropped = Repetition().apply(record(instruction, "0" * 120))
    assert (dropped.reason, dropped.evidence["times"]) == ("loop", 120)


def test_drops_lines_that_came_before():
    dropped = Repetition().apply(record("Tell me.", f"{LINES}\n{LINES}\n{LINES}\nThe end."))
    assert (dropped.reason, dropped.evidence["field"]) == ("duplicate_lines", "output")
    assert 0.6 < dropped.evidence["share"] < 0.67


def test_drops_phrases_that_came_before():
    text = " ".join(SENTENCES)
    dropped = Repetition().apply(record("Tell me.", f"{text} And {text} Or {text} The end."))
    # 160 words, three times: 320 of 484 came before, in tens.
    assert (dropped.reason, dropped.evidence) == (
        "duplicate_10grams",
        {"field": "output", "share": round(320 / 484, 3)},
    )


def test_the_bounds_can_be_those_of_gopher():
    text = " ".join(SENTENCES)
    output = f"{text} And then {text[:200]}"
    assert Repetition().apply(record("Tell me.", output)).output == output
    dropped = Repetition(max_duplicate_10grams=0.1).apply(record("Tell me.", output))
    assert dropped.reason == "duplicate_10grams"
