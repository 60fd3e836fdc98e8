"""What the sections of a report say, of directories small enough to count by hand."""

import itertools
import re

import orjson
import pytest

from curate.cleaning import clean
from curate.dataset import read_manifest
from curate.engines import Engine
from curate.reporting.report import rebuild_report
from curate.sources import resolve
from curate.steps import STEPS, select_steps


@pytest.fixture
def made(tmp_path, write_rows):
    """Return a function that cleans files of rows, given by name, and returns the directory."""

    def make(_name="out", workers=1, **files):
        named = [f"{n}={write_rows(tmp_path / f'{n}.jsonl', rows)}" for n, rows in files.items()]
        clean(resolve(named), select_steps(STEPS), tmp_path / _name, engine=Engine(workers=workers))
        return tmp_path / _name

    return make


def row(instruction, output, **more):
    return {"instruction": instruction, "input": "", "output": output, **more}


def page(directory):
    return (directory / "report.html").read_text(encoding="utf-8")


A = [
    row("Write a poem.", "Roses are red.", license="mit"),
    row("Write an ode.\r\n", "To tea", license="cc-by-sa-4.0"),
    row("Name a day.", ""),
    row("Name a pet.", ["no text"]),
]
B = [row("Why is it so?", "Because."), row("Write a poem.", "Roses are red.")]


def test_what_each_source_gave(made):
    figures = rebuild_report(made(a=A, b=B))
    # Kept of a: "Write a poem." "Roses are red." and "Write an ode." "To tea"; of b the first.
    assert figures["sources"] == [
        {"name": "a", "read": 4, "kept": 2, "words": 3 + 3 + 3 + 2,
         "licenses": {"cc-by-sa-4.0": 1, "mit": 1}},
        {"name": "b", "read": 2, "kept": 1, "words": 4 + 1, "licenses": {"": 1}},
    ]  # fmt: skip


def test_one_of_a_kind_is_not_told_as_several(made):
    text = page(made(a=[row("Write a poem.", "Roses are red."), row("Name a day.", "")]))
    assert "Below 1 verb is shown, the most common first, of 1 instruction;" in text
    assert "The one dropped record is in this page." in text
    assert "Judged on all 1 kept record," in text


