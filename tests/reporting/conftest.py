import importlib.util
from html.parser import HTMLParser
from pathlib import Path

import pytest

from curate.inspecting import inspect
from curate.sources import resolve


@pytest.fixture
def look():
    """Return a function that inspects a file and gives the report."""
    return lambda path, **options: inspect(resolve([str(path)]), **options)


VOID = {"meta", "img", "br", "rect", "input"}


class Outline(HTMLParser):
    """Collects tags and attributes, and what is closed out of turn."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open, self.faults = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID and self.open.pop() != tag:
            self.faults.append(tag)


@pytest.fixture
def outline_of():
    """Return a function that gives the outline of a page, after looking at how it is nested."""

    def outline(text):
        found = Outline()
        found.feed(text)
        assert (found.open, found.faults) == ([], [])
        return found

    return outline


BROWSER = Path(__file__).parents[2] / "benchmarks" / "browser.py"


@pytest.fixture(scope="session")
def browser():
    """Return a page of a headless browser."""
    spec = importlib.util.spec_from_file_location("browser", BROWSER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not (path := module.find_chromium()):
        pytest.skip("needs a Chromium or Chrome on the PATH")
    with module.open_browser(path) as opened:
        yield opened


@pytest.fixture
def press(browser):
    """Return a function that presses a key."""
    codes = {"Tab": 9, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}

    def press_key(key):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                         windowsVirtualKeyCode=codes[key])  # fmt: skip

    return press_key


HOSTILE = (
    "</textarea></script></title><script>window.hit = 1</script><img src=x "
    "onerror='window.hit = 2'>]]><!-- {{ 7 * 7 }} {% raw %} \u202eabc\u202c \u2067x\u2069 "
    "👩\u200d👧 \x00 \x1b[31m &amp; "
)


@pytest.fixture(scope="session")
def hostile():
    """Return a text that would run, if a page did not escape it."""
    return HOSTILE


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


@pytest.fixture
def contrast():
    """Return a script that gives what stands out too little: WCAG 2.2 AA asks for 4.5 to 1."""
    return CONTRAST
