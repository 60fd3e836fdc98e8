"""Measure report.html: its bytes, how soon a browser has it, what stands in the console.

    python benchmarks/report_page.py DIR [--shots FOLDER]

DIR is a dataset directory; its page is written anew, in this process, for the CPU time of it. With
--shots, light.png, dark.png and phone.png are put into FOLDER, the dark one from the lengths on: as
PNG with few colours, if Pillow is installed. Needs a Chromium or Chrome on the PATH.
"""

import argparse
import io
import json
import resource
import statistics
import time
from pathlib import Path

from browser import Browser, find_chromium, open_browser

from curate.dataset import read_manifest
from curate.reporting.report import rebuild_report

ROUNDS = 5
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
SEARCH = """(() => {
  const box = document.getElementById("words"), start = performance.now();
  if (!box) return null;
  box.value = "the";
  box.dispatchEvent(new Event("input"));
  document.getElementById("list").getBoundingClientRect();
  return performance.now() - start;
})()"""
SHOTS = (("light", 1000, False, ""), ("dark", 1000, True, "lengths"), ("phone", 390, False, ""))
"""Name, width, whether dark, and the heading that it begins at, if not at the top."""
HEIGHT = 1400
TOP = "document.getElementById('{}').getBoundingClientRect().top + scrollY - 16"


def written(directory: Path) -> dict[str, object]:
    """Return what it takes to write the page."""
    start = time.process_time()
    rebuild_report(directory)
    return {
        "rows": read_manifest(directory)["counts"]["read"],
        "cpu_seconds": round(time.process_time() - start, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "bytes": (directory / "report.html").stat().st_size,
    }


def shown(browser: Browser, page: Path) -> dict[str, object]:
    """Return how a browser does with the page."""
    times, searches, said = [], [], []
    for _ in range(ROUNDS):
        browser.show(page)
        times.append(browser.value(LOADED))
        said += browser.complaints()
        searches.append(browser.value(SEARCH))
    return {
        "load_ms": round(statistics.median(times)),
        "search_ms": round(statistics.median(searches)) if None not in searches else None,
        "elements": browser.value("document.querySelectorAll('*').length"),
        "console": said,
    }


def small(png: bytes) -> bytes:
    """Return the picture with 128 colours, where Pillow is there to do that."""
    try:
        from PIL import Image
    except ImportError:
        return png
    out = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--shots", type=Path)
    options = parser.parse_args()
    path = find_chromium()
    if path is None:
        parser.exit(1, "no Chromium or Chrome on the PATH\n")
    figures = written(options.directory)
    page = options.directory / "report.html"
    with open_browser(path) as browser:
        print(json.dumps({**figures, **shown(browser, page)}, indent=2))
        for name, width, dark, heading in SHOTS if options.shots else ():
            browser.show(page, width=width, dark=dark)
            top = round(browser.value(TOP.format(heading))) if heading else 0
            (options.shots / f"{name}.png").write_bytes(small(browser.picture(HEIGHT, top)))


if __name__ == "__main__":
    main()
