"""Measure start-up, and speed and memory of `curate clean`, each beside a yardstick in one run.

Prints the table of benchmarks/README.md. Seconds are of this machine; the ratios travel better.
With `--peer-python PATH`, an interpreter that has datatrove, `clean` also runs beside datatrove.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SYLLABLES = "ba ce di fo gu la me ni po ru sa te vi no ku al er in or us".split()
WORDS = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in ("", "n", "s", "ra")]
ROWS = 50_000


def seconds_and_peak(*command: str) -> tuple[float, float]:
    """Return wall seconds and peak resident memory in MB of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]
    with path.open("w", encoding="utf-8") as file:
        line = ""
        for number in range(rows):
            if number % 50 or not line:
                texts = [" ".join(pick.choices(WORDS, weights, k=n)) + "." for n in (9, 42, 92)]
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
        (" without `dedup`, which keeps a profile of every record", "", streamed_peak),
    ):
        print(f"| `clean`, {4 * ROWS:,} rows{name} | {seconds}{peak:.0f} MB peak | "
              f"{ROWS:,} rows: {one_peak:.0f} MB | {peak / one_peak:.2f} × |")  # fmt: skip


def beside_datatrove(peer: str) -> None:
    """Print how `clean` and a datatrove pipeline of like filters do on the same file."""
    script = str(Path(__file__).with_name("datatrove_pipeline.py"))
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.jsonl")
        write_rows(rows, ROWS)
        megabytes = rows.stat().st_size / 1e6
        ours = (sys.executable, "-m", "curate", "clean", str(rows), "-o", f"{folder}/ours")
        (one, one_peak), (other, other_peak) = medians(
            (*ours, "--overwrite"), (peer, script, str(rows), f"{folder}/theirs"), rounds=3
        )
    print(f"| `clean`, {ROWS:,} rows | {ROWS / one:,.0f} rows/s, {megabytes / one:.0f} MB/s, "
          f"{one_peak:.0f} MB peak | datatrove {ROWS / other:,.0f} rows/s, "
          f"{megabytes / other:.0f} MB/s, {other_peak:.0f} MB peak | "
          f"{one / other:.2f} × the time |")  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="interpreter that has datatrove")
    options = parser.parse_args()
    print("| what | measured | beside | ratio |\n| --- | --- | --- | --- |")
    start_up()
    cleaning()
    if options.peer_python:
        beside_datatrove(options.peer_python)


if __name__ == "__main__":
    main()
