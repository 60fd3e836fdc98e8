import io
import json

import pytest

from curate.prompts.encode import Encoder, EncodeSettings, OverLength, digest
from curate.prompts.preview import preview_rows, show, visible


def shown(encoder, records):
    out = io.StringIO()
    show(encoder, records, out)
    return out.getvalue()


def test_rows_with_a_model(chars, qa, record):
    encoder = Encoder(qa, chars)
    row, last = preview_rows(encoder, [record()])
    ids = [1, *map(ord, "Q: Q\nA: A"), 2]
    assert list(row.items()) == [
        ("id", "r"),
        ("template", qa.identity),
        ("prompt", "Q: Q\nA: "),
        ("completion", "A"),
        ("input_ids", ids),
        ("labels", [-100] * 9 + [65, 2]),
        ("loss_tokens", 2),
        ("truncated", False),
    ]
    assert last == {"digest": digest([encoder.encode(record())]), "records": 1}
    assert json.loads(json.dumps(row)) == row


def test_rows_without_a_model_have_texts_alone(qa, record):
    row, last = preview_rows(Encoder(qa), [record()])
    assert list(row) == ["id", "template", "prompt", "completion"]
    assert last["records"] == 1
    assert last["digest"] != [*preview_rows(Encoder(qa), [record("other")])][-1]["digest"]


def test_the_digest_covers_the_records_that_are_not_shown(chars, qa, record):
    records = [record(), record("two"), record("three")]
    rows = list(preview_rows(Encoder(qa, chars), records, limit=1))
    assert len(rows) == 2
    assert rows[-1] == list(preview_rows(Encoder(qa, chars), records))[-1]


def test_a_record_too_long_says_so(chars, qa, record):
    records = [record(), record("long" * 9)]
    encoder = Encoder(qa, chars, EncodeSettings(max_length=20))
    _, row, last = preview_rows(encoder, records)
    assert row == {
        "id": "r", "template": qa.identity, "dropped": "over_length", "tokens": 46,
        "max_length": 20,
    }  # fmt: skip
    assert (last["records"], last["dropped"]) == (1, 1)
    assert "dropped: over_length (46 tokens, max_length 20)" in shown(encoder, records)
    strict = Encoder(qa, chars, EncodeSettings(max_length=20, over_length="error"))
    with pytest.raises(OverLength):
        list(preview_rows(strict, records))


def test_show_marks_the_loss_part_and_counts_tokens(chars, qa, record):
    text = shown(Encoder(qa, chars), [record("[bold]x[/bold]")])
    assert text == (
        f"r · {qa.identity} · 22 prompt + 2 loss = 24 tokens\n<s>Q: [bold]x[/bold]\nA: ⟦A</s>⟧\n\n"
    )
    truncating = EncodeSettings(max_length=12, over_length="truncate")
    text = shown(Encoder(qa, chars, truncating), [record(context="long")])
    assert "12 tokens · truncated\n<s>Q: Ql\nA: ⟦A</s>⟧" in text


def test_show_without_a_model(qa, record):
    assert shown(Encoder(qa), [record()]) == f"r · {qa.identity}\nQ: Q\nA: ⟦A⟧\n\n"


def test_nothing_in_the_data_controls_a_terminal(qa, record):
    text = shown(Encoder(qa), [record("\x1b[31m\a\r\x9b\u202e⟦", "\x00\t\u200b")])
    assert "Q: ␛[31m␇␍\\x9b\\u202e\\u27e6\nA: ⟦␀␉\\u200b⟧" in text
    assert {char for char in text if not char.isprintable()} == {"\n"}


def test_long_lines_are_not_broken(qa, record):
    assert "x" * 500 in shown(Encoder(qa), [record("x" * 500)])


def test_colours_stand_in_a_terminal_only(qa, record, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[1;32m⟦A⟧" in shown(Encoder(qa), [record()])


def test_visible_leaves_letters_of_all_scripts():
    assert visible("naïve 日本語 हिन्दी עברית 🙂\n") == "naïve 日本語 हिन्दी עברית 🙂\n"
