import pytest

from curate.prompts.preview import visible
from curate.prompts.preview.visible import hidden, legend


def test_visible_leaves_letters_of_all_scripts():
    assert visible("naïve 日本語 हिन्दी עברית 🙂\n") == "naïve 日本語 हिन्दी עברית 🙂\n"


@pytest.mark.parametrize(
    ("char", "sign", "name"),
    [
        ("\t", "␉", "tab"),
        ("\x1b", "␛", "escape"),
        ("\x7f", "␡", "delete"),
        ("\x9b", "\\x9b", "control character"),
        ("\xa0", "\\xa0", "no-break space"),
        ("\u202e", "\\u202e", "right-to-left override"),
        ("\ufe0f", "\\ufe0f", "variation selector-16"),
        ("\u2800", "\\u2800", "braille pattern blank"),
        ("\U000f0000", "\\U000f0000", "private character"),
        ("\u0378", "\\u0378", "unassigned character"),
        ("⟦", "\\u27e6", "mathematical left white square bracket"),
        ("␉", "\\u2409", "symbol for horizontal tabulation"),
    ],
)
def test_what_cannot_be_seen_gets_a_sign_and_a_name(char, sign, name):
    assert visible(f"a{char}b") == f"a{sign}b"
    assert legend(hidden(f"a{char}b")) == {sign: name}


def test_space_and_newline_get_a_sign_on_demand():
    assert visible(" \n", blanks=True) == "␣␊"
    assert legend(hidden(" \n", blanks=True)) == {"␊": "line feed", "␣": "space"}
    assert hidden("␣", blanks=True) == {"␣"}
