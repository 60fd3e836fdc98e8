"""The join against the plainest way to say what it finds: every pair, as sets of word triples."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Record
from curate.similarity.index import Index
from curate.similarity.join import similar_pairs

WORDS = "ab cd ef gh ij kl mn op".split()
TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join)


def triples(text):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)} or {tuple(words)}


def jaccard(one, other):
    return len(one & other) / len(one | other)


def all_pairs(rows, sides, floor):
    sets = [tuple(triples(text) for text in row) for row in rows]
    return [
        (i, j)
        for i, j in itertools.combinations(range(len(rows)), 2)
        if all(jaccard(sets[i][side], sets[j][side]) >= floor - 1e-9 for side in sides)
    ]


def index_of(rows):
    index = Index()
    for number, (instruction, output) in enumerate(rows):
        index.add(Record(id=f"a:{number}", instruction=instruction, output=output))
    index.finish()
    return index


def found(rows, sides, floor, blocks=None):
    index = index_of(rows)
    records = np.arange(len(rows))
    blocks = np.zeros(len(rows), np.uint64) if blocks is None else np.array(blocks, np.uint64)
    pairs = similar_pairs(index, records, blocks, sides, floor)
    return list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)), pairs, index


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(TEXT, TEXT), max_size=24),
    st.sampled_from([(0, 1), (0,), (1,)]),
    st.sampled_from([0.5, 0.6, 2 / 3, 0.75, 0.8, 1.0]),
)
def test_exactly_the_pairs_of_the_definition(rows, sides, floor):
    assert found(rows, sides, floor)[0] == all_pairs(rows, sides, floor)


def varied(count):
    """Return texts of which many are alike: each is a copy of one before with words changed."""
    random = np.random.default_rng(7)
    rows = [[" ".join(random.choice(WORDS, 60)), " ".join(random.choice(WORDS, 12))]]
    while len(rows) < count:
        changed = []
        for text in rows[random.integers(len(rows))]:
            words = text.split()
            for place in random.integers(len(words), size=random.integers(5)):
                words[place] = str(random.choice(WORDS)) + str(random.integers(30))
            changed.append(" ".join(words))
        rows.append(changed)
    return rows


@pytest.mark.parametrize("floor", [0.5, 0.8])
def test_many_records_in_small_chunks(monkeypatch, floor):
    rows = varied(400)
    expected = all_pairs(rows, (0, 1), floor)
    assert len(expected) > 50
    monkeypatch.setattr("curate.similarity.join._CHUNK", 700)
    monkeypatch.setattr("curate.similarity.join._PAIRS", 50)
    pairs, counted, index = found(rows, (0, 1), floor)
    assert pairs == expected
    sets = [tuple(triples(text) for text in row) for row in rows]
    for first, second, shared in zip(*counted, strict=True):
        overlap = [len(a & b) for a, b in zip(sets[first], sets[second], strict=True)]
        assert shared.tolist() == overlap
    assert index.sizes.tolist() == [[len(a), len(b)] for a, b in sets]


def test_blocks_are_not_compared():
    rows = [("one two three four", "yes")] * 4
    assert found(rows, (0, 1), 0.5, blocks=[1, 2, 1, 3])[0] == [(0, 2)]


def test_texts_without_words_are_compared_as_they_are():
    rows = [("Rate it.", answer) for answer in ("👍", "👎", "👍", "?!", "…", "? !", "")]
    assert found(rows, (0, 1), 0.5)[0] == [(0, 2), (3, 5)]


def test_no_record_and_one_record():
    assert found([], (0, 1), 0.5)[0] == []
    assert found([("a", "b")], (0, 1), 0.5)[0] == []


@pytest.mark.parametrize("letter", "uvwx")
def test_what_all_hold_is_not_taken_for_what_all_but_the_first_hold(letter):
    start, end = (" ".join(letter + other for other in part) for part in ("abcdefghijklmno", "qrs"))
    rows = [f"{start} x {end}", f"{start} y {end}", f"{start} y {end}", f"{start} y {end} w z"]
    rows = [(row, "w") for row in rows]
    pairs = found(rows, (0,), 0.5)[0]
    assert pairs == all_pairs(rows, (0,), 0.5)
    assert (0, 3) in pairs


def test_pages_that_are_given_back_come_again(monkeypatch):
    monkeypatch.setattr("curate.similarity.index._RESIDENT", 0)
    rows = [("ab cd ef gh ij kl mn op", f"ab cd ef gh ij kl mn op {n}") for n in range(4)]
    assert found(rows, (0, 1), 0.5)[0] == all_pairs(rows, (0, 1), 0.5)
