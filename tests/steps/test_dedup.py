from hypothesis import given
from hypothesis import strategies as st

from curate.records import Dropped, Record
from curate.steps.dedup import Dedup


def fates(records):
    return [r.evidence["kept"] if isinstance(r, Dropped) else None for r in Dedup().run(records)]


def test_case_space_and_unicode_form_make_no_difference():
    records = [
        Record(id="a", instruction="Où est le CAFÉ?", output="Ici."),
        Record(id="b", instruction="ou\u0300 est  le\ncafe\u0301?", output="ici."),
    ]
    assert fates(records) == [None, "a"]


def test_indentation_counts_where_lines_are_indented():
    one = Record(id="a", instruction="q", output="if a:\n    b\nc")
    other = Record(id="b", instruction="q", output="if a:\n    b\n    c")
    spaced = Record(id="c", instruction="q", output="if  a:\n    b \n\nc")
    assert fates([one, other, spaced]) == [None, None, "a"]


def test_equal_ids_are_no_excuse():
    twins = [Record(id="a", instruction="q", output="a")] * 2
    assert fates(twins) == [None, "a"]


def test_every_field_makes_a_difference():
    base = {"instruction": "q", "output": "a"}
    turn = {"role": "user", "content": "x"}
    records = [
        Record(id="1", **base),
        Record(id="2", **{**base, "output": "b"}),
        Record(id="3", **base, context="c"),
        Record(id="4", **base, system="c"),
        Record(id="5", **base, history=[turn]),
        Record(id="6", **base, history=[{**turn, "follows_instruction": True}]),
        Record(id="7", instruction="x²", output="a"),
        Record(id="8", instruction="x2", output="a"),
        Record(id="9", **base, meta={"tools": [{"name": "add"}]}),
    ]
    assert fates(records) == [None] * 9


def test_other_columns_make_none():
    records = [Record(id=str(n), instruction="q", output="a", meta={"n": n}) for n in range(2)]
    assert fates(records) == [None, "0"]


def test_numbers_count():
    records = [Record(id=str(n), instruction=f"Add {n} and 2.", output="So.") for n in range(5)]
    assert fates(records) == [None] * 5


def test_a_third_copy_names_the_first():
    records = [Record(id=name, instruction="q", output="a") for name in "abc"]
    assert fates(records) == [None, "a", "a"]


@given(st.lists(st.tuples(st.sampled_from("aA bB"), st.sampled_from("xX"))))
def test_one_of_each_content_stays(pairs):
    records = [Record(id=str(i), instruction=q, output=a) for i, (q, a) in enumerate(pairs)]
    kept = [r for r in Dedup().run(records) if isinstance(r, Record)]
    contents = {(q.lower().strip(), a.lower()) for q, a in pairs}
    assert {(r.instruction.lower().strip(), r.output.lower()) for r in kept} == contents
    assert len(kept) == len(contents)
