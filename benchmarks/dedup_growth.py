"""Measure how time and memory of `dedup` grow with the number of records.

    python benchmarks/dedup_growth.py [FOLDER] [--sizes 100000 300000 1000000] [--keep WORK]

FOLDER holds data in any layout (default: the sample that comes with Curate). Its records come
first. Then come perturbed ones until there are enough: of a record three words in five are other
words of the data, those with a digit stay, so that numbers do not tell it from its like; every
twentieth row is an earlier one with two words taken out. A seed of its own for each size makes
the same rows each time.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from curate.records import Record
from curate.sources import Reader, resolve

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
SIZES = (100_000, 300_000, 1_000_000)
FIELDS = ("instruction", "context", "output")
CHANGED = 0.6  # share of the words that are replaced
NEAR = 20  # one row in so many is nearly an earlier one
RECENT = 5000  # it is one of so many last rows

Row = tuple[str, ...]


def read(folder: str) -> list[Row]:
    """Return the texts of all records."""
    return [
        tuple(getattr(record, name) for name in FIELDS)
        for source in resolve([folder])
        for record in Reader(source)
        if isinstance(record, Record)
        and all(isinstance(getattr(record, name), str) for name in FIELDS)
    ]


def perturbed(text: str, words: list[str], rng: random.Random) -> str:
    """Return a text with other words in it, those with a digit left."""
    old = text.split(" ")
    new = rng.choices(words, k=len(old))
    kept = [rng.random() > CHANGED or not word.isalpha() for word in old]
    return " ".join(a if keep else b for a, b, keep in zip(old, new, kept, strict=True))


def shortened(text: str, rng: random.Random) -> str:
    """Return a text without two of its words, a short one as it is."""
    words = text.split(" ")
    for _ in range(2 if len(words) > 20 else 0):
        del words[rng.randrange(len(words))]
    return " ".join(words)


def rows(base: list[Row], count: int) -> Iterator[Row]:
    """Yield so many rows."""
    rng = random.Random(count)
    words = [w for row in base for text in row for w in text.split(" ") if w.isalpha()]
    recent: list[Row] = []
    for number in range(count):
        if number % NEAR == NEAR - 1:
            row = tuple(shortened(text, rng) for text in rng.choice(recent))
        elif number < len(base):
            row = base[number]
        else:
            row = tuple(perturbed(text, words, rng) for text in base[number % len(base)])
        recent.append(row)
        if len(recent) == 2 * RECENT:
            del recent[:RECENT]
        yield row


def write(path: Path, base: list[Row], count: int) -> None:
    """Write so many rows as JSON lines."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows(base, count):
            line = dict(zip(FIELDS, row, strict=True))
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def measure(path: Path, out: Path) -> tuple[float, float, float]:
    """Return wall and CPU seconds, and peak resident memory in MB, of `clean` in a fresh process.

    The pages of files that it reads through a mapping count.
    """
    command = (sys.executable, "-m", "curate", "clean", str(path), "-o", str(out),
               "--only", "dedup", "--overwrite")  # fmt: skip
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
    wall = time.perf_counter() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Return the slope of the line through the logarithms: least squares."""
    x, y = ([math.log(value) for value in values] for values in (sizes, seconds))
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    rise = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return rise / sum((a - middle_x) ** 2 for a in x)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=str(SAMPLE))
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--keep", type=Path, help="folder for the rows and what becomes of them")
    options = parser.parse_args()
    base = read(options.folder)
    print("| records | rows | dropped | wall | CPU | CPU a record | peak memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    cpus = []
    with tempfile.TemporaryDirectory() as folder:
        work = options.keep or Path(folder)
        for size in options.sizes:
            path, out = work / f"rows{size}.jsonl", work / f"out{size}"
            write(path, base, size)
            wall, cpu, peak = measure(path, out)
            cpus.append(cpu)
            counts = json.loads((out / "manifest.json").read_text("utf-8"))["counts"]
            print(f"| {size:,} | {path.stat().st_size / 1e6:,.0f} MB | {counts['dropped']:,} | "
                  f"{wall:,.0f} s | {cpu:,.0f} s | {cpu / size * 1e6:,.0f} µs | "
                  f"{peak:,.0f} MB |", flush=True)  # fmt: skip
    if len(cpus) > 1:
        print(f"\nCPU grows with the {exponent(options.sizes, cpus):.2f}th power of the records.")


if __name__ == "__main__":
    main()
