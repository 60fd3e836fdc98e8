"""Try the judgement of `dedup` on edits of real records, one pair at a time.

    python benchmarks/dedup_edits.py FOLDER [--pairs 150] [--seed 1] [--show KIND]

FOLDER holds data in any layout. A superficial edit is missed if both records stay, a distinct one
is wrongly merged if one goes. `--show` prints pairs of a kind that are judged wrongly.
"""

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from edits.distinct import DISTINCT
from edits.scripts import SCRIPTS
from edits.superficial import SUPERFICIAL

from curate.records import Dropped, Record
from curate.sources import Reader, resolve
from curate.steps.dedup import Dedup

Pair = tuple[Record, Record]


def records(folder: str, rng: random.Random) -> list[Record]:
    """Return records of all files, shuffled; large families of files count as one file."""
    families = defaultdict(list)
    for source in resolve([folder]):
        family = source.name.split("_")[0] + ("" if "/" not in source.name else "t")
        families[family] += [record for record in Reader(source) if isinstance(record, Record)]
    for family in families.values():
        rng.shuffle(family)
    rows = [record for family in families.values() for record in family[:1500]]
    rng.shuffle(rows)
    return [row for row in rows if isinstance(row.output, str) and row.output.strip()]


def pairs(edit: Callable, rows: list[Record], count: int, seed: int) -> Iterator[Pair]:
    """Yield so many pairs, of all rows in turn."""
    rng = random.Random(seed)
    found = 0
    for row in rows:
        if found == count:
            return
        made = edit(row, rng)
        pair = made if isinstance(made, tuple) else (row, made)
        if pair[1] is not None and pair[0].content() != pair[1].content():
            found += 1
            yield pair[0].with_fields(id="a:1"), pair[1].with_fields(id="a:2")


def merged(pair: Pair) -> Dropped | None:
    """Return the record that goes."""
    return next((row for row in Dedup().run(list(pair)) if isinstance(row, Dropped)), None)


def show(pair: Pair) -> None:
    """Print a pair."""
    for record in pair:
        print([part[:1500] for part in record.content() if part])
    fate = merged(pair)
    print("   ->", fate and (fate.reason, fate.evidence), "\n")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--pairs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", help="print wrong pairs of this kind")
    options = parser.parse_args()
    rows = records(options.folder, random.Random(options.seed))
    totals = {}
    for label, edits in (("superficial", SUPERFICIAL), ("distinct", DISTINCT)):
        total = [0, 0]
        for kind, edit in edits.items():
            if options.show and kind != options.show:
                continue
            made = list(pairs(edit, rows, options.pairs, options.seed))
            wrong = [pair for pair in made if (merged(pair) is None) == (label == "superficial")]
            total = [total[0] + len(wrong), total[1] + len(made)]
            share = f"{len(wrong) / len(made):6.1%}" if made else "     -"
            print(f"{label:12} {kind:30} {len(wrong):4} of {len(made):4} {share}", flush=True)
            if options.show:
                for pair in wrong[:12]:
                    show(pair)
        totals[label] = total
    for label, wanted in SCRIPTS.items():
        for one, other in wanted:
            fate = merged((one, other))
            if (fate is None) == (label == "superficial"):
                print(label, "script wrong:", one.content()[:3], other.content()[:3])
    for label, (wrong, of) in totals.items():
        print(f"{label:12} {'all':30} {wrong:4} of {of:4} {wrong / max(of, 1):6.2%}")


if __name__ == "__main__":
    main()
