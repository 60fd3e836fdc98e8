"""The page of `curate preview`; in a browser where there is one."""

import json
import re

import pytest
from click.testing import CliRunner

from curate.cli import main

TWO = [
    {"instruction": "Say hé.", "input": "", "output": "👍 ok"},
    {"instruction": "Name a day.", "input": "", "output": "Friday."},
]


@pytest.fixture
def made(tmp_path, write_rows):
    """Return a function that writes the page of rows and gives its path."""

    def make(rows, *options):
        source = write_rows(tmp_path / "in.jsonl", rows)
        page = tmp_path / "page.html"
        arguments = ["preview", str(source), "--html", str(page), *options]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        return page, done

    return make


def test_the_page_says_what_it_shows(made, outline_of):
    page, done = made(TWO, "-m", "tiny")
    assert done.stderr == f"written: {page}\n"
    assert re.fullmatch(r"2 records, \d+ tokens, \d+ of them take loss\n", done.stdout)
    outline = outline_of(page.read_text())
    assert ("id", "as-tokens") in outline.attributes
    text = page.read_text()
    assert '<h2 id="record-1">in:1</h2>' in text
    assert re.search(r"alpaca@\w{16} · \d+ prompt \+ \d+ loss = \d+ tokens", text)
    assert "<script>" in text
    assert not re.search(r"https?://|src=|url\(|@import", text)


def test_a_token_has_its_ids_labels_and_place(made):
    text = made(TWO, "-m", "tiny", "-n", "1")[0].read_text()
    ids = [*map(int, re.findall(r'data-ids="([\d ]+)"', text)[0].split())]
    assert ids == [1]
    token = re.search(r'<mark><b>⟦</b>(<span class="t".*?</span>)', text)[1]
    shown = re.fullmatch(
        r'<span class="t" data-shown="👍" data-at="(\d+)–(\d+)" data-ids="([\d ]+)" '
        r'data-labels="([\d ]+)">👍</span>', token
    )  # fmt: skip
    assert shown[3] == shown[4]
    before = re.findall(r'data-ids="([\d ]+)"', text.split("<mark>")[0])
    assert int(shown[1]) == len(" ".join(before).split()) + 1
    assert len(shown[3].split()) == int(shown[2]) - int(shown[1]) + 1 == 4
    assert 'data-shown="␊" ' in text
    assert 'data-labels="-100"' in text
    assert "</s></span><b>⟧</b></mark>" in text.replace("&lt;/s&gt;", "</s>")


def test_without_a_tokenizer_there_are_text_and_mask(made):
    text = made(TWO)[0].read_text()
    assert re.findall(r'id="as-(\w+)"', text) == ["text", "mask"]
    assert "### Response:</span><mark><b>⟦</b>👍 ok<b>⟧</b></mark>" in text
    assert 'class="t"' not in text
    assert 'id="told"' not in text


def test_the_tokens_come_first_where_they_are_asked_for(made):
    checked = r'id="as-(\w+)" checked'
    assert re.findall(checked, made(TWO, "-m", "tiny", "--tokens")[0].read_text()) == ["tokens"]
    assert re.findall(checked, made(TWO, "-m", "tiny")[0].read_text()) == ["text"]


def test_templates_are_compared_and_their_difference_shown(made, outline_of):
    text = made(TWO, "--compare", "alpaca,qa")[0].read_text()
    assert text.count('<div class="beside">') == text.count("@12aa7bd57445cd78") == 2
    text = made(TWO, "--diff", "alpaca,chatml")[0].read_text()
    outline_of(text)
    assert "<del>[-### Response:-]</del>⟦👍 ok<ins>{+&lt;|im_end|&gt;+}</ins>⟧" in text
    assert 'name="view"' not in text


def test_too_long_is_said_and_nothing_shown(made):
    text = made(TWO, "-m", "tiny", "--max-length", "5")[0].read_text()
    assert text.count("dropped: over_length (") == 2
    assert 'class="flow' not in text


def test_a_page_is_written_over_a_page_and_nothing_else(made, tmp_path, write_rows):
    first, _ = made(TWO)
    before = first.read_bytes()
    assert made(TWO)[0].read_bytes() == before
    source = tmp_path / "in.jsonl"
    (tmp_path / "mine.html").write_text("<p>mine")
    (tmp_path / "folder").mkdir()
    for name, told in {
        "mine.html": "is there already and is not ours",
        "folder": "is no file",
        "in.jsonl": "is the source",
        "no/page.html": "there is no folder",
    }.items():
        arguments = ["preview", str(source), "--html", str(tmp_path / name)]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 2
        assert told in done.stderr
        assert not done.stdout
    assert (tmp_path / "mine.html").read_text() == "<p>mine"
    done = CliRunner().invoke(main, ["preview", str(source), "--id", "x", "--html", str(first)])
    assert done.exit_code == 1
    assert first.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "folder", "in.jsonl", "mine.html", "page.html"
    ]  # fmt: skip


@pytest.fixture
def shown(made, browser):
    """Return a function that shows the page of rows."""

    def show(rows, *options, **window):
        browser.show(made(rows, *options)[0], **window)
        return browser

    return show


def view(browser, name):
    browser.value(f"document.getElementById('as-{name}').click()")


