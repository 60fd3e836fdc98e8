"""The shipped sample, read without the code under test."""

import gzip
import json
from pathlib import Path

import make_sample

DATA = Path(make_sample.__file__).parent
SAMPLE = DATA / "sample"
LEDGER = json.loads((DATA / "planted.json").read_text("utf-8"))
FIELDS = {
    "facts.json": ("instruction", "input", "output"),
    "stories.jsonl.gz": ("instruction", "context", "response"),
    "sums.jsonl": ("question", None, "answer"),
    "words.jsonl": ("prompt", None, "completion"),
}
END = "<|endoftext|>"


def read_bytes(name):
    data = (SAMPLE / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


RAW = {
    name: json.loads(read_bytes(name)) if name.endswith(".json") else read_bytes(name).split(b"\n")
    for name in make_sample.GOOD
}


def raw_row(entry):
    return RAW[entry["file"]][entry["index"] if "index" in entry else entry["line"] - 1]


def texts(name, row):
    """Instruction, context and output of a parsed row; None where the row has no such key."""
    if name == "chats.json":
        turns = [turn["value"] for turn in row["conversations"]]
        return turns[-2], "", turns[-1]
    return tuple(row.get(key) if key else "" for key in FIELDS[name])
