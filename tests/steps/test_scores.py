"""The step `scores`: bounds, the top, and records that have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.records import Dropped, Record
from curate.steps.scores import Scores


def made(*scores):
    names = "ifd", "perplexity"
    return [
        Record(id=f"a:{n}", instruction="q", output="a",
               meta=dict(zip(names, each, strict=False)))
        for n, each in enumerate(scores, 1)
    ]  # fmt: skip


def fates(step, records):
    return [item.reason if isinstance(item, Dropped) else "" for item in step.run(records)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"max_ifd": 1}, ["", "", "high_ifd", "no_score"]),
        ({"min_ifd": 0.5}, ["low_ifd", "", "", "no_score"]),
        ({"max_perplexity": 15}, ["", "high_perplexity", "", "no_score"]),
        ({"min_perplexity": 11}, ["low_perplexity", "", "", "no_score"]),
        ({"top_ifd": 1}, ["not_top", "not_top", "", "no_score"]),
        ({"top_ifd": 1, "max_ifd": 1}, ["not_top", "", "high_ifd", "no_score"]),
        ({"top_ifd": 9}, ["", "", "", "no_score"]),
        ({"top_ifd": 1, "max_ifd": 0}, ["high_ifd"] * 3 + ["no_score"]),
    ],
)
def test_what_stays(options, expected):
    records = made((0.2, 10.0), (0.9, 20.0), (1.4, 12.0), ())
    assert fates(Scores(**options), records) == expected


def test_evidence_names_score_and_bound():
    (dropped,) = Scores(max_ifd=1).run(made((1.5, 3.0)))
    assert dropped.evidence == {"ifd": 1.5, "limit": 1.0}


@pytest.mark.parametrize("score", [True, "0.5", None, float("nan"), float("inf"), [1]])
def test_what_is_no_number_is_no_score(score):
    assert fates(Scores(max_ifd=1), made((score,))) == ["no_score"]


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3]), max_size=12), st.integers(1, 14))
def test_as_many_as_asked_for_stay_and_none_below_one_that_goes(scores, top):
    records = made(*((score,) for score in scores))
    kept = [item for item in Scores(top_ifd=top).run(records) if isinstance(item, Record)]
    assert len(kept) == min(top, len(scores))
    gone = [r for r in records if r not in kept]
    if kept and gone:
        assert min(r.meta["ifd"] for r in kept) >= max(r.meta["ifd"] for r in gone)


@pytest.mark.parametrize(
    ("options", "why"),
    [({}, "no bound is set"), ({"min_ifd": 2, "max_ifd": 1}, "the least ifd, 2.0, is more than")],
)
def test_options_that_cannot_be(options, why):
    with pytest.raises(ValidationError, match=why):
        Scores(**options)
