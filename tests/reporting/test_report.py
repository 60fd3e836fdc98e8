import base64
import hashlib
import json
import re

import pytest
from click.testing import CliRunner

from curate.cleaning import clean
from curate.cli import main
from curate.dataset import audit, read_manifest
from curate.errors import DatasetError, SourceError
from curate.rededuplicating import rededuplicate
from curate.references import open_set
from curate.reporting.report import rebuild_report
from curate.restoring import restore
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, select_steps

COUNTED = {"account", "hatched", "sources", "licences", "lengths", "verbs", "languages"}
SEARCH = {"search", "words", "found", "list"}
WORDS = (
    "The old lighthouse keeper climbed the narrow stairs every evening before the sun went down "
    "and lit the great lamp so that ships far out at sea could find their way home through the "
    "dangerous rocks that lay hidden under the grey water along the whole northern coast"
).split()


def text(*places):
    """Return 48 words with others in some places."""
    return " ".join("thing" if n in places else word for n, word in enumerate(WORDS))


# 46 triples each. One other word inside changes 3: 43 of 49 are common, 0.8775. Two, far apart,
# change 6: 40 of 52, 0.7692. Pairs of the changed ones differ in 2 and 3 words.
ROWS = [
    (text(), "Yes."), (text(20), "Yes."), (text(10, 30), "Yes."), (text(), "yes!"),
    ("Name a day.", "Friday."), ("Name a day.", "Sunday, of course."), ("Name a day.", ""),
]  # fmt: skip


@pytest.fixture
def made(tmp_path, write_rows):
    """Return a function that cleans rows of (instruction, output) and returns the directory."""

    def make(rows=ROWS, *settings, name="made", **kwargs):
        rows = [{"instruction": i, "input": "", "output": o} for i, o in rows]
        path = write_rows(tmp_path / f"{name}-rows.jsonl", rows)
        steps = select_steps(STEPS, settings=[f"dedup.{s}" for s in settings], **kwargs)
        clean(resolve([f"rows={path}"]), steps, tmp_path / name)
        return tmp_path / name

    return make


def page(directory):
    return (directory / "report.html").read_text(encoding="utf-8")


def dropped_at(figures):
    return {point["threshold"]: point["dropped"] for point in figures["curve"]["curve"]}


def test_the_curve_is_what_goes(made):
    figures = rebuild_report(made())
    curve = figures["curve"]
    assert (curve["threshold"], curve["in"], curve["same_text"]) == (0.8, 6, 1)
    dropped = dropped_at(figures)
    assert len(dropped) == 26
    # The equal one always goes, the one at 0.8775 up to 0.86, the one at 0.7692 up to 0.76.
    assert dropped == {t: 1 + (t <= 0.8775) + (t <= 0.7692) for t in dropped}
    assert all(point["kept"] == 6 - point["dropped"] for point in curve["curve"])


@pytest.mark.parametrize(
    "settings",
    [[], ["threshold=0.87"], ["prompt_threshold=0.9"], ["conflicts=longest"], ["conflicts=drop"],
     ["scope=prompt"], ["scope=answer", "threshold=0.6"]],
    ids=" ".join,
)  # fmt: skip
def test_each_number_is_that_of_a_run_with_the_threshold(settings, made, tmp_path):
    directory = made(ROWS, *settings)
    dropped = dropped_at(rebuild_report(directory))
    used = read_manifest(directory)["steps"][-1]
    assert dropped[used["settings"]["threshold"]] == used["in"] - used["kept"]
    for threshold in (0.5, 0.76, 0.78, 0.86, 0.88, 1.0):
        out = tmp_path / f"at-{threshold}"
        try:
            manifest = rededuplicate(directory, {"threshold": threshold}, out)
        except SourceError:
            manifest = read_manifest(out)
        step = manifest["steps"][-1]
        assert dropped[threshold] == step["in"] - step["kept"], threshold


