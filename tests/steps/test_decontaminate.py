"""What counts as an item of an evaluation set in a record, and what does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import SourceError
from curate.records import Dropped, Record, Reference
from curate.similarity.numbers import has_other_numbers
from curate.similarity.passages import Passages
from curate.steps.decontaminate import Decontaminate

QUESTION = (
    "A gardener plants 14 rows of tulips with 23 bulbs in every row, and the frost takes a third "
    "of the bulbs in the first week. Her neighbour brings 45 more on Sunday morning. How many "
    "bulbs are in the ground when the week is over?"
)
ANSWER = (
    "Fourteen rows of twenty-three are 322 bulbs, of which the frost leaves about 215 standing, "
    "and together with those that the neighbour carried over the fence there are 260 in the end."
)
ITEM = Record(id="test:1", instruction=QUESTION, output=ANSWER)
OTHER = Record(id="test:2", instruction="Which river runs through the middle of Prague?",
               output="The Vltava.")  # fmt: skip
CHINESE = Record(
    id="test:3",
    instruction="小明有十二个苹果，他给了小红五个，后来又买了八个，请问他现在一共有多少个苹果？",
    output="十五个",
)
SHORT = Record(id="test:4", instruction="Who wrote Hamlet?", output="William Shakespeare")


def of(*items, name="quiz"):
    return [Reference(name, item) for item in items]


def run(record, references=None, **options):
    """Return the evidence of the drop; None if the record stays."""
    if isinstance(record, str):
        record = Record(id="a:1", instruction=record, output="It depends.")
    references = of(ITEM, OTHER, CHINESE, SHORT) if references is None else references
    [result] = Decontaminate(**options).run([record], references=references)
    if isinstance(result, Record):
        return None
    assert (result.record, result.step, result.reason) == (record, "decontaminate", "contaminated")
    return result.evidence


def test_the_evidence_names_the_item_and_the_passage():
    text = f"Solve this:\n{QUESTION}\nThink first."
    assert run(text) == {
        "kept": "test:1", "set": "quiz", "part": "prompt", "score": 1.0, "field": "instruction",
        "at": 12, "chars": len(QUESTION), "found": QUESTION,
    }  # fmt: skip
    assert text[12 : 12 + len(QUESTION)] == QUESTION


@pytest.mark.parametrize(("edit", "score"), [
    (QUESTION.upper(), 1.0),
    (QUESTION.replace(",", "").replace(".", "").replace("?", ""), 1.0),
    (QUESTION.replace(" ", "\n  "), 1.0),
    (f"Hello! Could you help me with this? {QUESTION} Thank you!", 1.0),
    (f"Question: {QUESTION}\nAnswer:", 1.0),
    # 46 words are 44 shingles; a word costs 3 of them, the second word 2
    (QUESTION.replace("gardener", "farmer").replace("neighbour", "friend"), 0.8864),
    (QUESTION.split(". ", 1)[0] + ".", 0.5455),
])  # fmt: skip
def test_an_edited_item_is_found(edit, score):
    evidence = run(edit)
    assert (evidence["kept"], evidence["score"]) == ("test:1", score)


def test_less_of_an_item_than_the_threshold_stays():
    half = QUESTION.split(". ", 1)[0] + "."
    assert run(half, threshold=0.55, ngram=30) is None
    assert run(half, threshold=0.55, ngram=26)["score"] == 0.5455
    # 14 rows of tulips with 23 bulbs in every row, and the frost takes
    words = half.split()
    assert run(" ".join(words[3:15])) is None
    assert run(" ".join(words[3:16]))["score"] == 0.25


@pytest.mark.parametrize(("field", "record"), [
    ("system", Record(id="a:1", instruction="Go.", system=QUESTION, output="Yes.")),
    ("context", Record(id="a:1", instruction="Solve it.", context=QUESTION, output="260")),
    ("output", Record(id="a:1", instruction="Make up a sum.", output=f"Here: {QUESTION}")),
    ("history[1]", Record(id="a:1", instruction="Go.", output="Yes.", history=[
        {"role": "user", "content": "Ask me."}, {"role": "assistant", "content": QUESTION},
    ])),
])  # fmt: skip
def test_every_text_of_a_record_is_searched(field, record):
    assert run(record)["field"] == field


def test_an_item_may_lie_over_two_fields():
    first, rest = QUESTION.split(". ", 1)
    record = Record(id="a:1", instruction=rest, context=f"{first}.", output="260")
    evidence = run(record)
    assert (evidence["field"], evidence["at"]) == ("instruction", 0)
    assert evidence["score"] > 0.9


def test_a_long_answer_is_found_without_its_question():
    evidence = run(Record(id="a:1", instruction="Tell me of bulbs.", output=f"Sure! {ANSWER}"))
    assert (evidence["part"], evidence["field"], evidence["score"]) == ("answer", "output", 1.0)


def test_a_short_answer_says_nothing():
    assert run(Record(id="a:1", instruction="Name a river.", output="The Vltava.")) is None


@pytest.mark.parametrize("text", [
    QUESTION.replace("14", "15"),
    QUESTION.replace("23", "230").replace("45", "54"),
    "Which river runs through the middle of Vienna?",
    "Which river runs through the middle of Prague and on to Hamburg?",
    "小明有十二个苹果，他给了小红三个，后来又买了九个，请问他弟弟有多少个梨？",
])  # fmt: skip
def test_another_problem_stays(text):
    assert run(text) is None


@pytest.mark.parametrize("text", [
    OTHER.instruction,
    OTHER.instruction.upper().replace("?", ""),
    f"Geography quiz.\n1. {OTHER.instruction}\n2. Which sea is next to it?",
    f"Answer briefly: {OTHER.instruction}",
])  # fmt: skip
def test_a_short_item_is_found_where_it_stands_by_itself(text):
    assert run(text)["kept"] == "test:2"


def test_a_script_without_spaces_is_searched_by_character():
    evidence = run(f"请回答：{CHINESE.instruction}谢谢")
    assert (evidence["kept"], evidence["score"]) == ("test:3", 1.0)


def test_an_item_of_a_few_words_needs_its_answer():
    right = Record(id="a:1", instruction="Who wrote “Hamlet”?", output="William Shakespeare.")
    assert run(right)["kept"] == "test:4"
    assert run(right.with_fields(output="A man of Stratford")) is None
    assert run(right.with_fields(instruction="And who wrote Hamlet?")) is None


def test_a_question_on_a_passage_needs_both():
    item = Record(id="boolq:1", instruction="Did the frost take more than a hundred of the bulbs?",
                  context=QUESTION, output="yes")  # fmt: skip
    both = Record(id="a:1", instruction=item.instruction, context=QUESTION, output="Yes.")
    assert run(both, of(item))["kept"] == "boolq:1"
    assert run(both.with_fields(instruction="Who came on Sunday?"), of(item)) is None
    assert run(both.with_fields(context=""), of(item)) is None


def test_what_the_items_share_is_no_item():
    task = "Read the problem with care, work step by step, and write the number at the end: "
    topics = ["the moon has", "a bus needs", "our cat eats", "the king owns", "this shop sells",
              "my aunt bakes", "a ship loads"]  # fmt: skip
    items = of(*(
        Record(id=f"t:{n}", instruction=f"{task} {topic} how many of the {n}?", output="4")
        for n, topic in enumerate(topics)
    ))  # fmt: skip
    assert run(f"{task} How far is it from here to the nearest village?", items) is None
    found = run("Our cat eats how many of the 2?", items)
    assert (found["kept"], found["found"]) == ("t:2", "Our cat eats how many of the 2?")


def test_what_the_records_share_is_no_item():
    task = (
        "Say which of these the following text is about: a company, a school, a river, a plant, a "
        "film, a book, a ship, a village in the hills, or a team."
    )
    item = Record(id="t:1", instruction=f"{task} Isoetes is a quillwort.", output="plant")
    others = [
        Record(id=f"a:{n}", instruction=f"{task} {subject} is old.", output="?")
        for n, subject in enumerate("Rhine Jaws Eton Emma Bern Lima Moss Erie Bach Troy".split())
    ]
    copy = item.with_fields(id="a:9")
    results = list(Decontaminate().run([*others, copy], references=of(item)))
    assert results[:10] == others
    assert results[10].evidence["score"] == 1.0
    # alone it has 29 of the 33 shingles
    assert run(others[0], of(item))["score"] == 0.8788


def test_many_copies_are_found():
    records = [Record(id=f"a:{n}", instruction=QUESTION, output=f"{n}") for n in range(50)]
    results = list(Decontaminate().run(records, references=of(ITEM)))
    assert [row.evidence["score"] for row in results] == [1.0] * 50


def test_allowed_items_and_texts_stay():
    assert run(QUESTION, allow=("test:1",)) is None
    assert run(QUESTION, allow=(QUESTION.lower(),)) is None
    assert run(OTHER.instruction, allow=("test:1",))["kept"] == "test:2"


def test_the_passage_goes_to_the_end_although_its_words_were_there_before():
    text = "We saw the old red barn by the lake. Who built, for whom, the old red barn by the lake?"
    assert run(text, of(ITEM.with_fields(instruction=text)))["found"] == text


def test_the_item_that_is_most_surely_there_is_named():
    close = ITEM.with_fields(id="test:9", instruction=QUESTION.replace("gardener", "farmer"))
    assert run(QUESTION, of(close, ITEM))["kept"] == "test:1"
    assert run(QUESTION, [*of(ITEM, name="b"), *of(ITEM, name="a")])["set"] == "b"


def test_a_long_passage_is_cut_in_the_evidence():
    long = " ".join(f"word{n} is here" for n in range(300))
    evidence = run(long, of(ITEM.with_fields(instruction=long)))
    assert evidence["chars"] == len(long)
    assert evidence["found"] == f"{long[:400]} …"


def test_report_drops_nothing_and_notes_each_find():
    lines = []
    records = [
        Record(id="a:1", instruction=QUESTION, output="1"),
        Record(id="a:2", instruction="?"),
    ]
    step = Decontaminate(mode="report")
    assert list(step.run(records, lines.append, of(ITEM, SHORT))) == records
    eval_set, find = lines
    assert eval_set == {"kind": "eval_set", "ids": [], "set": "quiz", "items": 2, "unusable": 0,
                        "template": []}  # fmt: skip
    assert (find["kind"], find["ids"], find["others"]) == (
        "contamination", ["a:1"], [["quiz", "test:1"]],
    )  # fmt: skip
    assert find["evidence"]["score"] == 1.0


def test_items_that_cannot_be_looked_for_are_counted():
    lines = []
    empty = [Record(id="e:1", instruction=" ", output="x"), Record(id="e:2", instruction=None)]
    list(Decontaminate().run([], lines.append, of(*empty, ITEM)))
    assert (lines[0]["items"], lines[0]["unusable"]) == (3, 2)
    with pytest.raises(SourceError, match="none of its 2 items can be looked for"):
        list(Decontaminate().run([], references=of(*empty)))


def test_what_is_no_text_is_passed_over():
    record = Record(id="a:1", instruction=7, context=None, output=["x"],
                    history=[{"role": "user", "content": None}])  # fmt: skip
    assert run(record) is None


words = st.lists(
    st.sampled_from("red blue tree 12 9 has , . the ? 猫 狗 Don't".split()), max_size=40
)


@given(words, words, st.integers(0, 2))
@settings(max_examples=200, deadline=None)
def test_a_planted_item_is_found_whatever_stands_around_it(before, behind, spaces):
    text = f"{' '.join(before)}\n\n{QUESTION}{' ' * spaces}\n{' '.join(behind)}"
    evidence = run(text)
    assert evidence["score"] == 1.0
    assert text[evidence["at"] :].startswith(evidence["found"])


@given(st.lists(words.map(" ".join), max_size=6), st.lists(words.map(" ".join), max_size=4))
@settings(max_examples=100, deadline=None)
def test_the_named_items_and_what_was_noted_give_the_same_verdicts(prompts, questions):
    records = [Record(id=f"a:{n}", instruction=text, output="") for n, text in enumerate(prompts)]
    items = [Record(id=f"e:{n}", instruction=text, output="no") for n, text in enumerate(questions)]
    references = of(ITEM, *items)
    lines, again = [], []
    results = list(Decontaminate().run(records, lines.append, references))
    named = {r.evidence["kept"] for r in results if isinstance(r, Dropped)}
    kept = [each for each in references if each.record.id in named]
    assert list(Decontaminate().run(records, again.append, kept, lines)) == results
    assert again == lines


@pytest.mark.parametrize(("text", "passage", "other"), [
    ("She has 5 cats.", "She has 6 cats.", True),
    ("She has 5 cats.", "She has five cats.", False),
    ("She has 5 cats.", "She has six cats.", True),
    ("他有三个苹果", "他有四个苹果", True),
    ("他有三个苹果", "他有3个苹果", False),
    ("She has 5 cats.", "Cats has she.", False),
    ("It costs $1,000.50 now", "it costs 1 000 50 now", False),
    ("It costs 1000 now", "it costs 1,000 now", False),
    ("half as many in May", "twice as many in May", True),
    ("half as many in May", "HALF as many in May", False),
    ("twice the sum", "double the sum", False),
    ("a third of them", "a quarter of them", True),
    ("a third of them", "1/3 of them", False),
    ("thirty of them", "30 of them", False),
    ("thirty of them", "forty of them", True),
    ("48 of them", "forty-eight of them", False),
    ("3 dogs, 4 cats", "4 dogs, 3 cats", False),  # the same numbers
    ("", "", False),
])  # fmt: skip
def test_other_numbers(text, passage, other):
    assert has_other_numbers(text, passage) is other


@pytest.mark.parametrize(("item", "text", "found"), [
    ("What is 7 * 8?", "What is 7 * 8?", True),
    ("What is 7 * 8?", "what is 7*8", True),
    ("What is 7 * 8?", "What is 7 + 8?", False),
    ("What is (9 + 8) * 2?", "What is (9 * 8) + 2?", False),
    ("What is (9 + 8) * 2?", "Think.\nWhat is (9 * 8) + 2?", False),
    ("What is (9 + 8) * 2?", "Think.\nWhat is (9 + 8) * 2?", True),
    ("What is (9 + 8) * 2?", "What is (9 + 8) × 2?", True),
])  # fmt: skip
def test_another_operator_is_another_sum(item, text, found):
    items = of(ITEM.with_fields(instruction=item, output=""))
    assert (run(text, items) is not None) == found


def test_passages_know_where_their_words_are():
    words = Passages("Don't stop: 3.5 km\n停下来！")
    assert words.span(0, words.words.size - 1) == (0, "Don't stop: 3.5 km\n停下来")
    assert words.span(3, 4) == (12, "3.5 km")
    assert words.stands_alone(3, 4)
    assert not words.stands_alone(0, 1)
    assert not words.stands_alone(5, 5)


def test_a_short_text_with_other_words_in_it_stays():
    told = "Tom goes to the shop. Max goes to the barn. It is a warm day."
    item = Record(id="w:1", instruction="Where is Tom?", context=told, output="The shop.")
    same = item.with_fields(id="a:1")
    assert run(same, of(item))["kept"] == "w:1"
    assert run(same.with_fields(instruction="Where is Max?"), of(item)) is None
    other = item.context.replace("Max", "Sam").replace("barn", "garden")
    assert run(same.with_fields(context=other), of(item)) is None
    one = item.context.replace("warm", "fine")
    assert (
        run(same.with_fields(context=one), of(item))["score"] == 0.8333
    )  # 14 words, "the" for one shingle twice


def test_a_short_item_is_found_behind_one_that_is_part_of_a_sentence():
    text = f"I know which river runs through the middle of Prague? {OTHER.instruction}"
    assert run(text)["at"] == text.index("Which")


PROGRAM = Record(id="c:1", instruction="Write a program to find the greatest divisor that two "
                 "whole numbers share.", context="56, 98", output="14")  # fmt: skip


def test_a_context_of_a_word_or_two_has_to_be_there_too():
    assert run(PROGRAM.with_fields(id="a:1"), of(PROGRAM))["kept"] == "c:1"
    assert run(PROGRAM.instruction, of(PROGRAM)) is None
    assert run(PROGRAM.with_fields(id="a:1", context="8, 12"), of(PROGRAM)) is None


def test_a_context_that_many_items_have_need_not_be_there():
    subjects = "Rhine Jaws Eton Emma Bern Lima Moss".split()
    items = of(*(
        Record(id=f"c:{n}", instruction=f"Who first wrote of {name} and when?", context="No input")
        for n, name in enumerate(subjects)
    ))  # fmt: skip
    assert run("Who first wrote of Lima and when?", items)["kept"] == "c:5"


def test_a_short_context_of_a_task_that_many_items_have_is_no_item():
    task = "Write a function that takes a list of whole numbers and returns the sum of all even"
    items = of(*(
        Record(id=f"c:{n}", instruction=task, context=" ".join(map(str, range(n, n + 10))))
        for n in range(7)
    ))  # fmt: skip
    count = Record(id="a:1", instruction="Count from 1.", output="1 2 3 4 5 6 7 8 9 10")
    assert run(count, items) is None
    same = count.with_fields(instruction=f"{task}:\n{count.output}")
    assert run(same, items)["kept"] == "c:1"


CITY = "Which of these cities on the river Danube was the capital of the old kingdom of Hungary?"
LOWER = "what is the population of the largest city in the south of brazil and who founded it"


@pytest.mark.parametrize(("item", "text", "score"), [
    (CITY, CITY.replace("Hungary", "Austria"), None),  # a name
    (CITY, CITY.upper().replace("HUNGARY", "AUSTRIA"), None),
    # 16 words, two of 14 shingles are gone
    (CITY.replace("kingdom of", "King's"), CITY.replace("kingdom of", "King s"), 0.8571),
    (CITY, CITY.replace("old", "new"), None),  # the other one of two
    (CITY, CITY.replace("cities", "places"), 0.8),  # 17 words, three of 15 shingles are gone
    (LOWER, LOWER.replace("brazil", "Peru"), None),
    (LOWER, LOWER.replace("south", "north"), None),
    (LOWER, LOWER.replace("largest", "biggest"), 0.8),  # 17 words, says the same
    (LOWER, LOWER.replace("in the south", "not in the south"), None),
])  # fmt: skip
def test_one_other_word_of_a_short_item_may_be_another_question(item, text, score):
    evidence = run(text, of(ITEM.with_fields(instruction=item)))
    assert (evidence and evidence["score"]) == score


def test_an_item_is_short_by_what_is_its_own():
    tool = (
        "You have a portal to the internet, use it when you need the text of a page, its input is "
        "an address; and a barometer, its input is a place. "
    )
    asks = [
        "Tell me what the air is like in Oslo.",
        "Is it raining?",
        "Read the news.",
        "Open the page of the mayor.",
        "Who is there?",
        "Fetch it.",
        "What time is it?",
    ]
    heads = [("Air or rain. " if n < 6 else "Time. ") + tool for n in range(7)]
    items = of(*(
        Record(id=f"t:{n}", instruction=head + text, output="Done.")
        for n, (head, text) in enumerate(zip(heads, asks, strict=True))
    ))  # fmt: skip
    heads[0] = f"Page and air. {tool}"
    items[0] = Reference("quiz", items[0].record.with_fields(instruction=heads[0] + asks[0]))
    assert run(heads[0] + asks[0], items)["kept"] == "t:0"
    assert run(f"{heads[0]}Tell me what the air is like in New York.", items) is None


def test_an_item_of_little_but_what_many_share_has_to_be_there_to_its_end():
    tool = "a barometer, its input is a place, and a portal, its input is an address"
    ask = "Please find out for me what the weather is like in Oslo right now."
    heads = [f"{verb} {tool}. " for verb in "Use Have See Take Try Get".split()]
    heads.append(f"Hold {tool} then. ")
    items = of(*(
        Record(id=f"t:{n}", instruction=head + ask, output="It rains.")
        for n, head in enumerate(heads)
    ))  # fmt: skip
    assert run(f"{heads[6]}Please show me the king.", items) is None
    assert run(f"{heads[6]}{ask}", items)["kept"] == "t:6"
