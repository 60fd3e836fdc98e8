"""Measure start-up, and speed and memory of `curate clean`, each beside a yardstick in one run.

Prints the table of benchmarks/README.md. Seconds are of this machine; the ratios travel better.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = "the of a to and in is that it was for on are with as they at be this from".split()
ROWS = 50_000


def seconds_and_peak(*command: str) -> tuple[float, float]:
    """Return wall seconds and peak resident memory in MB of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def medians(*commands: tuple[str, ...], rounds: int = 5) -> list[tuple[float, float]]:
    """Return the median seconds and peak of each command, taken in turn."""
    seen: list[list[tuple[float, float]]] = [[] for _ in commands]
    for _ in range(rounds):
        for command, results in zip(commands, seen, strict=True):
            results.append(seconds_and_peak(*command))
    median = statistics.median
    return [(median(t for t, _ in r), median(p for _, p in r)) for r in seen]


def write_rows(path: Path, rows: int) -> None:
    """Write Alpaca rows of about 900 bytes; one in twenty is not ASCII, one in fifty a copy."""
    pick = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        line = ""
        for number in range(rows):
            if number % 50 or not line:
                texts = [" ".join(pick.choices(WORDS, k=n)) for n in (12, 60, 130)]
                if number % 20 == 0:
                    texts[2] += " – café"
                keys = ("instruction", "input", "output")
                row = dict(zip(keys, texts, strict=True)) | {"number": number}
                line = json.dumps(row, ensure_ascii=False)
            file.write(line + "\n")


def start_up() -> None:
    """Print how long the help takes beside a bare import of click."""
    curate = str(Path(sys.executable).with_name("curate"))
    (help_, _), (click, _) = medians((curate, "--help"), (sys.executable, "-c", "import click"))
    ratio = f"{help_ / click:.1f} ×"
    print(f"| `curate --help` | {help_:.2f} s | `import click` {click:.2f} s | {ratio} |")


def cleaning() -> None:
    """Print speed and memory of cleaning, for one file and for one four times as long."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.jsonl"), Path(folder, "large.jsonl")
        write_rows(small, ROWS)
        write_rows(large, 4 * ROWS)
        clean = (sys.executable, "-m", "curate", "clean")
        parse = "import json,sys; sum(1 for l in open(sys.argv[1], 'rb') if json.loads(l))"
        streamed = (*clean, str(large), "-o", f"{folder}/c", "--overwrite", "--skip", "dedup")
        (one, one_peak), (four, four_peak), (_, streamed_peak), (bare, _) = medians(
            (*clean, str(small), "-o", f"{folder}/a", "--overwrite"),
            (*clean, str(large), "-o", f"{folder}/b", "--overwrite"),
            streamed,
            (sys.executable, "-c", parse, str(small)),
            rounds=3,
        )
    rate = f"{one:.1f} s, {ROWS / one:,.0f} rows/s"
    beside = f"`json.loads` of the same file {bare:.2f} s"
    print(f"| `clean`, {ROWS:,} rows | {rate} | {beside} | {one / bare:.1f} × |")
    for name, seconds, peak in (
        ("", f"{four:.1f} s, ", four_peak),
        (" without `dedup`, which keeps a hash and an id a record", "", streamed_peak),
    ):
        print(f"| `clean`, {4 * ROWS:,} rows{name} | {seconds}{peak:.0f} MB peak | "
              f"{ROWS:,} rows: {one_peak:.0f} MB | {peak / one_peak:.2f} × |")  # fmt: skip


if __name__ == "__main__":
    print("| what | measured | beside | ratio |\n| --- | --- | --- | --- |")
    start_up()
    cleaning()
