import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Dropped, Record
from curate.steps.dedup import Dedup


def records_of(rows):
    return [Record(id=f"a:{number}", **row) for number, row in enumerate(rows)]


def results(records, notes=None, **options):
    return list(Dedup(**options).run(records, [].append if notes is None else notes.append))


def fates(records, **options):
    return [
        (r.reason, r.evidence["kept"]) if isinstance(r, Dropped) else None
        for r in results(records, **options)
    ]


def row(instruction, output, context=""):
    return {"instruction": instruction, "output": output, "context": context}


LONG = (
    "The old lighthouse keeper climbed the narrow stairs every evening before the sun went down "
    "and lit the great lamp so that ships far out at sea could find their way home through the "
    "dangerous rocks that lay hidden under the grey water along the whole northern coast"
)


def same(one, other, reason=None):
    """Return whether the second is dropped for the first, and for this reason."""
    fate = fates(records_of([one, other]))
    if fate == [None, None]:
        return False
    assert sum(f is not None for f in fate) == 1
    return reason is None or next(f for f in fate if f)[0] == reason


def test_equal_to_the_letter():
    assert same(row("Name a day.", "Friday."), row("Name a day.", "Friday."), "exact_duplicate")


@pytest.mark.parametrize(
    "other",
    [
        row("NAME A DAY.", "FRIDAY."),
        row("Name  a day", "Friday"),
        row("Please name a day, thanks!", "Friday. I hope this helps!"),
        row("Can you help? Name a day.", "Sure! Friday."),
        row("Task: Name a day.", "Friday"),
        row("Hi there! Name a day", "Friday. Let me know if you have any questions."),
    ],
)
def test_equal_but_for_dress(other):
    assert same(row("Name a day.", "Friday."), other, "normalised_duplicate")


@pytest.mark.parametrize(
    "other",
    [
        row("Summarise: " + LONG.replace("evening", "night"), "A keeper lights a lamp."),
        row("Summarise: " + LONG + " and beyond it", "A keeper lights a lamp."),
    ],
)
def test_near_ones(other):
    one = row("Summarise: " + LONG, "A keeper lights a lamp.")
    assert same(one, other, "near_duplicate")


def test_evidence_of_a_near_one_is_exact():
    # 48 words are 46 triples. One other word in the middle changes 3: 43 of 49 are common, 0.87755.
    one = row(LONG, "Yes.")
    other = row(LONG.replace("find", "see"), "Yes.")
    assert len(LONG.split()) == 48
    kept, dropped = results(records_of([one, other]))
    assert kept.id == "a:0"
    assert dropped.evidence == {
        "kept": "a:0", "score": 0.8775, "field": "both", "prompt": 0.8775, "answer": 1.0,
    }  # fmt: skip


