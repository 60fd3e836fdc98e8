"""The page as a browser shows it; skipped where there is none."""

import importlib.util
import json
from pathlib import Path

import pytest

from curate.cleaning import clean
from curate.sources import resolve
from curate.steps import STEPS, select_steps

HERE = Path(__file__).parent
BROWSER = HERE.parents[1] / "benchmarks" / "browser.py"

HOSTILE = (
    "</textarea></script></title><script>window.hit = 1</script><img src=x "
    "onerror='window.hit = 2'>]]><!-- {{ 7 * 7 }} {% raw %} \u202eabc\u202c \u2067x\u2069 "
    "👩\u200d👧 \x00 \x1b[31m &amp; "
)
KEY = "window.hit"


@pytest.fixture(scope="module")
def browser():
    spec = importlib.util.spec_from_file_location("browser", BROWSER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not (path := module.find_chromium()):
        pytest.skip("needs a Chromium or Chrome on the PATH")
    with module.open_browser(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Return the page of hostile records; five are dropped: the 2nd to 6th line."""
    folder = tmp_path_factory.mktemp("report")
    lines = [
        {"instruction": f"Write {HOSTILE}", "input": HOSTILE, "output": HOSTILE},
        {"instruction": f"Write {HOSTILE}", "input": HOSTILE, "output": HOSTILE},
        {"instruction": f"Name a {HOSTILE}", "input": "", "output": "1 MB: " + "x<&> " * 200_000},
        {"instruction": f"Name a {HOSTILE}", "input": "", "output": ""},
        {"instruction": HOSTILE, "input": "", "output": [HOSTILE]},
        {"instruction": "Name the pelican.", "input": "", "output": "  "},
        {"instruction": "Which day?", "input": "", "output": f"Friday {HOSTILE}"},
        {"instruction": "Which day?", "input": "", "output": f"Sunday, of course {HOSTILE}"},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)  # escapes what is no ASCII
    text += '{"instruction": "Half a pair \\ud800", "input": "", "output": "Yes."}\n'
    text += f"not JSON {HOSTILE}".replace("\n", " ") + "\n"
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


def test_the_keyboard_reaches_the_figures_first_and_sees_where_it_is(browser, report):
    browser.show(report)
    _press(browser, "Tab")
    assert browser.value("document.activeElement.className") == "skip"
    assert browser.value("document.activeElement.getBoundingClientRect().left") >= 0
    _press(browser, "Tab")
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    reached = "document.activeElement.tagName"
    seen = [(_press(browser, "Tab"), browser.value(reached))[1] for _ in range(60)]
    assert {"A", "SUMMARY", "INPUT"} <= set(seen)


def _press(browser, key):
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                     windowsVirtualKeyCode={"Tab": 9}[key])  # fmt: skip


@pytest.mark.parametrize("width", [360, 390, 1100])
def test_nothing_stands_out_at_the_side(browser, report, width):
    browser.show(report, width=width)
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True])
def test_texts_can_be_read_in_light_and_dark(browser, report, dark):
    """Every colour of a text stands out from the page: 4.5 to 1, as WCAG 2.2 AA has it."""
    browser.show(report, dark=dark)
    assert browser.value(CONTRAST) == []


CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour, under) => {
    canvas.fillStyle = `rgb(${under})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = (c) => c.reduce((sum, v, n) => sum + linear(v / 255) * [.2126, .7152, .0722][n], 0);
  const style = (one) => getComputedStyle(one);
  const ground = (one) =>
    one ? rgb(style(one).backgroundColor, ground(one.parentElement)) : [255, 255, 255];
  const poor = new Set();
  for (const one of document.querySelectorAll("main *")) {
    if (![...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    if (one.closest(".sunburst") || one.tagName === "title") continue;
    const under = ground(one), colour = one.closest("svg") ? style(one).fill : style(one).color;
    const [a, b] = [light(rgb(colour, under)), light(under)].sort((x, y) => y - x);
    const name = `${one.tagName} ${one.className.baseVal ?? one.className} ${colour}`;
    if ((a + .05) / (b + .05) < 4.5) poor.add(name);
  }
  return [...poor];
})()"""
