import pytest

from curate.records import Dropped, Record
from curate.steps import STEPS
from curate.steps.preferences import Preferences

LONG = (
    "Water boils at a lower temperature on a mountain because the air there presses less on its "
    "surface than it does at the sea, so that bubbles of steam can form in it earlier."
)


def fate(better, worse, **options):
    pair = Record(id="a:1", instruction="Say it.", output=better, rejected=worse)
    result = Preferences(**options).apply(pair)
    return (result.reason, result.evidence) if isinstance(result, Dropped) else result is pair


def test_identical_answers():
    assert fate("Red.", "Red.") == ("identical_answers", {"field": "rejected", "score": 1.0})


@pytest.mark.parametrize(("better", "worse"), [
    ("Hello.", "hello"),
    (LONG, LONG.upper().lower()),
    (LONG, f"{LONG}\n"),
    (LONG, LONG.replace(" can ", " may ")),
])  # fmt: skip
def test_near_identical_answers(better, worse):
    reason, evidence = fate(better, worse, threshold=0.8)
    assert reason == "near_identical_answers"
    assert evidence["field"] == "rejected"
    assert 0.8 <= evidence["score"] <= 1


@pytest.mark.parametrize(("better", "worse"), [
    ("4", "5"),
    (LONG, LONG.replace("lower", "higher")),
    (LONG, LONG.replace(" less ", " no less ")),
    ("It is Paris.", "It is Rome."),
    ("", "x"),
    ("x", ""),
])  # fmt: skip
def test_what_decides_is_a_preference(better, worse):
    assert fate(better, worse, threshold=0.5) is True


def test_threshold_is_the_least_similarity():
    worse = LONG.replace("bubbles", "globules")
    assert fate(LONG, worse, threshold=0.5)[0] == "near_identical_answers"
    assert fate(LONG, worse, threshold=0.95) is True


def test_records_without_a_rejected_answer_pass():
    record = Record(id="a:1", instruction="Say it.", output="Red.")
    assert Preferences().apply(record) is record
    odd = record.with_fields(rejected=3)
    assert Preferences().apply(odd) is odd


def test_comes_before_the_search_for_duplicates():
    names = [step.name for step in STEPS]
    assert names.index("preferences") < names.index("dedup")