def test_sentences_in_another_order():
    parts = [f"{name} {LONG.split(' and ')[0]} twice." for name in ("Ada", "Bob")] + [LONG + "."]
    one, other = (" ".join(order) for order in (parts, [parts[1], parts[0], parts[2]]))
    assert same(row(one, "Yes."), row(other, "Yes."), "near_duplicate")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (row("Add 12 and 5.", "So it is."), row("Add 12 and 6.", "So it is.")),
        (row("Add 12 and 5.", "So it is."), row("Add 5 and 12.", "So it is.")),
        (row("What is 5 + 3?", "Wait."), row("What is 5 - 3?", "Wait.")),
        (row("Pay 3.5 euros", "Done."), row("Pay 35 euros", "Done.")),
        (row("How far from (1,23)?", "Far."), row("How far from (12,3)?", "Far.")),
        (row("Is the cat black?", "Maybe."), row("Is the cat not black?", "Maybe.")),
        (row("Name a day.", "Friday."), row("Name a month.", "Friday.")),
        (row("Name a day.", "Friday."), row("Name a day.", "Monday.")),
        (row("Translate.", "Ja.", "yes"), row("Translate.", "Ja.", "no")),
        (row("Is x² even?", "Yes."), row("Is x2 even?", "Yes.")),
        (row("Rate it.", "👍"), row("Rate it.", "👎")),
        (row("Rate it.", "Great 👍"), row("Rate it.", "Great 👎")),
        (row("Sum it up. " + LONG, "It is late."), row("Shorten it. " + LONG, "It is early.")),
        (row("翻译这个句子", "好"), row("翻译那个句子", "好")),
        (row("Summarise.", "Fine.", LONG), row("Continue the story.", "Fine.", LONG)),
        (row("Read: " + LONG, "7 men"), row("Read: " + LONG.replace("old", "9"), "7 men")),
        (row("Read: " + LONG, "Yes."), row("Read: " + LONG.replace("went", "never went"), "Yes.")),
        (
            row(f"{LONG} in Norway Harbour. Who knows?", "He."),
            row(f"{LONG} in Sweden Harbour. Who knows?", "He."),
        ),
        (
            row(LONG + ". Who climbed the narrow stairs every evening?", "He."),
            row(LONG + ". What could find its way home at last?", "He."),
        ),
        (
            row("Swap them.", "def f(a, b):\n    return a[0] < b[0] and a[1] + b[1] == 2"),
            row("Swap them.", "def f(a, b):\n    return a[0] > b[0] and a[1] + b[1] == 2"),
        ),
    ],
)
def test_what_tells_two_apart(one, other):
    assert not same(one, other)
    assert not same(other, one)


def test_a_prompt_of_several_turns_and_tools():
    turn = {"role": "user", "content": "x"}
    base = row("q", "a")
    others = [
        {**base, "system": "c"},
        {**base, "history": [turn]},
        {**base, "history": [{**turn, "role": "assistant"}]},
        {**base, "history": [{**turn, "follows_instruction": True}]},
        {**base, "meta": {"tools": [{"name": "add"}]}},
        {**base, "context": "c"},
    ]
    assert fates(records_of([base, *others])) == [None] * 7
    assert fates(records_of([others[1], others[1]])) == [None, ("exact_duplicate", "a:0")]


def test_context_written_into_the_instruction_is_the_same_prompt():
    assert same(row("Translate to German.", "Ja.", "yes"), row("Translate to German. yes", "Ja."))


# What other tools fail at.


def test_sums_that_differ_in_numbers_only():
    rows = [
        row(f"A train travels {60 + n} km in {2 + n} hours. How fast is it?", "It is fast.")
        for n in range(12)
    ]
    assert fates(records_of(rows)) == [None] * 12


def test_questions_about_one_passage():
    questions = ("Who lit the lamp?", "When did he climb?", "Where were the rocks?",
                 "What could ships find?", "How were the stairs?")  # fmt: skip
    rows = [row(question, "In the text.", LONG) for question in questions]
    assert fates(records_of(rows)) == [None] * 5
    rows = [row(f"{LONG}. {question}", "In the text.") for question in questions]
    assert fates(records_of(rows)) == [None] * 5


def test_two_answers_to_one_question_are_a_conflict():
    rows = [row("Capital of Australia?", "Canberra."), row("capital of Australia", "Sydney.")]
    notes = []
    assert all(isinstance(r, Record) for r in Dedup().run(records_of(rows), notes.append))
    assert notes == [{"kind": "conflict", "ids": ["a:0", "a:1"]}]


def test_templates_with_slots():
    random.seed(3)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    names = ["".join(random.sample(syllables, 3)).title() for _ in range(3000)]
    templates = [
        f"Please use the tool number {n} of the assistant to look up the {what} of {{}} for me "
        "today, then say in one sentence what came of it and whether that is usual there."
        for n, what in enumerate(("weather", "news", "traffic", "taxes", "population"))
    ]
    rows = [
        row(templates[n % 5].format(name), f'{{"name": "look_up", "arguments": {{"x": "{name}"}}}}')
        for n, name in enumerate(sorted(set(names)))
    ]
    assert fates(records_of(rows)) == [None] * len(rows)


