"""What stands in the place of what, told of many pairs at once and of one by the definition."""

from collections import Counter
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Record
from curate.similarity.index import Index
from curate.similarity.replacements import has_gaps, replaced

WORDS = st.lists(st.sampled_from("ant bee cow dog elk fox gnu hen owl the of a".split()),
                 min_size=1, max_size=14)  # fmt: skip
FILLERS = {"the", "of", "a"}


def index_of(texts):
    index = Index()
    for number, text in enumerate(texts):
        words = " ".join(text)
        index.add(Record(id=f"a:{number}", instruction=f"say {words} now", output=words))
    index.finish()
    return index


def triples(text):
    return list(zip(text, text[1:], text[2:], strict=False))


def lacks_a_run(one, other):
    runs = "".join(" " if triple in triples(other) else "x" for triple in triples(one))
    return "x" * 7 in runs


def alone(one, other):
    """Whether a word lies in no triple of the other, and most of what moved is such a word."""
    shared = [triple in triples(other) for triple in triples(one)]
    free = [not any(shared[max(n - 2, 0) : n + 1]) for n in range(len(one))]
    moved = [f for f, a, b in zip(free, one, other, strict=True) if a != b]
    says = any(f and word not in FILLERS for f, word in zip(free, one, strict=True))
    return says and 2 * sum(moved) >= len(moved)


def other_words(one, other):
    if one == other or len(one) != len(other) or set(one) != set(other):
        return False
    if sorted(one) != sorted(other):
        return True
    return alone(one, other) or alone(other, one)


def in_all_places(one, other):
    lost, gained = (
        {times for word, times in Counter(a).items()
         if times > 1 and word not in FILLERS and word not in b}
        for a, b in ((one, other), (other, one))
    )  # fmt: skip
    return not lost.isdisjoint(gained)


@st.composite
def alike(draw):
    """Texts, and each with a piece elsewhere, two words swapped, or a word in place of another."""
    texts = draw(st.lists(WORDS, min_size=1, max_size=3))
    for text in list(texts):
        a, b, c = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 3)))
        texts.append(text[:a] + text[b:c] + text[a:b] + text[c:])
        a, b = draw(st.tuples(*[st.integers(0, len(text) - 1)] * 2))
        swap = {a: text[b], b: text[a]}
        texts.append([swap.get(n, word) for n, word in enumerate(text)])
        texts.append([text[b] if n == a else word for n, word in enumerate(text)])
        texts.append(["yak" if word == text[a] else word for word in text])
    return texts


@given(alike())
@settings(deadline=None)
def test_many_pairs_are_judged_as_one_is_by_the_definition(texts):
    index = index_of(texts)
    first, second = np.array([p for p in product(range(len(texts)), repeat=2)]).T
    said = [["say", *text, "now"] for text in texts]
    gaps, swaps = [], []
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        gaps.append(lacks_a_run(said[a], said[b]) and lacks_a_run(said[b], said[a]))
        whole = in_all_places(said[a] + texts[a], said[b] + texts[b])
        both = ((said[a], said[b]), (texts[a], texts[b]))
        swaps.append(whole or any(other_words(*pair) for pair in both))
    assert has_gaps(index, first, second).tolist() == gaps
    assert replaced(index, first, second, (0, 1)).tolist() == swaps


def test_a_gap_has_five_words_on_end_that_are_others():
    text = [f"w{letter}" for letter in "abcdefghijklmnop"]
    four, five = (text[:4] + [f"x{n}" for n in "abcde"[:m]] + text[4 + m :] for m in (4, 5))
    index = index_of([text, four, five])
    assert has_gaps(index, np.array([0, 0]), np.array([1, 2])).tolist() == [False, True]


def test_no_pairs_are_no_pairs():
    index, none = index_of([["ant"]]), np.zeros(0, np.int64)
    assert not has_gaps(index, none, none).size
    assert not replaced(index, none, none, (0, 1)).size
