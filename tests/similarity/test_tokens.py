import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.similarity.tokens import (
    ASKED,
    FILLER,
    LAST,
    NAME,
    NEGATION,
    NUMBER,
    NUMERAL,
    SPACELESS,
    tokenise,
)


def hashes(text):
    return tokenise([text]).hashes.tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What IS this?", "what is, this"),
        ("don't stop", "Don’t stop"),
        ("don't", "dont"),
        ("1,000 men", "1000 men"),
        ("Straße", "STRASSE"),
        ("café", "cafe\u0301"),
        ("ÜBER", "über"),
        ("a  b\n\nc", "A B C"),
        ("你好", "你 好"),
    ],
)
def test_the_same_words(one, other):
    assert hashes(one) == hashes(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3.5", "35"),
        ("3.5", "5.3"),
        ("snake_case", "snake case"),
        ("ab c", "a bc"),
        ("ab", "ba"),
        ("x²", "x2"),
        ("हिंदी", "हद"),  # marks are letters
        ("a" * 5000 + "b", "a" * 5000 + "c"),
    ],
)
def test_other_words(one, other):
    assert hashes(one) != hashes(other)


def kinds(text, kind):
    return [bool(found) for found in tokenise([text]).kinds & kind]


def test_kinds_of_words():
    assert kinds("Pay 50 or fifty, x2", NUMBER) == [False, True, False, False, True]
    assert kinds("Pay 50 or fifty", NUMERAL) == [False, False, False, True]
    assert kinds("It isn't, never", NEGATION) == [False, False, True, True]
    assert kinds("Please name the king", FILLER) == [True, False, True, False]
    assert kinds("The king. Of Spain, Paul", NAME) == [False, False, False, True, False]
    assert kinds("ab 你好", SPACELESS) == [False, True, True]
    assert kinds("5 kg, 6. Then 7 kg", LAST) == [False, False, True, False, False, False]
    assert kinds("It rains. Who came? He.", ASKED) == [False, False, True, True, False]


def test_what_is_asked_is_not_mixed_up_between_texts():
    tokens = tokenise(["Who? When?", "No", "Why so?", "It. Is it?"])
    asked = (tokens.kinds & ASKED) != 0
    assert asked.tolist() == [True, True, False, True, True, False, True, True]


def test_symbols_stand_where_they_stand():
    tokens = tokenise(["5 + 3", "a - b", "(x)"])
    assert [chr(code) for code in tokens.symbols] == list("+-()")
    assert tokens.symbol_text.tolist() == [0, 1, 2, 2]
    assert tokens.symbol_token.tolist() == [1, 3, 4, 5]
    assert tokens.symbol_decisive.tolist() == [True, False, False, False]


def test_commas_in_numbers_are_noted():
    tokens = tokenise(["a 1,23", "12,3 b, c"])
    assert tokens.hashes[1] == tokens.hashes[2]
    assert tokens.comma_token.tolist() == [1, 2]
    assert tokens.comma_place.tolist() == [1, 2]


@given(st.lists(st.text(max_size=30), max_size=8))
def test_a_batch_is_its_texts_one_by_one(texts):
    batch = tokenise(texts)
    assert batch.first[0] == 0
    assert batch.first[-1] == batch.hashes.size
    for number, text in enumerate(texts):
        alone = tokenise([text])
        part = slice(batch.first[number], batch.first[number + 1])
        assert np.array_equal(batch.hashes[part], alone.hashes)
        assert np.array_equal(batch.kinds[part], alone.kinds)
        assert batch.characters[number] == alone.characters[0]
        mine = batch.symbol_text == number
        assert np.array_equal(batch.symbols[mine], alone.symbols)
        assert np.array_equal(batch.symbol_token[mine] - batch.first[number], alone.symbol_token)


@given(st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=40))
def test_case_and_form_do_not_count(text):
    lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    assert hashes(text) == hashes(unicodedata.normalize("NFD", text)) == hashes(lower)
