import json
import re
import unicodedata
from collections import Counter

import pytest
from sample_rows import END, LEDGER, RAW, raw_row, texts

EXPECTED = {"edited", "dropped", "quarantined", "kept", "later"}


def parse(entry):
    row = raw_row(entry)
    return texts(entry["file"], json.loads(row) if isinstance(row, bytes) else row)


def plain(value):
    if not isinstance(value, str):
        return value
    folded = " ".join(unicodedata.normalize("NFC", value).casefold().split())
    return folded.removesuffix(END).rstrip()


def readable_before(entry):
    """The texts of all rows of the file that stand before the entry and can be read."""
    rows = RAW[entry["file"]][: entry.get("index", entry.get("line", 0) - 1)]
    for row in rows:
        try:
            value = json.loads(row) if isinstance(row, bytes) else row
        except ValueError:
            continue
        if isinstance(value, dict):
            yield texts(entry["file"], value)


def is_repeat(entry):
    wanted = tuple(map(plain, parse(entry)))
    return any(tuple(map(plain, before)) == wanted for before in readable_before(entry))


def is_repeat_spelled_otherwise(entry):
    return is_repeat(entry) and parse(entry) not in set(
        before for before in readable_before(entry) if all(isinstance(t, str) for t in before)
    )


def repeats_prompt_with_other_answer(entry):
    instruction, context, output = parse(entry)
    return any(
        before[:2] == (instruction, context) and before[2] != output
        for before in readable_before(entry)
    )


def repeats_answer_to_longer_prompt(entry):
    instruction, context, output = parse(entry)
    return any(
        before[1:] == (context, output) and instruction.lower().endswith(before[0][1:].lower())
        for before in readable_before(entry)
        if isinstance(before[0], str) and before[0]
    )


def is_json(line):
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def has_key_twice(line):
    pairs = json.loads(line, object_pairs_hook=list)
    return max(Counter(key for key, _ in pairs).values()) == 2


def is_utf8(line):
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def whole(entry):
    return " ".join(t for t in parse(entry) if isinstance(t, str))


FAULTY = {
    "mojibake": lambda e: re.search("â€™|Ã", whole(e)),
    "not_nfc": lambda e: not unicodedata.is_normalized("NFC", whole(e)),
    "crlf": lambda e: "\r\n" in whole(e),
    "trailing_space": lambda e: parse(e)[2].removesuffix(END).endswith("  "),
    "control_token": lambda e: re.search(r"(<\|endoftext\|>|</s>|<\|im_end\|>)$", parse(e)[2]),
    "bom": lambda e: parse(e)[0].startswith("\ufeff"),
    "zero_width": lambda e: "\u200b" in parse(e)[0],
    "empty_instruction": lambda e: parse(e)[0] == "",
    "empty_output": lambda e: parse(e)[2] == "",
    "blank_output": lambda e: parse(e)[2] and not parse(e)[2].strip(),
    "null_output": lambda e: parse(e)[2] is None and b"null" in json.dumps(parse(e)).encode(),
    "number_output": lambda e: parse(e)[2] == 7,
    "list_instruction": lambda e: isinstance(parse(e)[0], list),
    "too_long": lambda e: 100_000 < len(parse(e)[2]) < 130_000,
    "missing_output": lambda e: parse(e)[2] is None,
    "duplicate": lambda e: parse(e) in list(readable_before(e)),
    "duplicate_case": is_repeat_spelled_otherwise,
    "duplicate_space": is_repeat_spelled_otherwise,
    "duplicate_unicode": is_repeat_spelled_otherwise,
    "truncated": lambda e: is_utf8(raw_row(e)) and not is_json(raw_row(e)),
    "invalid_utf8": lambda e: not is_utf8(raw_row(e)),
    "nan": lambda e: b"NaN" in raw_row(e),
    "duplicate_key": lambda e: has_key_twice(raw_row(e)),
    "bare_string": lambda e: isinstance(json.loads(raw_row(e)), str),
    "bare_array": lambda e: isinstance(json.loads(raw_row(e)), list),
    "line_separator": lambda e: "\u2028" in whole(e),
    "near_duplicate": repeats_answer_to_longer_prompt,
    "conflict": repeats_prompt_with_other_answer,
    "refusal": lambda e: "As an AI language model" in parse(e)[2],
    "template_residue": lambda e: parse(e)[2].startswith("### Response:"),
    "merged_instruction": lambda e: "### Instruction:" in parse(e)[2],
    "needs_image": lambda e: "image" in parse(e)[0],
    "contact": lambda e: "@example.org" in parse(e)[2] and "202-555-" in parse(e)[2],
    "echo": lambda e: parse(e)[0] == parse(e)[2].removesuffix(END),
    "context_noinput": lambda e: parse(e)[1] == "<noinput>",
    "context_na": lambda e: parse(e)[1] == "N/A",
    "context_none": lambda e: parse(e)[1] == "None",
}


@pytest.mark.parametrize("kind", sorted(FAULTY))
def test_ledger_points_at_rows_that_carry_the_fault(kind):
    entries = [entry for entry in LEDGER if entry["kind"] == kind]
    assert entries
    assert [entry for entry in entries if not FAULTY[kind](entry)] == []


def test_every_kind_is_checked_and_expects_something_known():
    assert {entry["kind"] for entry in LEDGER} == set(FAULTY)
    assert {entry["expect"] for entry in LEDGER} == EXPECTED
