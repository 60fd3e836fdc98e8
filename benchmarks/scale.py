"""Measure `clean` with all its steps: speed and memory by number of records, workers and engine.

    python benchmarks/scale.py [FOLDER] [--sizes 100000 300000 1000000] [--ray 1000000]

The rows are those of dedup_growth.py, of about 900 bytes in a folder of real data. Memory is that
of all processes together, pages that they share counted once, looked at every two seconds. Every
run has to write the same files.
"""

import argparse
import filecmp
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dedup_growth import SAMPLE, SIZES, exponent, read, write

EVERY = 2.0  # seconds
Seconds = float


def descendants(pid: int) -> list[int]:
    """Return a process and all below it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(each for child in children for each in descendants(int(child)))]


def memory(pid: int) -> int:
    """Return the bytes of a process, of pages that several share its part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)


def measure(path: Path, out: Path, *options: str) -> tuple[Seconds, Seconds, float]:
    """Return wall and CPU seconds, and the peak memory in MB, of one run."""
    command = (sys.executable, "-m", "curate", "clean", str(path), "-o", str(out), *options)
    start, peak = time.perf_counter(), 0
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        peak = max(peak, sum(map(memory, descendants(process.pid))))
        time.sleep(EVERY)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, peak / 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=str(SAMPLE))
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--ray", type=int, nargs="*", default=[], help="sizes that Ray does too")
    options = parser.parse_args()
    base = read(options.folder)
    print("| records | size | engine | wall | CPU | records a second | MB a second | peak memory |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    alone, together = [], []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.jsonl")
            write(path, base, size)
            engines = {"1 process": ("--workers", "1"), "2 processes": ("--workers", "2")}
            if size in options.ray:
                engines["ray, 2 cores"] = ("--engine", "ray")
            for name, how in engines.items():
                out = Path(folder, name)
                wall, cpu, peak = measure(path, out, *how)
                megabytes = path.stat().st_size / 1e6
                known = f"{cpu:,.0f} s" if "ray" not in name else ""
                print(f"| {size:,} | {megabytes:,.0f} MB | {name} | {wall:,.0f} s | {known} | "
                      f"{size / wall:,.0f} | {megabytes / wall:.1f} | {peak:,.0f} MB |",
                      flush=True)  # fmt: skip
                if name == "1 process":
                    alone.append(wall)
                elif name == "2 processes":
                    together.append(wall)
            names = [entry.name for entry in Path(folder, "1 process").iterdir()]
            for name in engines:
                same = filecmp.cmpfiles(Path(folder, "1 process"), Path(folder, name), names, False)
                if len(same[0]) != len(names):
                    raise SystemExit(f"{name} wrote other files: {same[1:]}")
            counts = json.loads(Path(folder, "1 process", "manifest.json").read_text())["counts"]
            print(f"\n{size:,}: {counts}; two processes take {alone[-1] / together[-1]:.2f} times "
                  "less, and all wrote the same\n", flush=True)  # fmt: skip
    if len(alone) > 1:
        powers = [exponent(options.sizes, walls) for walls in (alone, together)]
        print(f"Seconds grow with the power {powers[0]:.2f} of the records, {powers[1]:.2f} with "
              "two processes.")  # fmt: skip


if __name__ == "__main__":
    main()