def test_short_records():
    rows = [
        row(f"Say {word}.", "Ok.") for word in "cat dog cow hen pig fox owl bee ant elk".split()
    ]
    rows += [row("say cat", "ok"), row("Say cat.", "No."), row("cat", "Ok."), row("", "")]
    expected = [None] * 10 + [("normalised_duplicate", "a:0"), None, None, None]
    assert fates(records_of(rows)) == expected


# Which one stays.


def test_the_longest_answer_stays_then_the_first():
    rows = [
        row("Name a day.", "friday"),
        row("Name a day.", "Friday!"),
        row("name a day", "FRIDAY"),
    ]
    expected = [("normalised_duplicate", "a:1"), None, ("normalised_duplicate", "a:1")]
    assert fates(records_of(rows)) == expected
    spaced = [row("Name a day.", "on  Friday"), row("Name a day.", "on Friday")]
    assert fates(records_of(spaced))[0] is None


def test_a_preferred_source_and_quality_come_before_length():
    def one(source, output, **meta):
        return Record(id=f"{source}:1", instruction="Day?", output=output, source=source, meta=meta)

    records = [one("a", "Friday!!"), one("b", "Friday!"), one("c", "Friday", quality_score=0.2)]
    assert [f is None for f in fates(records)] == [False, False, True]
    assert [f is None for f in fates(records, prefer=("b", "a"))] == [False, True, False]
    assert [f is None for f in fates(records, quality="none")] == [True, False, False]


def test_no_chain_takes_what_is_not_like_the_one_that_stays():
    words = LONG.split()
    chain = [" ".join(words[:place] + ["thing"] * n + words[place + n :])
             for place, n in ((20, 0), (20, 1), (20, 2), (20, 3), (20, 4))]  # fmt: skip
    chain = [text.replace("thing thing", "thing matter") for text in chain]
    rows = [row(text, "Yes.") for text in chain]
    outcome = results(records_of(rows), threshold=0.85)
    kept = {r.id for r in outcome if isinstance(r, Record)}
    assert len(kept) > 1
    assert all(r.evidence["kept"] in kept for r in outcome if isinstance(r, Dropped))


def test_threshold_scope_and_fields():
    one, other = row(LONG, "Yes."), row(LONG.replace("find", "see"), "Yes.")  # 0.8776
    assert fates(records_of([one, other]), threshold=0.9) == [None, None]
    assert fates(records_of([one, other]), prompt_threshold=0.9) == [None, None]
    assert fates(records_of([one, other]), threshold=0.9, prompt_threshold=0.8)[1] is not None
    no = {**other, "output": "Not at all."}
    assert fates(records_of([one, no])) == [None, None]
    assert fates(records_of([one, no]), scope="prompt")[0] == ("near_duplicate", "a:1")
    asked = row("Something else?", "Yes.")
    fate = fates(records_of([one, asked]), scope="answer")
    assert fate == [None, ("normalised_duplicate", "a:0")]


ANSWERS = ["Red.", "Blue, of course, as always.", "Red.", "Green."]


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("keep_all", [0, 1, 3]),
        ("first", [0]),
        ("longest", [1]),
        ("majority", [0]),
        ("drop", []),
        ("prefer", [3]),
    ],
)
def test_conflict_policies(policy, kept):
    records = [
        Record(id=f"a:{n}", instruction="Colour?", output=answer, source="xxxy"[n])
        for n, answer in enumerate(ANSWERS)
    ]
    outcome = results(records, conflicts=policy, prefer=("y",) if policy == "prefer" else ())
    assert [n for n, r in enumerate(outcome) if isinstance(r, Record)] == kept
    alive = {f"a:{n}" for n in kept}
    for dropped in outcome:
        if isinstance(dropped, Dropped):
            winner = dropped.evidence["kept"]
            assert winner in alive or (policy == "drop" and winner is None)
    if policy == "first":
        assert outcome[1].evidence == {
            "kept": "a:0", "score": 0.0, "field": "answer", "policy": "first"
        }  # fmt: skip
        assert [r.reason for r in outcome[1:]] == ["conflict", "exact_duplicate", "conflict"]


