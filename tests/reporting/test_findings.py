import orjson
from hypothesis import given
from hypothesis import strategies as st

from curate.engines import Edit
from curate.records import Dropped, Quarantined, Record
from curate.reporting.findings import Collector, say

EMPTY = {"instruction": "Name a day.", "input": "", "output": ""}
GOOD = {"instruction": "Name a colour.", "input": "", "output": "Red."}


def known(report):
    return {finding.fingerprint for finding in report.findings}


def test_a_finding_names_place_reason_and_evidence(look, messy):
    findings = look(messy).findings
    assert [(f.place, f.fate, f.step, f.reason, f.field, f.message) for f in findings] == [
        (f"{messy}:2", "edited", "normalise", "edits_instruction", "instruction",
         r"line ends \r become \n"),
        (f"{messy}:2", "edited", "normalise", "edits_output", "output",
         '"Ã©<|endoftext|>" becomes "é"'),
        (f"{messy}:3", "edited", "normalise", "edits_output", "output", 'removes "  "'),
        (f"{messy}:3", "dropped", "validate", "empty_output", "output",
         'empty output; instruction: "Name a day."'),
        (f"{messy}:4", "dropped", "validate", "wrong_type", "output", 'output: int "4"'),
        (f"{messy}:6", "quarantined", "read", "unreadable", "",
         "not JSON: Unterminated string starting at character 17"),
        (f"{messy}:5", "dropped", "dedup", "normalised_duplicate", "both",
         'same as messy:1; instruction: "name a  colour."'),
    ]  # fmt: skip


def test_a_row_that_moves_is_not_new(look, tmp_path, write_rows, messy):
    before = look(messy)
    moved = tmp_path / "moved.jsonl"
    write_rows(
        moved,
        [{"instruction": "Say no.", "input": "", "output": "No."}, GOOD | {"output": "Blue."}],
    )
    moved.write_bytes(moved.read_bytes() + messy.read_bytes())
    assert known(look(moved)) == known(before)


def test_of_two_duplicates_it_does_not_matter_which_comes_first(look, tmp_path, write_rows):
    twin = GOOD | {"output": "RED."}
    first = look(write_rows(tmp_path / "a.jsonl", [GOOD, twin]))
    other = look(write_rows(tmp_path / "b.jsonl", [twin, GOOD]))
    assert known(first) == known(other)
    assert [f.reason for f in first.findings] == ["normalised_duplicate"]


def test_equal_findings_are_numbered(look, tmp_path, write_rows):
    twice = look(write_rows(tmp_path / "a.jsonl", [EMPTY, EMPTY]))
    thrice = look(write_rows(tmp_path / "b.jsonl", [EMPTY, EMPTY, EMPTY]))
    assert [len(known(r)) for r in (twice, thrice)] == [2, 3]
    assert known(twice) < known(thrice)


def test_step_and_reason_are_part_of_the_fingerprint():
    collector = Collector()
    record = Record(id="a:1", instruction="x")
    for step, reason in (("a", "b"), ("a", "c"), ("d", "b")):
        collector.drop(Dropped(record, step, reason))
    assert len({f.fingerprint for f in collector.findings}) == 3


def test_a_row_is_known_by_its_bytes_not_by_its_place():
    def prints(line, raw):
        collector = Collector()
        return collector.quarantine(Quarantined("a", "a.jsonl", line, 0, "bad", raw)).fingerprint

    assert prints(1, "{") == prints(7, "{") != prints(1, "[")


def test_a_record_edited_twice_in_its_history_is_one_finding():
    collector = Collector()
    record = Record(id="a:1", instruction="x", origin="a.json#0")
    for turn in (0, 2):
        collector.edit(Edit("a:1", "normalise", f"history[{turn}].content", 0, "a", "b"), record)
    assert [(f.reason, f.field) for f in collector.findings] == [
        ("edits_history", "history[0].content")
    ]


def test_known_findings_are_counted_and_not_told():
    rows = [Quarantined("a", "a.jsonl", 1, 0, "bad", raw) for raw in "{["]
    first = Collector()
    one, _ = (first.quarantine(row) for row in rows)
    second = Collector({one.fingerprint, 7})
    assert [second.quarantine(row) is None for row in rows] == [True, False]
    assert (second.known, second.gone, len(second.findings)) == (1, 1, 1)


def test_a_place_without_a_position_is_the_path():
    finding = Collector().quarantine(Quarantined("a", "a.parquet", 0, -1, "row 3: bad"))
    assert finding.place == "a.parquet"
    assert "line" not in finding.to_dict()
    assert "index" not in finding.to_dict()


@given(
    st.dictionaries(
        st.sampled_from(["field", "found", "value", "kept", "score", "times", "share"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text()
        | st.dictionaries(st.text(), st.integers()),
    ),
    st.text(st.characters()),
)  # fmt: skip
def test_evidence_of_any_kind_is_one_line_that_json_carries(evidence, text):
    assert len(say(evidence).splitlines()) <= 1
    record = Record(id="a:1", instruction=text, output="\ud800", origin="a:b#3:4")
    finding = Collector().drop(Dropped(record, "step", "reason", evidence))
    assert orjson.dumps(finding.to_dict())
    assert (finding.path, finding.position, finding.by_line) == ("a:b#3", 4, True)
