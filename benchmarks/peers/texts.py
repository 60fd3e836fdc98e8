"""What the scripts of the peers have in common: their arguments, word triples, the result.

Each runs in an interpreter that has the peer, not in the project's, and is called

    PEER_PYTHON SCRIPT.py ROWS.jsonl RESULT.json THRESHOLD [--evidence] [--model FOLDER]

A row has `line` (from 1) and `text`, or `line` and the fields. The result has the line of each
record that went and, with --evidence where the peer can tell, the line of the one it went for.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path

WORD = re.compile(r"\w+")
N_GRAM = 3


def arguments() -> argparse.Namespace:
    """Return the arguments of a peer's script."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("threshold", type=float)
    parser.add_argument("--evidence", action="store_true")
    parser.add_argument("--model")
    return parser.parse_args()


def rows(path: Path) -> Iterator[dict]:
    """Yield the rows of a file."""
    with path.open(encoding="utf-8", newline="\n") as file:
        yield from map(json.loads, file)


def triples(text: str) -> list[str]:
    """Return the word triples of a text in order, or all of a text that is shorter."""
    words = WORD.findall(text.lower())
    last = max(1, len(words) - N_GRAM + 1)
    return [" ".join(words[i : i + N_GRAM]) for i in range(last)]


def write(path: Path, gone: dict[int, int | None]) -> None:
    """Write which record went for which."""
    path.write_text(json.dumps(gone))
