import io

import pytest

from curate.records import Record
from curate.reporting import overview
from curate.reporting.languages import LanguageSample
from curate.reporting.verdict import strict_fault, verdict

GOOD = {"instruction": "Name a pet.", "output": "A cat."}


def test_problems_come_in_the_order_of_the_steps_with_records_not_edits(look, messy):
    summary = look(messy).summary
    assert [(p["step"], p["reason"], p["fate"], p["records"]) for p in summary["problems"]] == [
        ("normalise", "edits_output", "edited", 2),
        ("normalise", "edits_instruction", "edited", 1),
        ("validate", "empty_output", "dropped", 1),
        ("validate", "wrong_type", "dropped", 1),
        ("dedup", "normalised_duplicate", "dropped", 1),
    ]
    assert summary["edited"] == 1
    assert summary["new"] == {"edited": 3, "dropped": 3, "quarantined": 1}


def test_an_example_has_place_evidence_and_text(look, messy):
    (example,) = look(messy).summary["problems"][3]["examples"]
    assert example == {"id": "messy:4", "place": f"{messy}:4", "message": 'output: int "4"',
                       "instruction": "Add 2 and 2.", "output": "4"}  # fmt: skip


def test_pii_is_counted_by_kind_and_is_no_finding(look, tmp_path, write_rows):
    mail = {"instruction": "Write to jane@doe.io.", "output": "Done."}
    report = look(write_rows(tmp_path / "a.jsonl", [GOOD, mail]))
    (off,) = report.summary["off"]
    assert (off["step"], off["records"]) == ("pii", 1)
    assert off["examples"] == [
        {"id": "a:2", "place": f"{tmp_path / 'a.jsonl'}:2", "message": "1 email"}
    ]
    assert report.findings == []
    assert strict_fault(report.summary) == ""
    assert "would touch some: pii 1" in verdict(report.summary)


@pytest.mark.parametrize("row", [
    {"instruction": None, "output": "x"},
    {"instruction": "Name a pet.", "output": None},
    {"instruction": "Name a pet.", "output": "A cat.\r\n"},
])  # fmt: skip
def test_no_verdict_is_clean_over_a_bad_row(look, tmp_path, write_rows, row):
    summary = look(write_rows(tmp_path / "a.jsonl", [GOOD, row])).summary
    assert "Nothing is wrong" not in verdict(summary)
    assert strict_fault(summary)


def test_a_language_sample_does_not_depend_on_the_order():
    french = "La capitale de la France est une très belle ville au bord de la Seine."
    english = "The capital of France is a very beautiful city on the banks of a river."
    records = [Record(f"a:{n}", french if n % 4 == 0 else english) for n in range(400)]
    samples = [LanguageSample(100), LanguageSample(100)]
    for record in records:
        samples[0].add(record)
    for record in reversed(records):
        samples[1].add(record)
    first, second = (sample.shares() for sample in samples)
    assert first == second
    assert first["sample"] == 100 == sum(first["languages"].values())
    assert 10 < first["languages"]["fr"] < 40


def test_too_little_text_has_no_language():
    sample = LanguageSample()
    sample.add(Record("a:1", "x = 1"))
    assert sample.shares() == {"sample": 1, "languages": {}, "unclear": 1}


@pytest.mark.parametrize("width", [80, 120])
def test_the_screen_wraps_nothing(look, width, monkeypatch):
    from rich.console import Console

    from curate.shipped import shipped

    shown = io.StringIO()
    monkeypatch.setattr(overview, "console", lambda: Console(file=shown, width=width))
    overview.print_overview(look(shipped("data", "sample")).summary)
    lines = [line.rstrip() for line in shown.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    assert len(lines) <= (54 if width == 120 else 63)
    (refusal,) = [line for line in lines if line.startswith("refusals")]
    assert refusal.split()[:3] == ["refusals", "6", "chats.json#298"]
    assert '"As an AI' in refusal
    assert any(line.startswith("pii") for line in lines)