def test_the_sections_and_what_they_show(made, outline_of):
    text = page(made())
    outline = outline_of(text)
    ids = {value for name, value in outline.attributes if name == "id"}
    assert ids == COUNTED | SEARCH | {"dropped", "curve", "border", "clusters", "conflicts"}
    labels = [value for name, value in outline.attributes if name == "aria-label"]
    assert "7 rows read: 4 kept, 3 dropped, 0 quarantined" in labels
    assert "Records that go at each threshold from 0.5 to 1: 3 at 0.5, 2 at 0.8, 1 at 1" in labels
    above, _, below = text.partition("Just below")
    assert "prompt 0.8775, answer 1.0000" in above
    assert "prompt 0.7692, answer 1.0000" in below
    assert f"<mark>{WORDS[20]}</mark>" in above
    assert "<mark>thing</mark>" in above
    assert "goes: near duplicate of" in above
    assert "1 prompt has several answers that are no duplicates, 2 in all" in text
    assert "(<code>dedup.conflicts=keep_all</code>)" in text
    assert "Sunday, of course." in text
    assert "prefers-color-scheme: dark" in text


def test_it_loads_nothing(made, outline_of):
    text = page(made())
    outline = outline_of(text)
    assert not {"link", "img", "iframe", "object"} & set(outline.tags)
    assert not [pair for pair in outline.attributes if pair[0] == "src"]
    ids = {value for name, value in outline.attributes if name == "id"}
    targets = {value for name, value in outline.attributes if name == "href"}
    assert targets == {f"#{name}" for name in ids - SEARCH - {"hatched"}}
    assert not re.search(r"url\((?!#hatched)|@import|https?:", text)
    assert "default-src 'none'" in text


def test_the_script_is_the_one_that_the_policy_names(made, outline_of):
    text = page(made())
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(v for n, v in outline_of(text).attributes if v and "default-src" in v)
    assert f"script-src 'sha256-{digest}';" in policy
    assert "script" not in outline_of(page(made([("Name a pet.", "A cat.")], name="one"))).tags


EVIL = (
    "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }} "
    "👩\u200d👧 \u202eabc\x1b"
)


def test_hostile_records_are_text(made, outline_of, tmp_path, write_rows):
    history = [{"role": "user", "content": EVIL}] * 30
    rows = [
        {"instruction": f"{EVIL} {text(*places)}", "input": EVIL, "output": f"{EVIL} {n}"[:-2],
         "system": EVIL, "history": history}
        for n, places in enumerate([(), (20,), (10, 30), ()])
    ]  # fmt: skip
    rows += [{"instruction": EVIL, "output": EVIL}, {"instruction": EVIL, "output": "No way."}]
    path = write_rows(tmp_path / "<b>&.jsonl", rows)
    steps = select_steps(STEPS, only=["dedup"])
    clean(resolve([str(path)]), steps, tmp_path / "out")
    shown = page(tmp_path / "out")
    outline = outline_of(shown)
    assert not {"img", "textarea"} & set(outline.tags)
    assert outline.tags.count("script") == 1
    assert {"border", "clusters", "conflicts"} <= {v for n, v in outline.attributes if n == "id"}
    assert shown.count("&lt;script&gt;") >= 4
    assert "{{ 7 * 7 }}" in shown
    assert not set("\x1b\u202e") & set(shown)
    assert "&lt;b&gt;&amp;:1" in shown


def test_it_stays_small_whatever_is_in_the_data(made):
    many = [(f"{'x' * n} {text(n % 40)} {'!? ' * 100_000}", "<&>" * 300_000) for n in range(12)]
    many += [("Name it.", f"{chr(97 + n)} " + "é <&> " * 100_000) for n in range(12)]
    directory = made(many, only=["dedup"])
    assert (directory / "report.html").stat().st_size < 500_000


def test_it_is_the_same_each_time_and_names_no_folder(made, tmp_path):
    one, other = made(name="one"), made(name="other")
    first = page(one)
    assert first == page(other).replace("other-rows", "one-rows")
    rebuild_report(one)
    assert page(one) == first
    assert str(tmp_path) not in first


