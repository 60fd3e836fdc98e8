import io
import re

from curate.prompts.encode import Encoder, EncodeSettings
from curate.prompts.preview import beside_view, renderings, show


def shown(encoder, records):
    out = io.StringIO()
    show(renderings([encoder], records), file=out)
    return out.getvalue()


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
    assert text.endswith(
        "\n\n␀ null · ␇ bell · ␉ tab · ␍ carriage return · ␛ escape · \\x9b control character · "
        "\\u200b zero width space · \\u202e right-to-left override · "
        "\\u27e6 mathematical left white square bracket\n"
    )
    assert {char for char in text if not char.isprintable()} == {"\n"}


def test_long_lines_are_not_broken(qa, record):
    assert "x" * 500 in shown(Encoder(qa), [record("x" * 500)])


def test_colours_stand_in_a_terminal_only(qa, record, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[1;32m⟦A⟧" in shown(Encoder(qa), [record()])


def test_a_legend_is_one_line_however_many_signs_there_are(qa, record):
    *_, last = shown(Encoder(qa), [record("".join(map(chr, range(0xE000, 0xE080))))]).splitlines()
    assert last.startswith("\\ue000 private character · ")
    assert last.endswith(" · and 112 more")


def test_a_record_too_long_says_so(chars, qa, record):
    text = shown(Encoder(qa, chars, EncodeSettings(max_length=20)), [record("long" * 9)])
    assert text == f"r · {qa.identity} · dropped: over_length (46 tokens, max_length 20)\n"


def test_an_id_is_one_line(qa, record):
    text = shown(Encoder(qa), [record().with_fields(id="a\nb\x1b")])
    assert text.startswith(f"a␊b␛ · {qa.identity}\n")


def beside(monkeypatch, columns, *arguments):
    """Return what a terminal of this width shows, side by side, without colours."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    show(renderings(*arguments), beside_view, out)
    return [re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in out.getvalue().splitlines()]


def test_renderings_stand_side_by_side_where_there_is_room(qa, record, template, monkeypatch):
    short = template("{{ instruction }}{% generation %}{{ output }}{% endgeneration %}")
    wide = beside(monkeypatch, 78, [Encoder(qa), Encoder(short)], [record("Why " * 12)])
    assert wide[0] == "r"
    assert wide[1].split("│")[0].strip() == qa.identity
    assert wide[3].startswith("Q: Why Why")
    assert "│ Why Why" in wide[3]
    assert all(len(line) <= 78 for line in wide)
    narrow = beside(monkeypatch, 77, [Encoder(qa), Encoder(short)], [record("Why " * 12)])
    assert narrow[0] == f"r · {qa.identity}"
    assert f"r · {short.identity}" in narrow


def test_in_a_pipe_renderings_stand_one_below_the_other(qa, record):
    out = io.StringIO()
    show(renderings([Encoder(qa)] * 2, [record()]), beside_view, out)
    assert out.getvalue() == f"r · {qa.identity}\nQ: Q\nA: ⟦A⟧\n\n" * 2
