import io

from curate.prompts.encode import Encoder
from curate.prompts.preview import renderings, show, tokens_view
from curate.prompts.templates import Template

WORDS = Template("words", "{{ instruction }}{% generation %}{{ output }}{% endgeneration %}", "x")


def boxes(tokenizer, record):
    out = io.StringIO()
    show(renderings([Encoder(WORDS, tokenizer)], [record]), tokens_view, out)
    return out.getvalue().splitlines()


def test_every_token_has_a_box_with_text_id_and_label(chars, record):
    assert boxes(chars, record("Q ", "é")) == [
        f"r · {WORDS.identity} · 3 prompt + 2 loss = 5 tokens",
        "      ┌────┐┌────┐┌────┐┏━━━┓┏━━━━┓",
        "text  │<s> ││Q   ││␣   │┃é  ┃┃</s>┃",
        "id    │1   ││81  ││32  │┃233┃┃2   ┃",
        "label │-100││-100││-100│┃233┃┃2   ┃",
        "      └────┘└────┘└────┘┗━━━┛┗━━━━┛",
        "",
        "␣ space",
    ]


def test_tokens_of_one_character_share_a_box(gpt2, record):
    _, _, text, ids, labels, *_ = boxes(gpt2, record("", "日"))
    sizes = [len(line.split("┃")[1].split()) for line in (text, ids, labels)]
    assert text.startswith("text  ┃日 ")
    assert sizes == [1, 3, 3]


def test_wide_characters_and_accents_leave_the_sides_straight(chars, record):
    _, top, text, *_ = boxes(chars, record("日\u0301", "x"))
    assert "│日   ││◌\u0301   │" in text
    assert top == "      ┌────┐┌─────┐┌────┐┏━━━┓┏━━━━┓"


def test_a_line_of_the_text_begins_a_row_and_a_row_fits(chars, record):
    rows = [line for line in boxes(chars, record("a\n\nb" + "c" * 40, "x")) if line[:4] == "text"]
    assert rows[0] == "text  │<s> ││a   ││␊   ││␊   │"
    assert rows[1].startswith("text  │b   ││c   │")
    assert all(len(row) <= 120 for row in rows)
    assert len(rows) == 4
