"""Draw docs/demo.svg from what `curate demo` left: the account, and answers before and after.

Usage: python docs/picture.py [DEMO_FOLDER]
"""

import contextlib
import io
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from curate.cli.clean import show_account
from curate.cli.demo import show_answers
from curate.dataset import read_manifest

# rich's own format, without the fonts that it would fetch from elsewhere
FORMAT = """\
<svg class="{unique_id}-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def draw(demo: Path) -> str:
    """Return the picture as SVG."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print("$ curate demo\n")
        show_account(read_manifest(demo / "clean"), demo / "clean")
        print()
        show_answers(demo / "run")
    console = Console(record=True, width=120, file=io.StringIO())
    console.print(Text(text.getvalue().rstrip() + "\n"))
    return console.export_svg(title="curate demo", code_format=FORMAT, unique_id="demo")


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    Path(__file__).with_name("demo.svg").write_text(draw(folder), encoding="utf-8")
