"""Pairs of records that say the same, and pairs that do not, each for a reason of its own."""

import pytest

from curate.records import Dropped, Record
from curate.steps.dedup import Dedup

LONG = (
    "The old lighthouse keeper climbed the narrow stairs every evening before the sun went down "
    "and lit the great lamp so that ships far out at sea could find their way home through the "
    "dangerous rocks that lay hidden under the grey water along the whole northern coast"
)
TOOLS = " ".join(f"Tool {name} {LONG}." for name in ("alpha", "beta", "gamma"))


def goes(one, other, answer="Well then.", reply=None):
    records = [
        Record(id="a:1", instruction=one, output=answer),
        Record(id="a:2", instruction=other, output=reply or answer),
    ]
    return any(isinstance(result, Dropped) for result in Dedup().run(records))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Don't say it's late.", "Do not say it is late."),
        ("Name its colour.", "Name its color."),
        ("What is “love”?", 'What is "love"?'),
        ("Name\u00a0a\u200b day.", "Name a day."),
        ("Ｎａｍｅ ａ ｄａｙ．", "Name a day."),
        ("Fish &amp; chips<br>for two", "Fish & chips\nfor two"),
        ("## Name a **day**.", "Name a day."),
        ("Q: Name a day.\nA:", "Name a day."),
        ("### Instruction:\nName a day.\n\n### Response:", "Name a day."),
        ("请问北京在哪里？", "北京在哪里?"),
        ("Por favor, nombra un color.", "Nombra un color"),
        ("12 जोड़ो", "१२ जोड़ो"),
        ("Add 5% to 20 % of it", "Add 5 percent to 20 percent of it"),
        ("Do this:\n1. Wash\n2. Cook", "Do this:\n1) Wash\n2) Cook"),
        ("Do this:\n1. Wash\n2. Cook", "Do this:\n- Wash\n- Cook"),
        (LONG + ". Yes. It was so, said the boy.", LONG + ". It was so, said the boy. Yes."),
    ],
)
def test_the_same_in_other_dress(one, other):
    assert goes(one, other)


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        ("evening", "morning", "an alternative: evening, morning"),
        ("before", "after", "before, after"),
        ("every", "any", "every, any"),
        ("the sun", "not the sun", "a negation more"),
        ("northern", "southern Norway and northern", "no alternative: the control goes"),
    ],
)
def test_alternatives_decide_in_long_texts_too(one, other, where):
    prompt = f"Sum it up. {LONG}. {LONG.replace('keeper', 'warden')}"
    apart = not goes(prompt, prompt.replace(one, other, 1))
    assert apart == ("control" not in where)


def test_units_signs_and_currencies_decide():
    for one, other in (
        ("It is 5 km from here", "It is 5 miles from here"),
        ("Pay $5 now", "Pay €5 now"),
        ("What is -3 plus 4", "What is 3 plus 4"),
        ("Write it in C++ today", "Write it in C# today"),
    ):
        assert not goes(f"{LONG}. {one}.", f"{LONG}. {other}."), (one, other)


def test_words_that_changed_places_decide():
    assert not goes(f"{LONG}. Rome fights Sparta.", f"{LONG}. Sparta fights Rome.")


def test_a_turn_at_the_end_of_a_long_text_decides():
    one, other = (f"{TOOLS}\nUser: weather in {city}\nAssistant:" for city in ("oslo", "lima"))
    assert not goes(one, other)
    assert goes(one, one.replace("narrow", "steep", 1))


def test_a_choice_decides():
    one = f"{LONG}. What was lit?\nA) the lamp\nB) a fire\nC) a candle"
    assert not goes(one, one.replace("a candle", "the harbour"))


def test_a_loose_number_is_a_number_where_it_is_of_no_list():
    assert not goes("Add up to 7.", "Add up to 8.")
    assert goes("Do:\n1. Wash\n2. Cook it.\nThen eat.", "Do:\nWash\nCook it.\nThen eat.")


def test_words_of_a_short_answer_decide():
    assert not goes(
        "Tell me of it.", "Tell me of it.", "It was a fine day.", "It was a fine night."
    )


def test_the_usual_system_prompt_says_nothing():
    records = [
        Record(id="a:1", instruction="Name a day.", output="Friday."),
        Record(id="a:2", instruction="Name a day.", output="Friday.",
               system="You are a helpful assistant."),
        Record(id="a:3", instruction="Name a day.", output="Friday.", system="You are a pirate."),
    ]  # fmt: skip
    gone = [isinstance(result, Dropped) for result in Dedup().run(records)]
    assert gone == [False, True, False]