def test_clusters_are_noted_with_their_scores():
    rows = [row(LONG, "Yes."), row(LONG.replace("find", "see"), "Yes."), row("Other?", "No."),
            row(LONG, "Yes!"), row(LONG, "yes")]  # fmt: skip
    notes = []
    list(Dedup().run(records_of(rows), notes.append))
    assert notes == [
        {"kind": "duplicates", "ids": ["a:0", "a:1", "a:3", "a:4"], "same": [[0, 2]],
         "normalised": [[0, 3]], "pairs": [[0, 1, 0.8775, 1.0], [1, 3, 0.8775, 1.0]]},
    ]  # fmt: skip


def test_prompts_are_noted_with_all_their_texts():
    shorter = LONG.replace("find", "see")
    rows = [row("Tell it.", "No."), row("Tell it.", LONG), row("tell it", shorter),
            row("Who?", LONG), row("Who?", shorter), row("WHO?", LONG.upper())]  # fmt: skip
    notes = []
    outcome = results(records_of(rows), notes=notes)
    assert [r.evidence["kept"] if isinstance(r, Dropped) else None for r in outcome] == [
        None, None, "a:1", None, "a:3", "a:3",
    ]  # fmt: skip
    assert notes[-2:] == [
        {"kind": "conflict", "ids": ["a:1", "a:0"], "gone": ["a:2"]},
        {"kind": "prompt", "ids": ["a:3", "a:4"]},
    ]


def test_each_of_the_same_texts_is_compared_by_itself():
    # The texts of a:1 and b:1 are the same; a question mark makes another question of one.
    texts = [LONG + ". What was lit?", LONG + ". What was lit", LONG + ". What was red?"]
    records = [
        Record(id=f"{name}:1", instruction=text, output=output, source=name)
        for name, text, output in zip("abc", texts, ("A lamp!", "A lamp", "A lamp"), strict=True)
    ]
    assert fates(records) == [None, ("normalised_duplicate", "a:1"), None]
    near = ("near_duplicate", "b:1")
    assert fates(records, prefer=("b",)) == [("normalised_duplicate", "b:1"), None, near]


def test_scores_are_cut_so_that_they_lie_on_their_side_of_a_threshold():
    letters = itertools.product("bcdfghjklmnp", "aeiou", "rstvw", "aeiou", "lmn", "xyz")
    words = ["".join(word) for word in itertools.islice(letters, 4819)]
    one, other = " ".join(words), " ".join([*words[:2000], "thing", *words[2001:]])
    # 4817 triples, 3 of them others: 4814 / 4820 = 0.998755, which rounds to 0.9988.
    rows = records_of([row(one, "Yes."), row(other, "Yes.")])
    assert fates(rows, threshold=0.9988) == [None, None]
    assert results(rows, threshold=0.9987)[1].evidence["score"] == 0.9987


TEXTS = [LONG, LONG.replace("find", "see"), LONG.replace("old", "wise"), LONG.upper(),
         "Name a day.", "name a day", "Name 2 days.", "Please name a day."]  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(["Yes.", "yes", "No way."]))),
    st.randoms(use_true_random=False),
)
def test_the_order_of_reading_changes_nothing(pairs, shuffler):
    records = records_of(row(*pair) for pair in pairs)
    outcome = {
        (r.record.id, r.reason, r.evidence["kept"])
        for r in results(records)
        if isinstance(r, Dropped)
    }
    kept = {r.id for r in records} - {id for id, _, _ in outcome}
    assert {winner for _, _, winner in outcome} <= kept
    shuffler.shuffle(records)
    again = results(records)
    assert {
        (r.record.id, r.reason, r.evidence["kept"]) for r in again if isinstance(r, Dropped)
    } == outcome
    assert [r.record.id if isinstance(r, Dropped) else r.id for r in again] == [
        r.id for r in records
    ]


def test_values_that_are_no_text_are_compared_as_they_are():
    rows = [row("q", None), row("q", 4), row("q", None), row(["q"], "a")]
    assert fates(records_of(rows)) == [None, None, ("exact_duplicate", "a:0"), None]


