"""Write files of broken rows among good ones, and what has to become of each row.

    python data/make_faults.py -o FOLDER [--long CHARACTERS]

`faults.jsonl`, `faults.json` (an array) and `faults.csv` hold every kind of fault below, each
between two good rows. `expected.json` says for every row of each file: kind, line, index (arrays),
byte offset, the raw bytes as they have to stand in quarantine, fate (kept, edited, dropped,
quarantined) and why. The same bytes each time.
"""

import argparse
import base64
import json
from pathlib import Path
from typing import Any, NamedTuple

BOM = b"\xef\xbb\xbf"
DEEP = 100_000


class Kind(NamedTuple):
    """A kind of row. `why` is part of the error, or step and reason of the drop."""

    name: str
    raw: bytes
    fate: str
    why: str = ""


def row(instruction: Any = "Name a fruit that is {n}.", output: Any = "Fruit {n}.",  # noqa: ANN401
        **more: Any) -> bytes:  # noqa: ANN401  # fmt: skip
    """Return a row; `{n}` becomes the number of the row, so that no two are alike."""
    return json.dumps({"instruction": instruction, "output": output} | more).encode()


def chat(*turns: tuple[str, object]) -> bytes:
    """Return a ShareGPT row."""
    return json.dumps({"conversations": [{"from": f, "value": v} for f, v in turns]}).encode()


def messages(*turns: dict[str, Any]) -> bytes:
    """Return an OpenAI fine-tune row."""
    return json.dumps({"messages": list(turns)}).encode()