def test_the_rows_that_could_not_be_read_are_read_rows_and_are_shown(made, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"instruction": "Na\n' + orjson.dumps(A[0]) + b"\n")
    clean(resolve([str(path)]), select_steps(STEPS), tmp_path / "out")
    figures = rebuild_report(tmp_path / "out")
    assert [(each["read"], each["kept"]) for each in figures["sources"]] == [(2, 1)]
    text = page(tmp_path / "out")
    assert "could not be read" in text
    assert "{&#34;instruction&#34;: &#34;Na" in text
    assert 'id="search"' not in text  # nothing was dropped


def test_turns_and_system_prompt_are_counted_as_words(made):
    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi there"},
             {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Name a day"},
             {"role": "assistant", "content": "It is Friday"}]  # fmt: skip
    figures = rebuild_report(made(a=[{"messages": turns}]))
    assert figures["sources"][0]["words"] == 2 + 2 + 1 + 3 + 3


def test_many_sources_end_in_one_line(made):
    files = {f"s{number:02}": [row(f"Name the day {number}.", f"Day {number}")]
             for number in range(25)}  # fmt: skip
    text = page(made(**files))
    assert '<th scope="row">5 others</th><td class="n">5</td>' in text
    assert re.search(r"<th scope=\"row\">all</th><td class=\"n\">25</td>", text)
    assert "s19" in text
    assert "s20" not in text.split("5 others")[0]


def test_licences_are_told_with_what_to_know(made):
    figures = rebuild_report(made(a=A, b=B))
    assert figures["licences"]["licenses"] == {"": 1, "cc-by-sa-4.0": 1, "mit": 1}
    (said,) = figures["licences"]["warnings"]
    assert said.startswith("unknown (1 record): no licence is stated")
    free = rebuild_report(made("free", a=A[:1]))
    assert free["licences"]["warnings"] == []
    assert "Nothing in them speaks against" in page(made("free2", a=A[:1]))


def test_lengths_before_and_after(made):
    lengths = rebuild_report(made(a=A, b=B))["lengths"]
    # As read: 13, 15, 11, 11, 13, 13; the line end of the second is cut, three are dropped.
    before = {"filled": 6, "median": 13, "p95": 15, "longest": 15}
    assert lengths["instruction"]["before"] == before
    assert lengths["instruction"]["after"] == {**before, "filled": 3, "p95": 13, "longest": 13}
    columns = [tuple(column.values()) for column in lengths["instruction"]["columns"]]
    assert columns == [(10, 11, 2, 0), (12, 14, 3, 3), (15, 19, 1, 0)]
    assert "context" not in lengths


def test_verbs_of_the_records_that_stay(made):
    figures = rebuild_report(made(a=A, b=B))["verbs"]
    assert figures == {
        "found": 2, "questions": 1, "others": 0,
        "verbs": [{"verb": "write", "records": 2, "objects": [("ode", 1), ("poem", 1)]}],
    }  # fmt: skip
    assert "begin with a verb that is known: 2 of 3, 67%;" in page(made("x", a=A, b=B))


def test_languages_are_those_of_the_manifest(made):
    directory = made(a=A, b=B)
    judged = rebuild_report(directory)["languages"]
    assert judged == read_manifest(directory)["languages"]
    assert f"all {judged['sample']} kept records" in page(directory)


def test_what_was_dropped_by_reason(made):
    directory = made(a=A, b=B)
    assert rebuild_report(directory)["dropped"] == [
        {"step": "validate", "reason": "empty_output", "records": 1},
        {"step": "validate", "reason": "wrong_type", "records": 1},
        {"step": "dedup", "reason": "exact_duplicate", "records": 1},
    ]
    text = page(directory)
    assert "All 3 dropped records are in this page." in text
    assert text.count('<li><span class="place">') == 3
    assert "[&#39;no text&#39;]" in text


def test_of_many_dropped_records_a_part_is_there_and_that_is_said(made):
    empty = [row(f"Name the day {number}.", "") for number in range(1300)]
    text = page(made(a=[*empty, *A[:1]]))
    assert "1,200 of the 1,300 dropped records" in text
    assert text.count('<li><span class="place">') == 1200
    assert '<p class="soft small inset">20 of 1,300</p>' in text


MIXING = {
    "sources": [
        {"name": "a", "licenses": {"mit": 2}, "available": 9, "weight": 2.0, "cap": None,
         "planned": 2, "realised": 2},
        {"name": "<b>", "licenses": {"": 1}, "available": 1, "weight": None, "cap": 5,
         "planned": 3, "realised": 1},
    ]
}  # fmt: skip


def test_the_mix_is_shown_as_planned_and_as_realised(made):
    directory = made(a=A, b=B)
    manifest = read_manifest(directory)
    assert "mix" not in rebuild_report(directory)
    (directory / "manifest.json").write_bytes(orjson.dumps({**manifest, "mixing": MIXING}))
    mix = rebuild_report(directory)["mix"]
    assert [(part["planned"], part["realised"]) for part in mix] == [(2, 2), (3, 1)]
    text = page(directory)
    assert "1 of 2 parts gives another number of records than planned." in text
    assert "2 fewer" in text
    assert "&lt;b&gt;" in text
    # The longest bar is 3, planned.
    widths = re.findall(r'<rect class="(planned|realised)"[^>]* width="([\d.]+)%"', text)
    assert [float(width) for _, width in widths] == [66.667, 66.667, 100.0, 33.333]


def test_the_order_and_the_headings(made, outline_of):
    text = page(made(a=A, b=B))
    order = re.findall(r'<h2 id="([a-z]+)">', text)
    assert order == ["account", "sources", "licences", "lengths", "verbs", "languages", "curve",
                     "clusters", "dropped"]  # fmt: skip
    levels = [int(level) for level in re.findall(r"<h(\d)", text)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert not re.search(r"<th(?![^>]*scope=)[^>]*>[^<]", text)
    assert text.index('class="skip"') < text.index("<h1>")


def test_the_worker_count_is_not_to_be_seen(made):
    rows = [row(f"Name the day {number}.", "x" * (number % 7)) for number in range(300)]
    assert page(made("one", a=rows)) == page(made("two", workers=2, a=rows))
