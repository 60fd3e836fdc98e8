"""Make the messy sample: python data/make_sample.py [--out DIR].

Writes, the same bytes each time: `sample/` (five files in five layouts, good rows of the tiny
world with faults among them), `planted.json` (where each fault is and what should become of it)
and `heldout.jsonl` (questions about facts that no row of the sample rests on). Every completion
of words.jsonl ends in `<|endoftext|>`, as its layout had it; the ledger does not list those.
Blank lines are no rows and are not listed either, but they count as lines.
"""

import argparse
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from faults import CHATS, FACTS, FAULTS, STORIES, SUMS, WORDS, Fault, Row
from stories import Record, tell_story
from world import fact_records, held_out, load_tasks

SUM_TASKS = {"add", "take", "number_after", "number_before"}
WORD_TASKS = {"opposite", "plural", "past", "letter"}
GOOD = {FACTS: 700, STORIES: 600, SUMS: 380, WORDS: 520, CHATS: 330}
HELD_OUT = 150
SYSTEMS = ("You answer in one short sentence.", "You are a friendly teacher.")


def collect_records() -> dict[str, list[Record]]:
    """Every record that is not held out, of each fact in each wording, by the file it suits."""
    pools: dict[str, list[Record]] = {FACTS: [], SUMS: [], WORDS: []}
    for task in load_tasks():
        name = SUMS if task.name in SUM_TASKS else WORDS if task.name in WORD_TASKS else FACTS
        pools[name] += (r for r in fact_records(task) if not held_out(r.task, r.key))
    return pools


def tell_stories(rng: random.Random, count: int, *, held: bool) -> list[Record]:
    """That many records about new stories, no prompt twice."""
    records: dict[tuple[str, str], Record] = {}
    while len(records) < count:
        record = rng.choice(tell_story(rng))
        if held_out(record.task, record.key) is held:
            records.setdefault((record.instruction, record.context), record)
    return list(records.values())


def good_rows(rng: random.Random) -> dict[str, list[Row]]:
    """The good rows of each file, no prompt twice in the sample."""
    pools, rows = collect_records(), {}
    spare: list[Record] = []
    for name, records in pools.items():
        rng.shuffle(records)
        rows[name] = [_row(record) for record in records[: GOOD[name]]]
        spare += records[GOOD[name] :]
    rows[STORIES] = [_row(r) for r in tell_stories(rng, GOOD[STORIES], held=False)]
    every = [record for records in pools.values() for record in records]
    rng.shuffle(spare)
    rows[CHATS] = [_chat(rng, record, every) for record in spare[: GOOD[CHATS]]]
    return rows


def _row(record: Record) -> Row:
    return Row(record.instruction, record.context, record.output)


def _chat(rng: random.Random, record: Record, every: list[Record]) -> Row:
    earlier = rng.sample(every, rng.choice([0, 0, 1, 1, 2]))
    history = [(r.instruction, r.output) for r in earlier if r != record]
    system = rng.choice(SYSTEMS) if rng.random() < 0.1 else ""
    return replace(_row(record), history=tuple(history), system=system)


def plant(rng: random.Random, name: str, rows: list[Row]) -> list[Row]:
    """The rows of a file with its faults among them; no good row takes part in two faults."""
    faults = [fault for fault in FAULTS for _ in range(fault.times[name])]
    chosen = rng.sample(range(len(rows)), len(faults))
    rows, beside = list(rows), []
    for at, fault in zip(chosen, faults, strict=True):
        if fault.kind == "duplicate_unicode":
            rows[at] = replace(rows[at], instruction="At the café: " + rows[at].instruction)
        made = _mark(fault, fault.make(rows[at], rng))
        if fault.added:
            beside.append((at, made))
        else:
            rows[at] = made
    # From the end on, so that the places before stay what they were; a copy follows its original.
    for at, made in sorted(beside, key=lambda pair: pair[0], reverse=True):
        rows.insert(rng.randint(at + 1, len(rows)), made)
    return rows


def _mark(fault: Fault, row: Row) -> Row:
    return replace(row, kind=fault.kind, expect=fault.expect)


def as_alpaca(row: Row) -> dict[str, object]:
    """The row with the keys instruction, input, output."""
    return {"instruction": row.instruction, "input": row.context, "output": row.output}


def as_dolly(row: Row) -> dict[str, object]:
    """The row with the keys instruction, context, response, category."""
    keys = {"instruction": row.instruction, "context": row.context, "response": row.output}
    return {**keys, "category": "closed_qa" if row.context else "open_qa"}


