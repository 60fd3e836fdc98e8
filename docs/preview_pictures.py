"""Draw docs/preview.svg, what `curate preview` prints, and docs/preview.png, its page.

Usage: python docs/preview_pictures.py

The page needs a Chromium or Chrome on the PATH, and Pillow to be small.
"""

import io
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from picture import FORMAT
from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).parent
sys.path.append(str(DOCS.parent / "benchmarks"))

COMMANDS = (
    "curate preview data/sample/facts.json --id facts:2 -t qa -m tiny --tokens",
    "curate preview data/sample/facts.json --id facts:2 --compare alpaca,chatml",
    "curate preview data/sample/facts.json --id facts:2 --diff alpaca,chatml",
)
PAGE = "curate preview data/sample/facts.json --id facts:2 -m tiny --html"


def output(command: str) -> str:
    """Return what a command prints on a terminal with colours."""
    arguments = [sys.executable, "-m", "curate", *shlex.split(command)[1:]]
    environment = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    done = subprocess.run(arguments, cwd=DOCS.parent, env=environment, capture_output=True,
                          text=True, check=True)  # fmt: skip
    return done.stdout


def terminal() -> str:
    """Return the picture of the commands as SVG."""
    console = Console(record=True, width=120, file=io.StringIO(), force_terminal=True)
    for command in COMMANDS:
        console.print(Text(f"$ {command}\n"))
        console.print(Text.from_ansi(output(command).rstrip() + "\n"))
    return console.export_svg(title="curate preview", code_format=FORMAT, unique_id="preview")


def page() -> bytes:
    """Return the picture of the page: its tokens, one of them in focus."""
    from browser import find_chromium, open_browser
    from report_page import small

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "preview.html")
        output(f"{PAGE} {path}")
        with open_browser(find_chromium() or sys.exit("no Chromium or Chrome on the PATH")) as one:
            one.show(path, width=900)
            one.value("document.getElementById('as-tokens').click()")
            one.value("document.querySelector('[tabindex]').focus()")
            for key, code in (("End", 35), ("ArrowLeft", 37)):
                one.call("Input.dispatchKeyEvent", type="keyDown", key=key,
                         windowsVirtualKeyCode=code)  # fmt: skip
            height = one.value("document.querySelector('main').getBoundingClientRect().height")
            return small(one.picture(int(height)))


if __name__ == "__main__":
    (DOCS / "preview.svg").write_text(terminal(), encoding="utf-8")
    (DOCS / "preview.png").write_bytes(page())
