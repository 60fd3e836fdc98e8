"""Find near-duplicates with Curate and with its peers, and print tables of how well and how fast.

    python benchmarks/dedup_peers.py quality SET... [--python NAME=PATH ...] [--model FOLDER]
    python benchmarks/dedup_peers.py probes [--python NAME=PATH ...] [--model FOLDER]
    python benchmarks/dedup_peers.py make FOLDER ROWS.jsonl
    python benchmarks/dedup_peers.py speed ROWS.jsonl [--python NAME=PATH ...] [--prototype FOLDER]

A SET is a folder with records.jsonl (instruction, context, output) and truth.json: labelled pairs
of lines. Peers run on the first SET, Curate on all. `make` draws 70,000 records from a folder of
data. A peer runs in an interpreter of its own, which `--python` names; peers/requirements.md says
what it needs. Without one its row says so.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from dedup_sets import KINDS, make, read_rows, score
from dedup_tools import PEERS, Bench, Outcome

PROBES = Path(__file__).parent.parent / "tests" / "similarity" / "probes.jsonl"
SHARES = ("recall, at least 0.8 similar", "recall, all", *(f"merged: {kind}" for kind in KINDS),
          "conflicts merged", "went for one that is gone")  # fmt: skip


def line(*cells: object) -> None:
    """Print a row of a table."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def quality(bench: Bench, sets: list[Path]) -> None:
    """Print what is found of the labelled pairs."""
    line("tool", *SHARES)
    line(*["---"] * (len(SHARES) + 1))

    def row(name: str, outcome: Outcome, pairs: list[dict]) -> None:
        shares = score(outcome.gone, pairs)
        cells = [f"{count:,} of {of:,}" for count, of in shares.values()]
        line(name, *([outcome.fault] if outcome.fault else cells))

    for place, folder in enumerate(sets):
        truth = json.loads((folder / "truth.json").read_text())
        bench.prepare(folder / "records.jsonl")
        row(f"curate, seed {truth['seed']}", bench.curate(0.8), truth["pairs"])
        for name in PEERS if place == 0 else ():
            if name != "rensa-rho":  # flags alone
                row(bench.version(name), bench.peer(name, 0.8), truth["pairs"])


def probes(bench: Bench) -> None:
    """Print how four small groups of records fare."""
    groups: dict[str, list[int]] = {}
    for number, row in enumerate(read_rows(PROBES), start=1):
        groups.setdefault(row["probe"], []).append(number)
    line("tool", "12 problems, numbers differ: kept", "5 questions, one passage: kept",
         "twin in other case and punctuation", "Canberra and Sydney")  # fmt: skip
    line(*["---"] * 5)
    bench.prepare(PROBES)
    for name in ("curate", *PEERS):
        if name == "rensa-rho":
            continue
        outcome = bench.curate(0.8) if name == "curate" else bench.peer(name, 0.8)
        title = name if name == "curate" else bench.version(name)
        kept = {
            probe: [n for n in lines if n not in outcome.gone] for probe, lines in groups.items()
        }
        fate = "both kept" if len(kept["conflict"]) == 2 else "one dropped"
        told = groups["conflict"] in outcome.conflicts
        cells = (len(kept["numbers"]), len(kept["passage"]),
                 "caught" if len(kept["twin"]) == 1 else "missed",
                 f"{fate}, {'a conflict' if told else 'nothing said'}")  # fmt: skip
        line(title, *([outcome.fault] if outcome.fault else cells))


def speed(bench: Bench, source: Path, prototype: str | None) -> None:
    """Print CPU time and memory of one search, one tool after the other."""
    threshold = 0.7
    bench.prepare(source)
    line("tool", "CPU", "peak", "dropped", "ratio to the step")
    line(*["---"] * 5)
    step = bench.peer("step", threshold)
    if step.fault:
        raise SystemExit(step.fault)

    def row(name: str, outcome: Outcome) -> None:
        cells = (f"{outcome.cpu:.1f} s", f"{outcome.peak:,.0f} MB", f"{len(outcome.gone):,}",
                 f"{outcome.cpu / step.cpu:.2f} ×")  # fmt: skip
        line(name, *([outcome.fault] if outcome.fault else cells))

    row("curate, the step `dedup` alone", step)
    row("`curate clean --only dedup`", bench.curate(threshold))
    if prototype:
        row("prototype, whole texts, no evidence", bench.compiled(Path(prototype), threshold))
    for name in PEERS:
        row(bench.version(name), bench.peer(name, threshold, evidence=False))


def parsed() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("quality", "probes", "speed"):
        command = commands.add_parser(name)
        command.add_argument("--python", action="append", default=[], metavar="NAME=PATH")
        command.add_argument("--model", default="", help="a static encoder for semhash")
    commands.choices["quality"].add_argument("sets", nargs="+", type=Path)
    commands.choices["speed"].add_argument("rows", type=Path)
    commands.choices["speed"].add_argument("--prototype", help="folder with its two files")
    command = commands.add_parser("make")
    command.add_argument("folder")
    command.add_argument("rows", type=Path)
    command.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    named = dict(pair.partition("=")[::2] for pair in getattr(options, "python", ()))
    names = [name for name in (*PEERS, "prototype") if name != "rensa-rho"]
    if unknown := [name for name in named if name not in names]:
        parser.error(f"--python: no peer {unknown[0]!r}; there are {', '.join(names)}")
    options.pythons = {name: os.path.abspath(path) for name, path in named.items()}
    return options


def main() -> None:
    """Print a table, or make a set."""
    options = parsed()
    if options.command == "make":
        make(options.folder, options.rows, seed=options.seed)
        return
    model = os.path.abspath(options.model) if options.model else ""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.pythons, model)
        if options.command == "quality":
            quality(bench, options.sets)
        elif options.command == "probes":
            probes(bench)
        else:
            speed(bench, options.rows, options.prototype)


if __name__ == "__main__":
    main()
