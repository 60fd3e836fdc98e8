import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Record
from curate.steps.normalise import CLOSING_TOKENS, OPENING_TOKENS, Normalise, _is_bad


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cafe\u0301", "café"),
        ("donâ€™t", "don’t"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("end \t\n\n", "end"),
        ("\n\n  first", "  first"),
        (" Paris", "Paris"),
        ("    return x", "    return x"),
        ("\treturn x", "\treturn x"),
        ("\ufeffstart", "start"),
        ("a\x00b\x1b[31mred\x1b[0m", "abred"),
        ("Yes.<|endoftext|>", "Yes."),
        ("Yes. </s> <|im_end|>\n", "Yes."),
        ("<s>Hello", "Hello"),
        ("<s>Hello</s></s>", "<s>Hello</s>"),
        ("VoilÃ  tout", "Voilà tout"),
        ("Il dit Ã  tous : voilÃ  le cafÃ©", "Il dit à tous : voilà le café"),
        ("Je l’ai Ã©crit", "Je l’ai écrit"),
        ("<|endoftext|>", ""),
        ("\x85 dots", "… dots"),
        ("page\x0cbreak", "page\nbreak"),
    ],
)
def test_repairs(before, after):
    assert Normalise().normalise(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "What does <|endoftext|> mean?",
        "<s>old</s> new <s>price</s>",
        "Use <s>strike</s>",
        "<s>old price</s>",
        "<s>old</s>\n<s>older</s>",
        "CÁ — written Ã in no case",
        "The letters Ã and Õ are nasal.",
        "É a letra Ã e nada mais",
        "“curly” quotes and ﬁ ligature",
        "ｗｉｄｅ",
        "line\u2028separator",
        "👩‍👩‍👧 family",
        "नमस्ते",
        "x²",
        "two  spaces\n    indented",
        " x = 1\n y = 2",
        "[EOS] marks the end",
        "What ends a text? [EOS]",
        "Explain the token <s>",
        "The closing tag of strikethrough: </s>",
    ],
)
def test_leaves_what_the_author_wrote(text):
    assert Normalise().normalise(text) == text


@given(
    st.text()
    | st.lists(
        st.sampled_from([*CLOSING_TOKENS, *OPENING_TOKENS, "a", " ", "\n", "\r", "é", "Ã©"])
    ).map("".join)
)
def test_is_idempotent_and_never_grows(text):
    once = Normalise(mojibake=False).normalise(text)
    assert Normalise(mojibake=False).normalise(once) == once
    assert once == once.rstrip()
    assert not once.endswith("<|endoftext|>") or ":" in once


def test_edits_history_and_leaves_what_is_no_text():
    record = Record(
        id="a:1", instruction="q", output=4, history=[{"role": "user", "content": "a "}]
    )
    edited = Normalise().apply(record)
    assert edited.history == [{"role": "user", "content": "a"}]
    assert edited.output == 4
    assert record.history[0]["content"] == "a "


@pytest.mark.parametrize(
    ("instruction", "output"),
    [
        ("Fix the encoding: cafÃ©", "café"),
        ("Repair the mojibake.", "donâ€™t"),
        ("What was wrong with 'naÃ¯ve' on my page?", "Its bytes were read as another text."),
        ("Why does my page show naÃ¯ve?", "It is UTF-8 that was read as Latin-1."),
        ("How does é look if UTF-8 is read as Latin-1?", "It looks like Ã©."),
        ("My text is garbled: LÃ¼beck", "Lübeck"),
        ("Why are there strange characters in 'Â£5'?", "The page names no charset."),
        ("How is ï encoded as UTF-8?", "As C3 AF, which CP1252 shows as Ã¯."),
    ],
)
def test_mojibake_that_is_the_subject_stays(instruction, output):
    record = Record(id="a:1", instruction=instruction, output=output)
    assert Normalise().apply(record) is record


@pytest.mark.parametrize(
    "instruction",
    ["Summarise: he is naÃ¯ve.", "Encode the categories of the cafÃ©.", "Decode the riddle: LÃ¼"],
)
def test_mojibake_that_is_no_subject_is_repaired(instruction):
    record = Record(id="a:1", instruction=instruction, output="It’s a cafÃ©.")
    edited = Normalise().apply(record)
    assert "Ã" not in edited.instruction
    assert edited.output == "It’s a café."


def test_mojibake_can_be_left():
    assert Normalise(mojibake=False).normalise("cafÃ©") == "cafÃ©"


_KINDS = "ÃÂâ€™œžŸéèüßñ“”‘’«»£€¢½²±×÷║▒¶§ªº¦"
_ALPHABET = [
    *_KINDS,
    *"ВГРСўЂвЂΒΓβαжabAB .,\n",
    "\x80",
    "\x9d",
    "\xa0",
    "Ã©",
    "â€œ",
    "中",
    "ab " * 30,
]


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(_ALPHABET), max_size=8).map("".join))
def test_no_mojibake_that_ftfy_sees_in_the_whole_text_is_missed(text):
    from ftfy.badness import is_bad

    assert _is_bad(text) or not is_bad(text)