@pytest.mark.parametrize("options", ["-m tiny", "", "--diff alpaca,chatml", "--compare alpaca,qa"])
def test_hostile_records_are_text_and_the_console_is_clean(shown, hostile, options):
    rows = [
        {"instruction": hostile, "input": hostile, "output": hostile},
        {"instruction": "שלום \u202e", "input": "", "output": "👩\u200d👧 \u2067 e\u0301 🏳️‍🌈"},
    ]
    if "-m" not in options:
        rows.append({"instruction": "1 MB", "input": "", "output": "x<&> " * 200_000})
    for dark in (False, True):
        browser = shown(rows, *options.split(), dark=dark)
        assert browser.complaints() == []
        assert browser.value("typeof window.hit") == "undefined"
    text = browser.value("document.querySelector('main').textContent")
    for part in ("<script>window.hit = 1</script>", "</textarea>", "]]><!--", "{{ 7 * 7 }}",
                 "\\u202eabc", "␛[31m", "␀", "שלום"):  # fmt: skip
        assert part in text, part
    assert not set("\x00\x1b\u202e\u2067\ufffd") & set(text)
    assert browser.value("[document.images.length, document.scripts.length]") == [0, 1]


def test_the_switch_shows_text_tokens_and_mask(shown):
    browser = shown(TWO, "-m", "tiny")
    look = ("(([one]) => [getComputedStyle(one).display, "
            "getComputedStyle(one, '::after').content])"
            "(document.querySelectorAll('mark .t'))")  # fmt: skip
    ids = browser.value("document.querySelector('mark .t').dataset.ids")
    assert browser.value(look) == ["inline", "none"]
    view(browser, "tokens")
    display, content = browser.value(look)
    assert (display, content) == ("inline-block", "attr(data-ids)") or content == f'"{ids}"'
    view(browser, "mask")
    prompt = look.replace("mark .t", ".prompt .t")
    assert browser.value(prompt)[1] in ('"-100"', "attr(data-labels)")
    view(browser, "text")
    assert browser.value(look) == ["inline", "none"]


def test_the_keyboard_goes_from_view_to_token_to_token(shown, press):
    browser = shown(TWO, "-m", "tiny")
    press("Tab")
    assert browser.value("document.activeElement.id") == "as-text"
    press("ArrowRight")
    assert browser.value("document.querySelector(':checked').id") == "as-tokens"
    press("Tab")
    told = "document.getElementById('told').textContent"
    assert browser.value(told) == "token 1: <s> · id 1 · label -100 · takes no loss"
    for key, shown_there in {"ArrowRight": "Below", "End": "</s>", "Home": "<s>"}.items():
        press(key)
        assert browser.value("document.activeElement.dataset.shown") == shown_there
        if key == "End":
            assert browser.value(told).endswith(": </s> · id 2 · label 2 · takes loss")
    press("ArrowLeft")
    assert browser.value("document.activeElement.dataset.shown") == "<s>"
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_the_pointer_tells_ids_and_label(shown):
    browser = shown(TWO, "-m", "tiny")
    browser.value(
        "document.querySelector('mark .t').dispatchEvent(new Event('mouseover', {bubbles: true}))"
    )
    told = browser.value("document.getElementById('told').textContent")
    assert re.fullmatch(r"token \d+–\d+: 👍 · id ([\d ]+) · label \1 · takes loss", told)


def test_without_scripts_the_switch_works(shown, made):
    browser = shown(TWO, "-m", "tiny")
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.show(made(TWO, "-m", "tiny", "--tokens")[0])
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.value("getComputedStyle(document.querySelector('.t')).display") == "inline-block"
    assert browser.value("getComputedStyle(document.getElementById('told')).display") == "none"


@pytest.mark.parametrize("width", [320, 1100])
@pytest.mark.parametrize("options", ["-m tiny", "--diff alpaca,qa", "-m tiny --compare alpaca,qa"])
def test_nothing_stands_out_at_the_side(shown, options, width):
    rows = [{"instruction": "x" * 300, "input": "", "output": "日" * 200}]
    browser = shown(rows, *options.split(), width=width)
    wide = (
        "[...document.querySelectorAll('html, .flow')].filter((e) => e.scrollWidth > e.clientWidth)"
    )
    assert browser.value(f"{wide}.length") == 0
    for name in ("tokens", "mask") if "-m" in options else ():
        view(browser, name)
        assert browser.value(f"{wide}.length") == 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("options", ["-m tiny", "--diff alpaca,qa"])
def test_texts_can_be_read_in_light_and_dark(shown, options, dark, contrast):
    browser = shown(TWO, *options.split(), dark=dark)
    assert browser.value(contrast) == []
    for name in ("tokens", "mask") if "-m" in options else ():
        view(browser, name)
        assert browser.value(contrast) == []


def test_the_ids_of_the_page_are_those_of_the_json(made, tmp_path):
    text = made(TWO, "-m", "tiny", "-n", "1")[0].read_text()
    source = str(tmp_path / "in.jsonl")
    done = CliRunner().invoke(main, ["preview", source, "-m", "tiny", "-n", "1", "--json"])
    row = json.loads(done.stdout.splitlines()[0])
    for name, key in (("ids", "input_ids"), ("labels", "labels")):
        found = " ".join(re.findall(rf'data-{name}="([-\d ]+)"', text))
        assert [*map(int, found.split())] == row[key]