def as_question(row: Row) -> dict[str, object]:
    """The row with the keys question, answer."""
    return {"question": row.instruction, "answer": row.output}


def as_prompt(row: Row) -> dict[str, object]:
    """The row with the keys prompt, completion; a completion ends in `<|endoftext|>`."""
    said = isinstance(row.output, str) and row.output.strip()
    end = "<|endoftext|>" if said else ""
    return {"prompt": row.instruction, "completion": row.output + end if end else row.output}


def as_conversation(row: Row) -> dict[str, object]:
    """The row as turns of system, human and gpt."""
    turns = [("system", row.system)] if row.system else []
    for instruction, output in (*row.history, (row.instruction, row.output)):
        turns += [("human", instruction), ("gpt", output)]
    return {"conversations": [{"from": name, "value": value} for name, value in turns]}


LAYOUTS: dict[str, Callable[[Row], dict[str, object]]] = {
    FACTS: as_alpaca,
    STORIES: as_dolly,
    SUMS: as_question,
    WORDS: as_prompt,
    CHATS: as_conversation,
}
OUTPUT_KEYS = {FACTS: "output", STORIES: "response", SUMS: "answer", WORDS: "completion"}


def _body(name: str, row: Row) -> dict[str, object]:
    body = LAYOUTS[name](row)
    if row.missing:
        del body[OUTPUT_KEYS[name]]
    return body


def write_array(name: str, rows: list[Row]) -> tuple[bytes, list[dict[str, object]]]:
    """A JSON array of the rows, and its ledger."""
    text = json.dumps([_body(name, row) for row in rows], ensure_ascii=False, indent=1)
    return (text + "\n").encode(), [
        {"file": name, "index": index, "kind": row.kind, "expect": row.expect}
        for index, row in enumerate(rows)
        if row.kind
    ]


def write_lines(name: str, rows: list[Row]) -> tuple[bytes, list[dict[str, object]]]:
    """The rows one a line with a blank line now and then, and their ledger."""
    lines, ledger = [], []
    for count, row in enumerate(rows, start=1):
        line = json.dumps(_body(name, row), ensure_ascii=False).encode()
        lines.append(row.raw(line) if row.raw else line)
        if row.kind:
            entry = {"file": name, "line": len(lines), "kind": row.kind, "expect": row.expect}
            ledger.append(entry)
        if count % 190 == 0:
            lines.append(b"")
    return b"\n".join(lines) + b"\n", ledger


def compress(data: bytes) -> bytes:
    """The data as gzip without name or time."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as file:
        file.write(data)
    return buffer.getvalue()


def held_out_rows(rng: random.Random) -> list[dict[str, str]]:
    """Questions about held-out facts, each fact at most once, the tasks in turn."""
    by_task: dict[str, list[Record]] = {}
    for task in load_tasks():
        asked = [r for r in fact_records(task) if held_out(r.task, r.key)]
        rng.shuffle(asked)
        by_task[task.name] = list({r.key: r for r in asked}.values())
    for record in tell_stories(rng, 60, held=True):
        by_task.setdefault(record.task, []).append(record)
    picked: list[Record] = []
    for name in cycle(list(by_task)):
        if by_task[name]:
            picked.append(by_task[name].pop())
        if len(picked) == HELD_OUT:
            break
    return [
        {"instruction": r.instruction, "input": r.context, "output": r.output, "task": r.task}
        for r in picked
    ]


def make(out: Path) -> None:
    """Writes sample/, planted.json and heldout.jsonl under `out`."""
    (out / "sample").mkdir(parents=True, exist_ok=True)
    ledger: list[dict[str, object]] = []
    for name, rows in sorted(good_rows(random.Random("good rows")).items()):
        planted = plant(random.Random(f"faults of {name}"), name, rows)
        write = write_array if name.endswith(".json") else write_lines
        data, entries = write(name, planted)
        (out / "sample" / name).write_bytes(compress(data) if name.endswith(".gz") else data)
        ledger += entries
        print(f"{name}: {len(planted)} rows, {len(entries)} faults, {len(data):,} bytes")
    lines = ",\n".join(json.dumps(entry) for entry in ledger)
    (out / "planted.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    held = held_out_rows(random.Random("held out"))
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in held)
    (out / "heldout.jsonl").write_text(text, encoding="utf-8")


def main() -> None:
    """Makes the sample beside this script, or under --out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    make(parser.parse_args().out)


if __name__ == "__main__":
    main()
