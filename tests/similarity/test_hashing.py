"""Words have the same hash wherever they stand and however many there are."""

import numpy as np

from curate.similarity.hashing import hash_words


def hashes(words):
    codes = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32)
    return hash_words(codes, np.fromiter(map(len, words), np.int64, len(words)))


def test_a_word_alone_is_as_among_others():
    words = ["ant", "b", "cow" * 50, "ant", "tac"]
    assert hashes(words).tolist() == [hashes([word])[0] for word in words]
    assert len(set(hashes(words).tolist())) == 4


def test_as_many_words_as_never_before_are_as_few():
    words = ["gnu", "elk"] * 60_000
    assert hashes(words).tolist() == hashes(["gnu", "elk"]).tolist() * 60_000


def test_a_very_long_word_leaves_the_others_as_they_are():
    words = ["gnu", "x" * 5000, "elk"]
    assert hashes(words)[::2].tolist() == hashes(["gnu", "elk"]).tolist()
    assert hashes(words)[1] != hashes(["x" * 5001])[0]


def test_no_words_have_no_hashes():
    assert not hashes([]).size
