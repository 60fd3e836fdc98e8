"""Records that are compared in parts, elsewhere, match as they do in one piece."""

import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Record
from curate.similarity import duplicates
from curate.similarity.duplicates import find_matches
from curate.similarity.index import Index

WORDS = "ab cd ef gh ij kl mn op 1 2 3 not".split()
TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join)


def index_of(rows):
    index = Index()
    for number, (instruction, output) in enumerate(rows):
        index.add(Record(id=f"a:{number}", instruction=instruction, output=output))
    index.finish()
    return index


def matches(rows, spread=map):
    found = find_matches(index_of(rows), np.arange(len(rows)), (0, 1), len(rows), spread)
    return [getattr(found, name).tolist() for name in found.__slots__]


def in_small_parts(rows):
    parts = []

    def elsewhere(function, items):
        for item in items:
            parts.append(len(item.records))
            yield pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(function))(item)))

    before, duplicates._PART = duplicates._PART, 1
    try:
        return matches(rows, elsewhere), parts
    finally:
        duplicates._PART = before


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=24).map(lambda rows: rows + rows[:3]))
def test_parts_change_nothing(rows):
    assert in_small_parts(rows)[0] == matches(rows)


def test_no_part_is_without_a_pair_that_can_be_compared():
    words = "name one red thing that can be found in a kitchen or a garden of this house"
    rows = [
        (f"{words} {number}", f"a thing with a {word} is what one finds when {words} {number}")
        for number, many in ((10, 1), (20, 2), (30, 3))
        for word in ("handle", "cover", "wheel")[:many]
    ]
    found, parts = in_small_parts(rows)
    assert sorted(parts) == [2, 3]  # one alone in its block is in none
    assert found == matches(rows)
    assert len(found[2]) == 4  # pairs


def test_a_part_has_the_profiles_of_its_records():
    rows = [("ab cd ef gh", "one"), ("", ""), ("1 2 3", "mn op ab cd ef"), ("Not Ab?", "x")]
    taken = Index.of(index_of(rows).take(np.array([3, 0, 2])))
    alone = index_of([rows[3], rows[0], rows[2]])
    for name, values in vars(alone).items():
        if isinstance(values, np.ndarray):
            assert np.array_equal(getattr(taken, name), values), name
    assert taken.text_of(1, 0).tolist() == alone.text_of(1, 0).tolist() != []
