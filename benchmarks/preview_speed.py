"""Measure `curate preview` on a large dataset directory, one choice and one view at a time.

    python benchmarks/preview_speed.py [FILE] [--rows 50000]

FILE holds rows of any layout; without one they are those of data/sample, again and again, each with
a number behind its instruction. The rows become a dataset directory, which is previewed in fresh
processes: medians of five rounds of wall seconds, start-up included. Whether torch was imported is
asked in one more process each. Prints the table of benchmarks/README.md.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from run import medians

from curate.cleaning import clean
from curate.records import Record
from curate.sources import Reader, resolve
from curate.steps import STEPS, select_steps

DATA = Path(__file__).parents[1] / "data"
TINY = DATA / "tiny"
LOADED = (
    "import sys\nfrom curate.cli import main\n"
    "try: main(sys.argv[1:])\n"
    "except SystemExit: print('torch' in sys.modules, file=sys.stderr)"
)


def write_rows(source: str, path: Path, rows: int) -> None:
    """Write so many rows, in rounds through the records of a source."""
    read = itertools.chain.from_iterable(map(Reader, resolve([source])))
    records = [item for item in read if isinstance(item, Record)]
    with path.open("w", encoding="utf-8") as file:
        for number, record in zip(range(rows), itertools.cycle(records)):
            row = {
                "instruction": f"{record.instruction} ({number // len(records)})",
                "input": record.context, "output": record.output,
                "history": record.history, "system": record.system,
            }  # fmt: skip
            file.write(json.dumps(row) + "\n")


def main() -> None:
    """Make the set, preview it, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", default=str(DATA / "sample"))
    parser.add_argument("--rows", type=int, default=50_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.jsonl")
        write_rows(options.source, path, options.rows)
        made = Path(folder, "set")
        clean(resolve([str(path)]), select_steps(STEPS, only=["normalise"]), made)
        size = (made / "train.jsonl").stat().st_size / 1e6
        print(f"{options.rows:,} records, {size:.0f} MB\n\n| options | seconds | torch |")
        print("| --- | --- | --- |")
        for given in (
            "-n 3", f"--id rows:{options.rows}", "--source rows", "--longest", "--random 0",
            "--diff alpaca,chatml", "--compare alpaca,chatml", f"--html {folder}/page.html",
            "-m tiny -n 3", "-m tiny --tokens", "-m tiny --random 0",
            f"-m tiny --html {folder}/page.html",
            f"-m {TINY} -n 3",
        ):  # fmt: skip
            preview = ("preview", str(made), *given.split())
            ((seconds, _),) = medians((sys.executable, "-m", "curate", *preview))
            told = subprocess.run(
                [sys.executable, "-c", LOADED, *preview], capture_output=True, text=True, check=True
            ).stderr.splitlines()[-1]
            shown = given.replace(f"{folder}/", "").replace(str(TINY), "FOLDER")
            loaded = {"True": "loaded", "False": "no"}[told]
            print(f"| `{shown}` | {seconds:.2f} | {loaded} |", flush=True)


if __name__ == "__main__":
    main()
