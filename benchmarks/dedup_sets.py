"""Records to find duplicates in, and how well they were found."""

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from edits.superficial import SUPERFICIAL

from curate.records import Record
from curate.sources import Reader, resolve

Gone = dict[int, int | None]
"""Line of a record that went -> line of the one it went for, None where that is not told."""

FIELDS = ("instruction", "context", "output")
REAL, NEAR = 60_000, 10_000
KINDS = ("number", "entity", "negation", "context")


def fields(row: dict) -> dict[str, str]:
    """Return the three fields of a row."""
    return dict(zip(FIELDS, (row["instruction"], row.get("input") or row.get("context") or "",
                             row["output"]), strict=True))  # fmt: skip


def write_rows(path: Path, rows: list[dict]) -> None:
    """Write rows as JSON lines."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_rows(path: Path) -> Iterator[dict]:
    """Yield the rows of JSON lines."""
    with path.open(encoding="utf-8", newline="\n") as file:
        yield from map(json.loads, file)


def make(folder: str, path: Path, *, seed: int) -> None:
    """Write real records of the data in a folder and superficial edits of some, shuffled."""
    rng = random.Random(seed)
    rows = [
        record
        for source in resolve([folder])
        for record in Reader(source)
        if isinstance(record, Record) and not record.history and not record.system
        if isinstance(record.output, str) and record.output.strip()
    ]
    rng.shuffle(rows)
    if len(rows) < REAL:
        raise SystemExit(f"{folder} has {len(rows):,} records; {REAL:,} are needed")
    rows = rows[:REAL]
    edits = [edit for name, edit in SUPERFICIAL.items() if name != "default system prompt"]
    made: list[Record] = []
    while len(made) < NEAR:
        row = rng.choice(rows)
        record = rng.choice(edits)(row, rng)
        if record is not None and record.output.strip() and record.content() != row.content():
            made.append(record)
    rows += made
    rng.shuffle(rows)
    write_rows(path, [{name: getattr(row, name) for name in FIELDS} for row in rows])


def score(gone: Gone, pairs: list[dict]) -> dict[str, tuple[int, int]]:
    """Return what was found of the labelled pairs, each as count and of how many.

    A duplicate is found if one of the pair went, whatever for. Another pair is merged if one went
    for the other; where the two went for a third, that is not counted.
    """

    def share(chosen: list[dict], is_so: Callable[[int, int], bool]) -> tuple[int, int]:
        return sum(is_so(pair["a"], pair["b"]) for pair in chosen), len(chosen)

    def went(a: int, b: int) -> bool:
        return a in gone or b in gone

    def merged(a: int, b: int) -> bool:
        return gone.get(a) == b or gone.get(b) == a

    labelled = {
        label: [pair for pair in pairs if pair["label"] == label]
        for label in ("duplicate", "distinct", "conflict")
    }
    similar = [pair for pair in labelled["duplicate"] if pair["jaccard"] >= 0.8]
    shares = {"similar": share(similar, went), "duplicate": share(labelled["duplicate"], went)}
    for kind in KINDS:
        of_kind = [pair for pair in labelled["distinct"] if pair["kind"] == kind]
        shares[kind] = share(of_kind, merged)
    shares["conflict"] = share(labelled["conflict"], merged)
    shares["dead"] = sum(kept in gone for kept in gone.values()), len(gone)
    return shares
