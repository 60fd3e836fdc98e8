"""What lint says of the records of a source; expected lengths counted by hand."""

import pytest

from curate.prompts.linting.source_lint import lint_source
from curate.prompts.templates import CHAT, Template
from curate.prompts.tokenizer import load_tokenizer
from curate.records import Quarantined, Record

ASK = "{{ instruction }}:{% generation %}{{ output }}{% endgeneration %}"


def made(*outputs, instruction="Q"):
    return [
        Record(id=f"r{at}", instruction=instruction, output=output)
        for at, output in enumerate(outputs)
    ]


@pytest.fixture
def lint(template, chars):
    """A function that lints records, a character being a token."""

    def looked(items, tokenizer=chars, max_length=100):
        return lint_source(items, template(ASK), tokenizer, max_length=max_length)

    return looked


def found(report):
    return [(finding.rule, finding.severity, finding.count) for finding in report.findings]


def test_clean_records_have_lengths_and_no_findings(lint):
    # BOS, Q and the colon; the answer and EOS
    report = lint(made("A", "AB", "ABC", "A" * 96))
    assert found(report) == []
    assert report.records == 4
    assert report.quantiles == {
        "prompt": {"0": 3, "50": 3, "90": 3, "95": 3, "99": 3, "100": 3},
        "answer": {"0": 2, "50": 3, "90": 97, "95": 97, "99": 97, "100": 97},
        "whole": {"0": 5, "50": 6, "90": 100, "95": 100, "99": 100, "100": 100},
    }


def test_max_length_that_keeps_a_share(lint):
    # 20 records of 5, 6 … 24 tokens: 19 of them are 95%
    report = lint(made(*("A" * size for size in range(1, 21))))
    assert [report.keeping(percent) for percent in (95, 99, 100)] == [23, 24, 24]
    assert report.to_dict()["max_length"] == {"95": 23, "99": 24, "100": 24}
    kept = lint(made(*("A" * size for size in range(1, 21))), max_length=23)
    assert found(kept) == [("over-length", "warning", 1)]


def test_over_length_says_which_and_by_how_much(lint):
    (finding,) = lint(made("A", "A" * 10, "A" * 30), max_length=10).findings
    assert finding.message == "more than 10 tokens, by 24 at most"
    assert finding.records == [
        {"id": "r1", "tokens": 14, "over": 4},
        {"id": "r2", "tokens": 34, "over": 24},
    ]


def test_empty_answers(lint):
    report = lint(made("A", "", " \n"))
    assert found(report) == [("empty-answer", "error", 2)]
    assert [record["id"] for record in report.findings[0].records] == ["r1", "r2"]
    assert found(lint(made("A", ""), tokenizer=None)) == [("empty-answer", "error", 1)]


def test_special_tokens_in_fields(lint):
    (finding,) = lint(made("A</s>", "A", instruction="<s>")).findings
    assert (finding.rule, finding.severity, finding.count) == ("special-tokens", "warning", 2)
    assert finding.message == "3 special-token strings, encoded as plain text"
    assert finding.records == [{"id": "r0", "strings": 2}, {"id": "r1", "strings": 1}]


def test_an_answer_of_special_token_strings_is_text(lint):
    assert found(lint(made("</s>"))) == [("special-tokens", "warning", 1)]


def test_answer_without_a_token(lint, chars):
    drop = type(chars)()
    drop.encode = lambda text, **more: chars.encode(text.replace("\u200b", ""), **more)
    report = lint(made("A", "\u200b"), tokenizer=drop)
    assert found(report) == [("no-loss-token", "error", 1)]


def test_records_that_fail_do_not_hide_the_others(lint):
    records = [*made("A"), Record(id="bad", instruction=None, output="x"), *made("", "B")]
    report = lint(records)
    assert report.records == 4
    assert found(report) == [("record-fails", "error", 1), ("empty-answer", "error", 1)]
    assert "instruction is NoneType" in report.findings[0].message
    assert len(report.lengths["whole"]) == 3


def test_rows_that_cannot_be_read_are_counted(lint):
    broken = Quarantined("s", "s.jsonl", 7, 0, "no JSON")
    (finding,) = lint([broken, *made("A")]).findings
    assert (finding.rule, finding.count) == ("unreadable", 1)
    assert finding.records[0]["id"] == "s.jsonl:7"


def test_more_records_than_a_batch(lint):
    report = lint(made(*["A"] * 2500, ""))
    assert (report.records, report.findings[0].records[0]["id"]) == (2501, "r2500")


def test_chat_counts_the_end_of_the_turn():
    tiny = load_tokenizer("tiny")
    report = lint_source(made("", "A"), Template(CHAT, ""), tiny, max_length=100)
    assert found(report) == [("empty-answer", "error", 1)]
    assert report.quantiles["answer"]["0"] == 1
