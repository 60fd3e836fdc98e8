import gzip
import json
import re
from collections import Counter

import make_sample
import world
from sample_rows import DATA, END, LEDGER, RAW, SAMPLE, read_bytes, texts


def test_no_row_stands_twice_in_the_ledger():
    places = Counter((e["file"], e.get("index"), e.get("line")) for e in LEDGER)
    assert max(places.values()) == 1


def rows_of(name):
    return [row for row in RAW[name] if row != b""]


def test_faults_are_some_of_the_rows_and_hard_ones_few():
    rows = sum(len(rows_of(name)) for name in RAW)
    later = sum(entry["expect"] == "later" for entry in LEDGER)
    assert rows - len(LEDGER) >= 2200
    assert rows - sum(e["expect"] in ("dropped", "quarantined") for e in LEDGER) >= 2400
    assert 0.12 <= len(LEDGER) / rows <= 0.18
    assert later / rows <= 0.02


def test_rows_without_an_entry_are_good_and_unique():
    faulty = {(e["file"], e.get("index", e.get("line", 0) - 1)) for e in LEDGER}
    seen = set()
    for name, rows in RAW.items():
        for at, row in enumerate(rows):
            if (name, at) in faulty or row == b"":
                continue
            value = texts(name, json.loads(row) if isinstance(row, bytes) else row)
            assert all(isinstance(text, str) for text in value)
            assert value[0]
            assert value[2].removesuffix(END)
            assert value[:2] not in seen
            seen.add(value[:2])


def test_line_files_have_blank_lines():
    for name in ("stories.jsonl.gz", "sums.jsonl", "words.jsonl"):
        assert b"" in RAW[name][:-1]


def test_completions_end_in_a_literal_token():
    ends = [line for line in rows_of("words.jsonl") if b'<|endoftext|>"' in line]
    assert len(ends) > 500


def test_chats_have_one_to_three_turns_and_some_a_system_turn():
    shapes = Counter()
    for chat in RAW["chats.json"]:
        names = [turn["from"] for turn in chat["conversations"]]
        shapes[names[0] == "system", names.count("human")] += 1
    assert {humans for _, humans in shapes} == {1, 2, 3}
    assert 10 < sum(count for (system, _), count in shapes.items() if system) < 80


HELD = [json.loads(line) for line in (DATA / "heldout.jsonl").read_text("utf-8").splitlines()]


def test_no_tuning_prompt_is_held_out():
    held = {
        record.instruction
        for task in world.load_tasks()
        for record in world.fact_records(task)
        if world.held_out(record.task, record.key)
    }
    asked = {(row["instruction"], row["input"]) for row in HELD}
    for name, rows in make_sample.good_rows(make_sample.random.Random("good rows")).items():
        for row in rows:
            turns = [ask for ask, _ in row.history]
            assert row.context or not held & {row.instruction, *turns}, name
            assert (row.instruction, row.context) not in asked


def test_shipped_lines_hold_no_held_out_answer():
    held = {
        record.output
        for task in world.load_tasks()
        for record in world.fact_records(task)
        if world.held_out(record.task, record.key)
    }
    kept = {
        record.output
        for task in world.load_tasks()
        for record in world.fact_records(task)
        if not world.held_out(record.task, record.key)
    }
    text = "\n".join(read_bytes(name).decode("utf-8", "replace") for name in RAW)
    assert [answer for answer in held - kept if f'"{answer}' in text] == []


def test_held_out_questions_are_held_out_and_answered_in_a_sentence():
    answers = {
        record.instruction: record
        for task in world.load_tasks()
        for record in world.fact_records(task)
    }
    assert len(HELD) == 150
    assert len({(row["instruction"], row["input"]) for row in HELD}) == 150
    for row in HELD:
        assert re.fullmatch(r"[A-Z][\w ]+\.", row["output"])
        if not row["input"]:
            record = answers[row["instruction"]]
            assert record.output == row["output"]
            assert world.held_out(record.task, record.key)


def test_made_again_is_byte_for_byte_what_is_shipped(tmp_path, capsys):
    make_sample.make(tmp_path)
    shipped = [*sorted(SAMPLE.iterdir()), DATA / "planted.json", DATA / "heldout.jsonl"]
    for path in shipped:
        made = (tmp_path / path.relative_to(DATA)).read_bytes()
        if path.suffix == ".gz":  # Another zlib may compress otherwise; what it holds is the same.
            assert gzip.decompress(made) == gzip.decompress(path.read_bytes())
            assert made[4:8] == path.read_bytes()[4:8] == bytes(4)
        else:
            assert made == path.read_bytes(), path.name
    assert sorted(p.name for p in SAMPLE.iterdir()) == sorted(make_sample.GOOD)


def test_sample_stays_small():
    paths = [*SAMPLE.iterdir(), *DATA.glob("*.py"), *DATA.glob("*.json*")]
    assert sum(path.stat().st_size for path in paths) < 1_500_000
