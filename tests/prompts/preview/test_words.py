import io
import time

from curate.prompts.encode import Encoder
from curate.prompts.preview import changes, diff_view, renderings, show
from curate.prompts.templates import Template, find_template

END = "{% generation %}{{ output }}{% endgeneration %}"
ONE = Template("one", "Q: {{ instruction }}\nA: " + END, "one.jinja")
OTHER = Template("other", "Question: {{ instruction }} A: " + END + "!", "other.jinja")


def differing(record, one=ONE, other=OTHER, tokenizer=None):
    encoders = [Encoder(each, tokenizer) for each in (one, other)]
    return [*changes(*next(renderings(encoders, [record])))]


def test_words_are_of_one_of_the_other_or_of_both(record):
    assert differing(record("Which? Why?")) == [
        ("Q", "one"),
        ("Question", "other"),
        (": Which? Why?", "both"),
        ("␊\n", "one"),
        ("␣", "other"),
        ("A: ⟦A⟧", "both"),
    ]


def test_the_diff_has_signs_a_head_and_a_legend(record):
    out = io.StringIO()
    encoders = [Encoder(ONE), Encoder(OTHER)]
    show(renderings(encoders, [record("Why\t?")]), diff_view, out)
    assert out.getvalue() == (
        f"r\n[-{ONE.identity}-]\n{{+{OTHER.identity}+}}\n"
        "[-Q-]{+Question+}: Why␉?[-␊\n-]{+␣+}A: ⟦A⟧\n\n"
        "␉ tab · ␊ line feed · ␣ space\n"
    )


def test_where_loss_begins_is_part_of_the_difference(record):
    late = Template(
        "late", "Q: {{ instruction }}\n{% generation %}A: {{ output }}{% endgeneration %}"
    )
    assert differing(record(), ONE, late) == [
        ("Q: Q\n", "both"),
        ("⟦", "other"),
        ("A: ", "both"),
        ("⟦", "one"),
        ("A⟧", "both"),
    ]


def test_tokens_of_a_model_are_words_too(marks, record):
    chat = Template("chat", "<|im_start|>{{ instruction }}<|im_end|>" + END, "chat.jinja")
    plain = Template("plain", "{{ instruction }} " + END, "plain.jinja")
    assert [c.text for c in differing(record("Hi"), plain, chat, marks) if c.of == "other"] == [
        "<|im_start|>",
        "<|im_end|>",
    ]


def test_a_mark_of_a_template_is_one_word(record):
    one, other = (Template(m, f"<|{m}|>" + END, f"{m}.jinja") for m in ("user", "human"))
    assert differing(record(), one, other) == [
        ("<|user|>", "one"),
        ("<|human|>", "other"),
        ("⟦A⟧", "both"),
    ]


def test_a_long_field_is_in_both(record):
    long = " ".join(["ab cd"] * 300)  # words that come so often are no landmarks
    found = differing(record(context=long), find_template("alpaca"), find_template("chatml"))
    assert [change.of for change in found if long in change.text] == ["both"]
    assert sum(change.text.count("cd") for change in found) == 300


def test_a_megabyte_takes_no_time(record):
    start = time.perf_counter()
    found = differing(record("! " * 500_000, "x " * 100, context="a (b) [c] * " * 9))
    assert time.perf_counter() - start < 5
    assert [change.of for change in found[:2]] == ["one", "other"]
    assert ": " + "! " * 499_999 in found[2].text
    assert sum(len(change.text) for change in found) < 1_001_000
