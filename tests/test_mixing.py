"""The arithmetic of a mix, expected values by hand."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import UsageError
from curate.mixing import Part, mix


def numbers(parts, **options):
    return [(share.planned, share.realised) for share in mix(parts, **options)]


def test_nothing_asked_for_takes_everything():
    assert numbers([Part("a", 7), Part("b", 0), Part("c", 3)]) == [(7, 7), (0, 0), (3, 3)]


def test_a_cap_alone_limits_its_part_only():
    assert numbers([Part("a", 700, cap=100), Part("b", 30, cap=100)]) == [(100, 100), (30, 30)]


def test_weights_of_all_are_relative():
    parts = [Part("a", 900, Fraction(2)), Part("b", 900, Fraction(1))]
    assert numbers(parts, total=90) == [(60, 60), (30, 30)]


def test_without_a_total_the_scarcest_part_is_the_measure():
    parts = [Part("a", 1000, Fraction(3, 4)), Part("b", 50, Fraction(1, 4))]
    assert numbers(parts) == [(150, 150), (50, 50)]


def test_with_repetition_every_record_is_there_at_least_once():
    parts = [Part("a", 1000, Fraction(1, 2)), Part("b", 300, Fraction(1, 2))]
    assert numbers(parts, repeat=True) == [(1000, 1000), (1000, 1000)]


def test_with_repetition_no_record_is_lost_to_rounding():
    # 17 / 0.9 = 18.9: of 18 records a would have 16.2, of 19 it has 17.1
    parts = [Part("a", 17), Part("b", 1, Fraction(1, 10))]
    assert numbers(parts, repeat=True) == [(17, 17), (2, 2)]
    # 80 / 0.7 = 114.3: of 114 records a has 79.8, which are 80
    parts = [Part("a", 80), Part("b", 7, Fraction(3, 10))]
    assert numbers(parts, repeat=True) == [(80, 80), (34, 34)]


def test_the_scarcest_part_gives_all_it_has_where_whole_records_allow():
    # 18 records would be 16.2 and 1.8, 19 are 17.1 and 1.9
    parts = [Part("a", 17), Part("b", 20, Fraction(1, 10))]
    assert numbers(parts) == [(17, 17), (2, 2)]


def test_a_cap_holds_with_repetition_too():
    parts = [Part("a", 1000, Fraction(1, 2)), Part("b", 300, Fraction(1, 2), cap=600)]
    assert numbers(parts, repeat=True) == [(600, 600), (600, 600)]


def test_the_others_share_what_the_weights_leave_by_size():
    parts = [Part("a", 900, Fraction(4, 10)), Part("b", 200), Part("c", 100)]
    assert numbers(parts, total=100) == [(40, 40), (40, 40), (20, 20)]


def test_a_part_that_has_no_more_gives_all_and_the_others_fill_up():
    parts = [Part("a", 30, Fraction(1, 2)), Part("b", 500, Fraction(1, 4)),
             Part("c", 500, Fraction(1, 4))]  # fmt: skip
    assert numbers(parts, total=400) == [(200, 30), (100, 185), (100, 185)]


def test_more_than_there_is_cannot_be_given():
    assert numbers([Part("a", 3), Part("b", 1)], total=8) == [(6, 3), (2, 1)]


def test_temperature_2_is_the_square_root():
    parts = [Part("a", 900), Part("b", 100)]
    assert numbers(parts, total=40, temperature=2) == [(30, 30), (10, 10)]
    assert numbers(parts, temperature=2) == [(300, 300), (100, 100)]


def test_the_size_that_counts_is_what_the_cap_leaves():
    parts = [Part("a", 10_000, cap=400), Part("b", 100)]
    assert numbers(parts, total=50, temperature=2) == [(33, 33), (17, 17)]  # 20 to 10


def test_a_weight_of_0_takes_none_even_to_fill_up():
    parts = [Part("a", 10, Fraction(1)), Part("b", 90, Fraction(0))]
    assert numbers(parts, total=50) == [(50, 10), (0, 0)]


def test_a_part_that_has_nothing_does_not_hold_the_others_back():
    parts = [Part("a", 0, Fraction(1, 2)), Part("b", 80, Fraction(1, 2))]
    assert numbers(parts) == [(80, 0), (80, 80)]
    assert numbers(parts, repeat=True) == [(80, 0), (80, 80)]
    three = [Part("a", 0, Fraction(1, 2)), Part("b", 80, Fraction(1, 4)),
             Part("c", 100, Fraction(1, 4))]  # fmt: skip
    assert numbers(three) == [(160, 0), (80, 80), (80, 80)]


def test_weights_that_leave_nothing_for_the_others():
    with pytest.raises(UsageError, match=r"come to 1\.2, which leaves nothing for b"):
        mix([Part("a", 5, Fraction(6, 5)), Part("b", 5)])
    with pytest.raises(UsageError, match="every --weight is 0"):
        mix([Part("a", 5, Fraction(0))])


weights = st.none() | st.fractions(0, Fraction(1, 5), max_denominator=100)
parts_of_a_mix = st.lists(
    st.builds(Part, st.just("p"), st.integers(0, 10**6), weights,
              st.none() | st.integers(0, 10**6)),
    min_size=1, max_size=5,
).filter(lambda parts: any(p.weight is None for p in parts))  # fmt: skip


@given(parts_of_a_mix, st.none() | st.integers(0, 10**7), st.sampled_from([1.0, 1.5, 2.0, 5.0]),
       st.booleans())  # fmt: skip
def test_what_always_holds(parts, total, temperature, repeat):
    shares = mix(parts, total=total, temperature=temperature, repeat=repeat)
    given_, planned = sum(s.realised for s in shares), sum(s.planned for s in shares)
    for part, share in zip(parts, shares, strict=True):
        assert 0 <= share.realised <= part.limit(repeat)
        if part.weight == 0:
            assert share.realised == 0
    assert given_ <= planned
    if total is not None:
        assert planned in (0, total)
        full = all(s.realised >= p.limit(repeat) for p, s in zip(parts, shares, strict=True)
                   if s.planned)  # fmt: skip
        assert given_ == planned or full
    else:
        for part, share in zip(parts, shares, strict=True):
            assert share.realised == share.planned or not part.available or not part.size
        if repeat and all(part.cap is None for part in parts):
            for part, share in zip(parts, shares, strict=True):
                assert share.realised >= part.available or part.weight == 0


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6))
def test_all_of_it_is_all_of_it(sizes):
    parts = [Part("p", size) for size in sizes]
    assert [share.realised for share in mix(parts)] == sizes
    assert [share.realised for share in mix(parts, total=sum(sizes))] == sizes
