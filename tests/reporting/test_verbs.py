import pytest

from curate.reporting.verbs import Verb, VerbTally, root

# By hand: the verb and object that a reader would name, as far as the rules on the page go.
FOUND = {
    "Write a short story about a fox.": ("write", "story"),
    "Write and run a program that sorts.": ("write", "program"),
    "please  briefly describe the picture": ("describe", "picture"),
    "Could you give me an example of irony?": ("give", "example"),
    "I would like you to translate these three sentences into French.": ("translate", "sentence"),
    "Your task is to classify the reviews.": ("classify", "review"),
    "Given two numbers, add them.": ("add", ""),
    "You are a pirate. Tell me a joke.": ("tell", "joke"),
    "Read the text below.\nSummarize it.": ("read", "text"),
    "- Create a C++ function which adds": ("create", "function"),
    "Name 3 primary colors": ("name", "color"),
    "LIST THE COUNTRIES OF EUROPE": ("list", "country"),
    "Explain why the sky is blue.": ("explain", ""),
    'Say "cheese".': ("say", ""),
    "Put the words together": ("put", "word"),
}
NONE = [
    "", "   \n", "What is the capital of France?", "Answer: 42", "Summary of a text", "...",
    "Напиши рассказ.", "写一个故事", "The old man walked home.", "2 + 2", "Writer's block",
    "write's", "Suzy has 3 apples and eats one", "\ud800", "Name: Bob",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOUND.items(), ids=FOUND)
def test_verb_and_object_are_those_that_a_reader_names(text, expected):
    assert root(text) == expected


@pytest.mark.parametrize("text", NONE, ids=ascii)
def test_where_there_is_no_verb_none_is_found(text):
    assert root(text) == ("", "")


def test_what_is_counted():
    tally = VerbTally()
    for text in ["Write a poem.", "Write an ode.", "Write a poem now.", "Name a day.", "Run.",
                 "Why?", "为什么？", "Because.", None, 7]:  # fmt: skip
        tally.add(text)
    assert (tally.found, tally.questions, tally.others) == (5, 2, 3)
    assert tally.most_common(2, 1) == [
        Verb("write", 3, [("poem", 2)]),
        Verb("name", 1, [("day", 1)]),
    ]


def test_objects_below_one_in_a_hundred_are_left_out():
    tally = VerbTally()
    for text in ["Write a poem."] * 100 + ["Write an ode."]:
        tally.add(text)
    assert tally.most_common(1, 4) == [Verb("write", 101, [("poem", 100)])]


def test_a_verb_far_from_the_beginning_is_not_looked_for():
    assert root(f"{'The sun shines. ' * 20}Name a day.") == ("", "")
