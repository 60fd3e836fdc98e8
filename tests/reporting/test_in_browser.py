"""The page as a browser shows it; skipped where there is none."""

import json

import pytest

from curate.cleaning import clean
from curate.sources import resolve
from curate.steps import STEPS, select_steps

KEY = "window.hit"


@pytest.fixture(scope="module")
def report(tmp_path_factory, hostile):
    """Return the page of hostile records; five are dropped: the 2nd to 6th line."""
    folder = tmp_path_factory.mktemp("report")
    lines = [
        {"instruction": f"Write {hostile}", "input": hostile, "output": hostile},
        {"instruction": f"Write {hostile}", "input": hostile, "output": hostile},
        {"instruction": f"Name a {hostile}", "input": "", "output": "1 MB: " + "x<&> " * 200_000},
        {"instruction": f"Name a {hostile}", "input": "", "output": ""},
        {"instruction": hostile, "input": "", "output": [hostile]},
        {"instruction": "Name the pelican.", "input": "", "output": "  "},
        {"instruction": "Which day?", "input": "", "output": f"Friday {hostile}"},
        {"instruction": "Which day?", "input": "", "output": f"Sunday, of course {hostile}"},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)  # escapes what is no ASCII
    text += '{"instruction": "Half a pair \\ud800", "input": "", "output": "Yes."}\n'
    text += f"not JSON {hostile}".replace("\n", " ") + "\n"
    path = folder / "<script>window.hit = 3<!--.jsonl"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        path = folder / "plain.jsonl"
        path.write_text(text, encoding="utf-8")
    clean(resolve([str(path)]), select_steps(STEPS), folder / "out")
    return folder / "out" / "report.html"


def test_hostile_records_are_shown_as_text_and_the_console_is_clean(browser, report):
    for dark in (False, True):
        browser.show(report, dark=dark)
        assert browser.complaints() == []
        assert browser.value(f"typeof {KEY}") == "undefined"
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    shown = browser.value("document.querySelector('main').innerText")
    for part in ("<script>window.hit = 1</script>", "</textarea>", "]]><!--", "{{ 7 * 7 }}",
                 "\\u202eabc", "\\u001b[31m", "👩\u200d👧"):  # fmt: skip
        assert part in shown, part
    assert "half of a surrogate pair" in shown
    assert not set("\x00\x1b\u202e\u2067") & set(shown)
    assert browser.value("document.images.length") == 0
    assert browser.value("document.scripts.length") == 1
    assert report.stat().st_size < 200_000


def test_the_search_finds_what_has_all_words(browser, report):
    browser.show(report)
    state = "[document.getElementById('search').hidden, document.getElementById('list').open]"
    assert browser.value(state) == [False, False]
    assert _search(browser, "PELICAN  name") == ["1 of 5", 1]
    assert browser.value(state) == [False, True]
    assert _search(browser, "empty output") == ["2 of 5", 2]
    assert _search(browser, "walrus") == ["0 of 5", 0]
    assert _search(browser, "</textarea>") == ["4 of 5", 4]
    assert _search(browser, "") == ["", 5]
    assert browser.complaints() == []


def _search(browser, words):
    """Type words, and return what is said and how many lines are there to be seen."""
    browser.value(f"(box => {{ box.value = {words!r}; box.dispatchEvent(new Event('input')); }})"
                  "(document.getElementById('words'))")  # fmt: skip
    lines = "[...document.querySelectorAll('#list li')].filter(one => !one.hidden).length"
    return browser.value(f"[document.getElementById('found').textContent, {lines}]")


def test_without_scripts_the_list_is_there(browser, report):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.show(report)
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.value("getComputedStyle(document.getElementById('search')).display") == "none"
    assert browser.value("document.querySelectorAll('#list li').length") == 5


def test_the_keyboard_reaches_the_figures_first_and_sees_where_it_is(browser, report, press):
    browser.show(report)
    press("Tab")
    assert browser.value("document.activeElement.className") == "skip"
    assert browser.value("document.activeElement.getBoundingClientRect().left") >= 0
    press("Tab")
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    reached = "document.activeElement.tagName"
    seen = [(press("Tab"), browser.value(reached))[1] for _ in range(60)]
    assert {"A", "SUMMARY", "INPUT"} <= set(seen)


@pytest.mark.parametrize("width", [360, 390, 1100])
def test_nothing_stands_out_at_the_side(browser, report, width):
    browser.show(report, width=width)
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True])
def test_texts_can_be_read_in_light_and_dark(browser, report, dark, contrast):
    """Every colour of a text stands out from the page: 4.5 to 1, as WCAG 2.2 AA has it."""
    browser.show(report, dark=dark)
    assert browser.value(contrast) == []