DRESSED = [
    LONG + ". What was lit?", LONG + ". What was lit", LONG + ". When was it lit?",
    f"{LONG} in Norway harbour", f"{LONG} in norway harbour", f"{LONG} in Sweden harbour",
    "Name a day.", "name a day", "Name a month.", "Is it May?", "Is it may",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(DRESSED), st.sampled_from(["It is late.", "it is LATE"]))),
    st.sampled_from([0.5, 0.8, 0.9]),
)
def test_a_record_goes_where_two_alone_would_be_duplicates(pairs, threshold):
    records = records_of(row(*pair) for pair in pairs)
    stay = []
    for record in sorted(records, key=lambda r: (-len("".join(r.output.split())), int(r.id[2:]))):
        alone = (fates([other, record], threshold=threshold) for other in stay)
        if all(fate == [None, None] for fate in alone):
            stay.append(record)
    found = {r.id for r in results(records, threshold=threshold) if isinstance(r, Record)}
    assert found == {record.id for record in stay}


def pair(better, worse, prompt="Name a fruit that grows on trees."):
    return {"instruction": prompt, "output": better, "rejected": worse}


def labelled(answer, label, prompt="Name a fruit that grows on trees."):
    return {"instruction": prompt, "output": answer, "label": label}


def test_pairs_are_the_same_only_with_the_same_rejected_answer():
    assert same(pair("Apple.", "Carrot."), pair("Apple.", "Carrot."), "exact_duplicate")
    assert same(pair("Apple.", "Carrot."), pair("apple", " carrot."), "normalised_duplicate")
    near = pair(LONG, "Carrot."), pair(LONG.replace("dangerous", "perilous"), "Carrot.")
    assert same(*near, "near_duplicate")
    assert not same(pair(LONG, "Carrot."), pair(LONG, "Potato."))
    assert not same(pair("Apple.", "Carrot."), {**pair("Apple.", ""), "rejected": None})


def test_labelled_answers_are_the_same_only_with_the_same_label():
    assert same(labelled(LONG, True), labelled(LONG, True), "exact_duplicate")
    assert not same(labelled(LONG, True), {**labelled(LONG, None)})


def opposed(*rows):
    return [
        (r.reason, r.evidence) if isinstance(r, Dropped) else None
        for r in results(records_of(rows))
    ]


@pytest.mark.parametrize(("one", "other"), [
    (pair("Apple.", "Carrot."), pair("carrot.", "Apple. ")),
    (pair(LONG, LONG[::-1]), pair(LONG[::-1], LONG)),
    (labelled("Apple.", True), labelled("apple.", False)),
])  # fmt: skip
def test_contradictions_all_go_and_name_each_other(one, other):
    alone = pair("Pear.", "Leek.")
    assert opposed(one, alone, other, one) == [
        ("contradicting_preference", {"contradicts": "a:2"}), None,
        ("contradicting_preference", {"contradicts": "a:0"}),
        ("contradicting_preference", {"contradicts": "a:2"}),
    ]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [
    (pair("Apple.", "Carrot."), pair("Carrot.", "Apple.", "Name a root.")),
    (pair("Apple.", "Carrot."), {**pair("Carrot.", "Apple."), "system": "Be wrong."}),
    (labelled("Apple.", True), labelled("Carrot.", False)),
    (labelled("Apple.", True), {**labelled("Apple.", None)}),
    (pair("Apple.", "Apple."), pair("Apple.", "Apple.")),
])  # fmt: skip
def test_no_contradiction(one, other):
    assert all(fate is None or "contradicts" not in fate[1] for fate in opposed(one, other))


def test_contradicted_records_stand_for_no_other():
    """A record like one that is contradicted stays: nothing else of its kind does."""
    near = pair(LONG.replace("dangerous", "perilous"), "Carrot.")
    assert opposed(pair(LONG, "Carrot."), pair("Carrot.", LONG), near)[2] is None
