"""Tokens and parts of an example, for any text and for tokenizers of each kind."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings, Example
from curate.prompts.preview import Piece, parts, pieces
from curate.prompts.templates import Template, find_template
from curate.records import Record

KINDS = ["tiny", "gpt2", "llama"]
SCRIPTS = ["Où ça?", "איזה כוכב", "मंगल ग्रह", "简短回答", "한국어", "👨\u200d👩\u200d👧", "e\u0301"]
CONTROL = ["\0", "\x1b[31m", "\u200b", "\u202e", "\r\n", "\t", "\ufeff", "\ufffd", "\xa0", "⟦"]
SPECIAL = ["<s>", "</s>", "<|endoftext|>", "<|user|>", "</", "s>"]
# ▁ is what a SentencePiece tokenizer writes for a blank: it cannot tell the two apart.
CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="▁")
TEXTS = st.lists(
    st.one_of(st.sampled_from([*SCRIPTS, *CONTROL, *SPECIAL, " ", "\n", "the cat"]),
              st.text(CHARACTERS, max_size=5)),
    max_size=5,
).map("".join)  # fmt: skip
BARE = Template("bare", "{{ instruction }}{% generation %}{{ output }}{% endgeneration %}", "x")


def encoder(tokenizer, template=BARE, **values):
    return Encoder(template, tokenizer, EncodeSettings(max_length=100_000, **values))


@pytest.mark.parametrize("kind", KINDS)
def test_the_texts_of_tokens_joined_are_the_decoded_text(request, kind):
    tokenizer = request.getfixturevalue(kind)

    @given(TEXTS, TEXTS, st.sampled_from(["completion", "all"]))
    @example("\ufffd", "\ufffd\ufffd", "completion")
    @example("🙂", "🙂", "all")
    def proved(instruction, output, loss):
        record = Record("r", instruction, output=output)
        made = encoder(tokenizer, loss=loss).encode(record)
        found = list(pieces(made, tokenizer))
        whole = tokenizer.decode(made.input_ids, skip_special_tokens=False)
        assert "".join(piece.text for piece in found) == whole
        assert [id_ for piece in found for id_ in piece.ids] == made.input_ids
        assert [label for piece in found for label in piece.labels] == made.labels
        assert ("\ufffd" in whole) == ("\ufffd" in instruction + output)
        shown = list(parts(made, tokenizer))
        assert "".join(part.text for part in shown) == whole

    proved()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_marked_is_the_output_and_eos(request, kind):
    tokenizer = request.getfixturevalue(kind)
    eos = tokenizer.eos_token

    @given(TEXTS, TEXTS)
    def proved(instruction, output):
        record = Record("r", instruction, output=output)
        made = encoder(tokenizer, find_template("alpaca")).encode(record)
        before, loss = parts(made, tokenizer)
        assert loss.takes_loss
        assert not before.takes_loss
        assert loss.text == output + eos
        assert before.text.endswith("### Response:")
        _, loss = parts(encoder(None).encode(record), None)
        assert loss == (output, True)

    proved()


def test_a_character_of_several_tokens_is_one_piece(gpt2):
    made = encoder(gpt2).encode(Record("r", "a👍b", output="é"))
    a, thumb, b, answer, eos = pieces(made, gpt2)
    assert (a.text, len(a.ids)) == ("a", 1)
    assert (thumb.text, len(thumb.ids), thumb.labels) == ("👍", 4, [IGNORE_INDEX] * 4)
    assert (b.text, len(b.ids)) == ("b", 1)
    assert (answer.text, len(answer.ids), answer.labels) == ("é", 2, answer.ids)
    assert eos == Piece("<|endoftext|>", [0], [0])
    assert [piece.takes_loss for piece in (thumb, answer)] == [False, True]


def test_the_sign_of_broken_bytes_in_the_data_is_one_character(gpt2):
    made = encoder(gpt2).encode(Record("r", "a\ufffdb", output="x"))
    assert [(piece.text, len(piece.ids)) for piece in pieces(made, gpt2)][:3] == [
        ("a", 1), ("\ufffd", 3), ("b", 1)
    ]  # fmt: skip


def test_a_character_that_takes_loss_in_part_stands_with_the_loss(gpt2):
    made = encoder(gpt2, loss="all").encode(Record("r", "👍", output="b"))
    assert [label == IGNORE_INDEX for label in made.labels] == [True] + [False] * 5
    thumb, *_ = pieces(made, gpt2)
    assert (thumb.text, thumb.takes_loss) == ("👍", True)
    assert list(parts(made, gpt2)) == [("", False), ("👍b<|endoftext|>", True)]


def test_a_blank_at_the_start_of_the_answer_is_not_lost(llama):
    made = encoder(llama).encode(Record("r", "x", output=" the cat"))
    assert [*parts(made, llama)][1] == (" the cat</s>", True)
    texts = [piece.text for piece in pieces(made, llama)]
    assert texts[texts.index(" the") :] == [" the", " ", "c", "a", "t", "</s>"]


def test_a_tokenizer_whose_texts_do_not_add_up_is_shown_whole():
    class Odd:
        def decode(self, ids, *, skip_special_tokens):
            return "ab"[: len(ids)] if len(ids) < 3 else "xyz"

    made = Example("r", "", "", [7, 8, 9], [IGNORE_INDEX, 8, 9])
    assert [*pieces(made, Odd())] == [("xyz", [7, 8, 9], [IGNORE_INDEX, 8, 9])]