def test_every_command_that_writes_a_directory_writes_it(made, tmp_path):
    directory = made()
    restore(directory, ["dedup"], tmp_path / "restored")
    split_dataset(directory, tmp_path / "split", validation=0, test=0)
    rededuplicate(directory, {"threshold": 0.95}, tmp_path / "again")
    for name in ("restored", "split", "again"):
        before = page(tmp_path / name)
        rebuild_report(tmp_path / name)
        assert page(tmp_path / name) == before, name
        audit(tmp_path / name)
    assert "in use: 0.95" in page(tmp_path / "again")


def test_restored_records_are_not_counted_as_gone(made, tmp_path):
    restore(made(), ["rows:2"], tmp_path / "restored")
    dropped = dropped_at(rebuild_report(tmp_path / "restored"))
    assert dropped == {t: 1 + (t <= 0.7692) for t in dropped}


def test_records_of_another_set_are_shown_and_not_counted(made, tmp_path, write_rows):
    rows = [{"instruction": i, "output": o} for i, o in [*ROWS[1:3], ("Name a day.", "Monday.")]]
    path = write_rows(tmp_path / "new.jsonl", rows)
    steps = select_steps(STEPS)
    compared = {"dedup": [open_set(f"old={made()}")]}
    clean(resolve([str(path)]), steps, tmp_path / "out", compared=compared)
    figures = rebuild_report(tmp_path / "out")
    dropped = dropped_at(figures)
    # Of the old ones text() and text(10, 30) stayed: new:2 is there, new:1 is 0.8775 like text().
    assert dropped == {t: 1 + (t <= 0.8775) for t in dropped}
    assert figures["conflicts"] == {"prompts": 1, "answers": 3}
    text = page(tmp_path / "out")
    assert "goes: near duplicate of rows:1 in old" in text
    assert "is in old" in text
    audit(tmp_path / "out")


def test_without_duplicates_or_the_step_there_is_the_account_alone(made, outline_of):
    plain = [("Name a pet.", "A cat."), ("Name a day.", "Friday.")]
    for name, kwargs, expected in (
        ("skipped", {"skip": ["dedup"]}, COUNTED - {"hatched"}),
        ("none", {}, COUNTED - {"hatched"} | {"curve"}),
    ):
        outline = outline_of(page(made(plain, name=name, **kwargs)))
        assert {value for key, value in outline.attributes if key == "id"} == expected


def test_where_the_pairs_do_not_tell_what_went_there_is_no_curve(made, read_rows, write_rows):
    directory = made()
    rows = read_rows(directory / "clusters.jsonl")
    write_rows(directory / "clusters.jsonl", [{**row, "pairs": []} for row in rows])
    found = set(rebuild_report(directory))
    assert found == COUNTED - {"hatched"} | {"dropped", "clusters", "conflicts"}


def test_a_directory_changed_by_hand_is_said(made, write_rows):
    directory = made()
    write_rows(directory / "clusters.jsonl", [{"step": "dedup", "ids": []}])
    with pytest.raises(DatasetError, match=r"was changed by hand \(.*`curate audit` says where"):
        rebuild_report(directory)


def test_the_command(made):
    directory = made()
    (directory / "report.html").unlink()
    done = CliRunner().invoke(main, ["report", str(directory), "--json"])
    assert (done.exit_code, done.stderr) == (0, f"written: {directory}/report.html\n")
    figures = json.loads(done.stdout)
    assert figures["account"]["counts"]["kept"] == 4
    assert figures["curve"]["curve"][0] == {"threshold": 0.5, "dropped": 3, "kept": 3}
    assert figures["conflicts"] == {"prompts": 1, "answers": 2}
    assert figures["clusters"] == {"clusters": 1, "records": 4, "largest": 4}
    assert page(directory)
    done = CliRunner().invoke(main, ["report", str(directory)])
    assert re.search(r"0\.8 +2 +4 +in use", done.stdout)


def test_what_is_no_dataset_directory_is_said(tmp_path):
    done = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert done.exit_code == 1
    assert "has no manifest.json" in done.stderr