def shared(long: int) -> list[Kind]:
    """Return the kinds that lines and the elements of arrays have in common."""
    good = row()
    return [
        # Good, if odd.
        Kind("separator", row(output="One\u2028two {n}.").replace(b"\\u2028", b"\xe2\x80\xa8"),
             "kept"),
        Kind("emoji", row(output="\U0001f600 {n}"), "kept"),
        Kind("escaped_quotes", row(output='A "quoted" \\ word {n}'), "kept"),
        Kind("brackets", row(output="}],[{ {n}"), "kept"),
        Kind("other_columns", row(tags=["a", {"b": None}], score=1.5, n="{n}"), "kept"),
        Kind("none_as_answer", row(output="None"), "kept"),
        Kind("instruction_response", b'{"instruction": "Say {n}.", "response": "{n}"}', "kept"),
        Kind("question_answer", b'{"question": "What is {n}?", "answer": "A number."}', "kept"),
        Kind("sharegpt", chat(("human", "Say {n}."), ("gpt", "{n}.")), "kept"),
        Kind("messages", messages({"role": "user", "content": "Say {n}!"},
                                  {"role": "assistant", "content": "{n}!"}), "kept"),
        # The last question has no answer: it goes to meta.
        Kind("ends_in_a_question", chat(("human", "a {n}"), ("gpt", "b"), ("human", "c")), "kept"),
        # Repaired.
        Kind("trailing_space", row(output="Fruit {n}.  "), "edited", "normalise"),
        Kind("mojibake", row(output="It is fruit {n}, donâ€™t you think?"), "edited", "normalise"),
        Kind("placeholder", row(input="<noinput>"), "edited", "placeholders"),
        Kind("residue", row(output="### Response:\nFruit {n}."), "edited", "template_residue"),
        # Nothing to train on.
        Kind("null_output", row(output=None), "dropped", "validate missing_output"),
        Kind("null_instruction", row(instruction=None), "dropped", "validate missing_instruction"),
        Kind("number_output", row(output=7), "dropped", "validate wrong_type"),
        Kind("boolean_output", row(output=True), "dropped", "validate wrong_type"),
        Kind("list_output", row(output=["a", "b"]), "dropped", "validate wrong_type"),
        Kind("object_instruction", row(instruction={"a": 1}), "dropped", "validate wrong_type"),
        Kind("number_context", row(input=5), "dropped", "validate wrong_type"),
        Kind("empty_output", row(output=""), "dropped", "validate empty_output"),
        Kind("blank_output", row(output=" \n\t\u3000"), "dropped", "validate empty_output"),
        Kind("empty_instruction", row(instruction=""), "dropped", "validate empty_instruction"),
        Kind("long", row(output="word " * (long // 5) + "{n}"), "dropped", "validate too_long"),
        Kind("no_output", row(output="<nooutput>"), "dropped", "placeholders placeholder_output"),
        Kind("refusal", row(output="As an AI language model, I cannot name fruit {n}."), "dropped",
             "refusals refusal"),
        Kind("echo", row(output="Name a fruit that is {n}."), "dropped", "echo echo"),
        Kind("cut_code", row(output="Look:\n```python\nprint({n}"), "dropped",
             "truncated_output unclosed_fence"),
        Kind("merged", row(output="A.\n\n9. Instruction: Name {n}.\nOutput: B."), "dropped",
             "merged_instructions merged_instruction"),
        Kind("no_image", row(instruction="Describe the image below. {n}"), "dropped",
             "unanswerable needs_media"),
        # No row at all.
        Kind("bad_byte_inside", good.replace(b"fruit", b"fr\xfcit"), "quarantined", "byte 0xfc"),
        Kind("utf8_cut", good.replace(b"fruit", b"fr\xc3it"), "quarantined", "byte 0xc3"),
        Kind("single_quotes", b"{'instruction': 'a', 'output': 'b'}", "quarantined", "not JSON"),
        Kind("trailing_comma", good[:-1] + b",}", "quarantined", "not JSON"),
        Kind("no_comma", good.replace(b'", "', b'" "'), "quarantined", "not JSON"),
        Kind("no_value", b'{"instruction": "a", "output": }', "quarantined", "not JSON"),
        Kind("bare_key", b'{instruction: "a", "output": "b"}', "quarantined", "not JSON"),
        Kind("comment", good[:-1] + b" /* fruit */}", "quarantined", "not JSON"),
        Kind("nan", good[:-1] + b', "score": NaN}', "quarantined", "NaN is not JSON"),
        Kind("infinity", good[:-1] + b', "score": -Infinity}', "quarantined",
             "-Infinity is not JSON"),
        Kind("key_twice", good[:-1] + b', "output": "c"}', "quarantined", "'output' appears twice"),
        Kind("nested_key_twice", good[:-1] + b', "m": {"a": 1, "a": 2}}', "quarantined",
             "'a' appears twice"),
        Kind("huge_number", good[:-1] + b', "m": ' + b"9" * 400 + b"}", "quarantined",
             "does not fit into 64 bits"),
        Kind("half_surrogate", good.replace(b"fruit", b"\\ud83d"), "quarantined", "surrogate"),
        Kind("bad_escape", good.replace(b"fruit", b"\\x41"), "quarantined", "not JSON"),
        Kind("control_character", good.replace(b"fruit", b"fr\x01it"), "quarantined", "not JSON"),
        Kind("nul_byte", good.replace(b"fruit", b"fr\x00it"), "quarantined", "not JSON"),
        Kind("deep", b'{"a":' * DEEP + b"1" + b"}" * DEEP, "quarantined", "nested deeper than"),
        Kind("empty_object", b"{}", "quarantined", "fits no layout; keys found: none"),
        Kind("array", b'["instruction", "output"]', "quarantined", "a list"),
        Kind("string", b'"instruction"', "quarantined", "text, not an object"),
        Kind("number", b"42", "quarantined", "a number"),
        Kind("null", b"null", "quarantined", "null"),
        Kind("other_keys", b'{"Instruction": "a", "Output": "b"}', "quarantined", "Instruction"),
        Kind("no_output_key", b'{"instruction": "a"}', "quarantined", "instruction"),
        Kind("unknown_role", chat(("human", "a {n}"), ("alien", "b")), "quarantined", "alien"),
        Kind("no_answer", chat(("human", "Say {n}.")), "quarantined", "assistant"),
        Kind("empty_conversation", b'{"conversations": []}', "quarantined", "roles found: none"),
        Kind("conversation_is_text", b'{"conversations": "a"}', "quarantined", "conversations"),
        Kind("null_content", messages({"role": "user", "content": None},
                                      {"role": "assistant", "content": "b {n}"}), "quarantined",
             "content"),
    ]  # fmt: skip


def lines_only() -> list[Kind]:
    """Return the kinds that only a file of lines can have."""
    good = row()
    return [
        Kind("crlf", good + b"\r", "kept"),
        Kind("bad_byte_first", b"\xff" + good, "quarantined", "byte 0xff at byte 0"),
        Kind("bad_byte_last", good + b"\x80", "quarantined", "byte 0x80"),
        Kind("mark_inside", BOM + good, "quarantined", "UTF-8 BOM"),
        Kind("cut", good[:-9], "quarantined", "not JSON"),
        Kind("open_quote", good[:-2] + b"}", "quarantined", "not JSON"),
        Kind("two_objects", good + b" " + good, "quarantined", "not JSON"),
        Kind("text_behind", good + b" # fruit", "quarantined", "not JSON"),
        Kind("comma_behind", good + b",", "quarantined", "not JSON"),
        Kind("utf16", '{"instruction": "a"}'.encode("utf-16-le"), "quarantined", "not JSON"),
        Kind("prose", b"Name a fruit.", "quarantined", "not JSON"),
    ]


def expectation(kind: Kind, raw: bytes, before: bytes, **place: int) -> dict[str, Any]:
    """Return what is expected of a row that stands behind `before` in its file."""
    return {
        "kind": kind.name,
        **place,
        "line": before.count(b"\n") + 1,
        "offset": len(before),
        "raw_base64": base64.b64encode(raw.rstrip(b"\r")).decode(),
        "fate": kind.fate,
        "why": kind.why,
    }


def write_lines(folder: Path, kinds: list[Kind], *, array: bool) -> list[dict[str, Any]]:
    """Write each kind between two good rows; return what is expected of every row."""
    data, expected = b"[\n" if array else b"", []
    good = Kind("good", row(), "kept")
    cut = Kind("cut_at_the_end", row()[:-9], "quarantined", "ends inside" if array else "not JSON")
    sequence = [kind for fault in kinds for kind in (good, fault)] + [good, cut]
    for number, kind in enumerate(sequence):
        raw = kind.raw.replace(b"{n}", str(number).encode())
        place = {"index": number} if array else {}
        expected.append(expectation(kind, raw, data, **place))
        data += raw + (b"" if kind is cut else b",\n" if array else b"\n")
    (folder / ("faults.json" if array else "faults.jsonl")).write_bytes(data)
    return expected


def write_table(folder: Path) -> list[dict[str, Any]]:
    """Write a CSV file; return what is expected of every row."""
    kinds = [
        Kind("quoted_newline", b'"Name\nfruit {n}.",,Fruit {n}.', "kept"),
        Kind("quoted_comma", b'"Name a, b, {n}.",,"Fruit, {n}."', "kept"),
        Kind("doubled_quote", b'"Say ""fruit"" {n}.",,Fruit {n}.', "kept"),
        Kind("cell_missing", b"Name fruit {n}.,Fruit.", "quarantined", "2 cells, but the header"),
        Kind("cell_too_many", b"Name {n}.,,Fruit.,x", "quarantined", "4 cells, but the header"),
        Kind("text_behind_quote", b'"Name"d {n},,Fruit.', "quarantined", "not CSV"),
        Kind("bad_byte", b"Name fr\xfcit {n}.,,Fruit.", "quarantined", "byte 0xfc"),
        Kind("empty_output", b"Name fruit {n}.,,", "dropped", "validate empty_output"),
        Kind("empty_cells", b",,", "dropped", "validate empty_instruction"),
        Kind("nan_context", b"Name fruit {n}.,nan,Fruit.", "edited", "placeholders"),
        Kind("crlf", b"Name fruit {n}.,,Fruit.\r", "kept"),
    ]
    good = Kind("good", b"Name a fruit that is {n}.,,Fruit {n}.", "kept")
    data, expected = b"instruction,input,output\n", []
    for number, kind in enumerate([k for fault in kinds for k in (good, fault)] + [good]):
        raw = kind.raw.replace(b"{n}", str(number).encode())
        expected.append(expectation(kind, raw, data))
        data += raw + b"\n"
    (folder / "faults.csv").write_bytes(data)
    return expected


def write_faults(folder: Path, long: int = 200_000) -> dict[str, list[dict[str, Any]]]:
    """Write the files and the ledger into a folder; return the ledger."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = shared(long)
    expected = {
        "faults.jsonl": write_lines(folder, kinds + lines_only(), array=False),
        "faults.json": write_lines(folder, kinds, array=True),
        "faults.csv": write_table(folder),
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    return expected


def main() -> None:
    """Write the files and say how many rows of which fate they hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--long", type=int, default=200_000, help="characters of the longest text")
    options = parser.parse_args()
    for name, rows in write_faults(options.out, options.long).items():
        kinds = {entry["kind"] for entry in rows if entry["fate"] != "kept"}
        print(f"{name}: {len(rows)} rows, {len(kinds)} kinds of fault")


if __name__ == "__main__":
    main()
