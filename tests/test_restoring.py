import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cleaning import clean
from curate.dataset import audit, explain, read_manifest
from curate.errors import DatasetError, UsageError
from curate.records import Dropped
from curate.restoring import restore
from curate.revalidating import revalidate
from curate.shipped import shipped
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, RecordStep, SetStep, select_steps
from curate.steps.dedup import Dedup


@pytest.fixture
def made(messy, tmp_path):
    clean(resolve([str(messy)]), select_steps(STEPS), tmp_path / "made")
    return tmp_path / "made"


@pytest.fixture
def cleaned(tmp_path, write_rows):
    """Return a function that cleans rows of (instruction, output) with the given steps."""

    def make(pairs, steps=None, name="rows"):
        rows = [{"instruction": i, "input": "", "output": o} for i, o in pairs]
        path = write_rows(tmp_path / f"{name}.jsonl", rows)
        steps = select_steps(STEPS) if steps is None else steps
        clean(resolve([str(path)]), steps, tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture
def fates(read_rows):
    """Return a function that tells the fate of each record, and checks the directory."""

    def tell(directory):
        audit(directory)
        revalidate(directory)
        kept = {row["id"]: "kept" for row in read_rows(directory / "train.jsonl")}
        dropped = {
            row["record"]["id"]: f"{row['step']}/{row['reason']}"
            for row in read_rows(directory / "dropped.jsonl")
        }
        return kept | dropped

    return tell


def test_a_record_comes_back_by_its_id_to_its_place(made, tmp_path, read_rows, fates):
    outcome = restore(made, ["messy:4"], tmp_path / "out")
    assert [row["id"] for row in read_rows(tmp_path / "out" / "train.jsonl")] == [
        "messy:1", "messy:2", "messy:4", "messy:7",
    ]  # fmt: skip
    assert outcome.restored == {("validate", "wrong_type"): 1}
    assert read_rows(tmp_path / "out" / "restored.jsonl") == [
        {"id": "messy:4", "step": "validate", "reason": "wrong_type",
         "evidence": {"field": "output", "found": "int", "value": "4"}}
    ]  # fmt: skip
    assert fates(tmp_path / "out") == {
        "messy:1": "kept", "messy:2": "kept", "messy:3": "validate/empty_output",
        "messy:4": "kept", "messy:5": "dedup/normalised_duplicate", "messy:7": "kept",
    }  # fmt: skip
    manifest = read_manifest(tmp_path / "out")
    assert manifest["counts"] == {"read": 7, "kept": 4, "dropped": 2, "quarantined": 1}
    assert [(s["in"], s["kept"], s["dropped"]) for s in manifest["steps"] if s["dropped"]] == [
        (6, 5, {"empty_output": 1}), (5, 4, {"normalised_duplicate": 1}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "skip",
    [["validate"], ["echo"], ["dedup"], ["refusals", "dedup"],
     ["validate", "echo", "refusals", "unanswerable", "dedup"]],
)  # fmt: skip
def test_restoring_all_that_a_step_dropped_is_cleaning_without_it(skip, tmp_path):
    sources = resolve([str(shipped("data", "sample"))])
    clean(sources, select_steps(STEPS), tmp_path / "made")
    clean(sources, select_steps(STEPS, skip=skip), tmp_path / "skipped")
    restore(tmp_path / "made", skip, tmp_path / "out")
    for name in ("train.jsonl", "quarantine.jsonl"):
        expected = (tmp_path / "skipped" / name).read_bytes()
        assert (tmp_path / "out" / name).read_bytes() == expected, name
    dropped = {s["name"]: s["dropped"] for s in read_manifest(tmp_path / "made")["steps"]}
    assert all(dropped[step] for step in skip)
    assert revalidate(tmp_path / "out").startswith("2710 records, as they were read, meet the same")


def test_the_same_from_many_files_and_step_by_step(tmp_path, write_rows):
    paths = [
        write_rows(
            tmp_path / f"{name}.jsonl",
            [{"instruction": f"q{i % n}", "input": "", "output": "" if i % 4 == 0 else "a"}
             for i in range(20)],
        )
        for name, n in (("z", 3), ("b", 7), ("m", 5))
    ]  # fmt: skip
    sources = resolve([str(path) for path in paths])
    clean(sources, select_steps(STEPS), tmp_path / "made")
    clean(sources, [], tmp_path / "raw")
    restore(tmp_path / "made", ["validate"], tmp_path / "once")
    restore(tmp_path / "once", ["dedup"], tmp_path / "twice")
    expected = (tmp_path / "raw" / "train.jsonl").read_bytes()
    assert (tmp_path / "twice" / "train.jsonl").read_bytes() == expected
    revalidate(tmp_path / "once")
    audit(tmp_path / "twice")


TEXTS = st.sampled_from(["", " ", "a", "A", "a ", "b", "cafÃ©", None, 4])


@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12), data=st.data())
@settings(max_examples=40)
def test_any_rows_any_order_of_restoring(rows, data, tmp_path_factory):
    base = tmp_path_factory.mktemp("any")
    rows = [("keep", "me"), *rows]
    lines = [json.dumps({"instruction": i, "input": "", "output": o}) for i, o in rows]
    (base / "rows.jsonl").write_text("".join(line + "\n" for line in lines))
    sources = resolve([str(base / "rows.jsonl")])
    clean(sources, select_steps(STEPS), base / "0")
    clean(sources, select_steps(STEPS, skip=["validate", "dedup"]), base / "raw")
    number = 0
    while steps := [s["name"] for s in read_manifest(base / f"{number}")["steps"] if s["dropped"]]:
        dropped = [json.loads(line) for line in (base / f"{number}/dropped.jsonl").open()]
        names = st.sampled_from(steps + [row["record"]["id"] for row in dropped])
        wanted = data.draw(st.lists(names, min_size=1, max_size=3))
        restore(base / f"{number}", wanted, base / f"{number + 1}")
        number += 1
        audit(base / f"{number}")
        revalidate(base / f"{number}")
    assert (base / f"{number}/train.jsonl").read_bytes() == (base / "raw/train.jsonl").read_bytes()


def test_later_steps_look_at_what_comes_back(cleaned, tmp_path, fates):
    made = cleaned([("q", "a"), ("q", " "), ("q", "")])
    outcome = restore(made, ["validate"], tmp_path / "out")
    assert outcome.restored == {("validate", "empty_output"): 2}
    assert outcome.again == {("dedup", "exact_duplicate"): 1}
    assert fates(tmp_path / "out") == {
        "rows:1": "kept", "rows:2": "kept", "rows:3": "dedup/exact_duplicate",
    }  # fmt: skip


class Shout(RecordStep):
    """Edits every output, drops what is louder already."""

    name = "shout"

    def apply(self, record):
        if record.output.endswith("!"):
            return Dropped(record, "shout", "loud", {})
        return record.with_fields(output=record.output + "!")


class Last(SetStep):
    """Keeps the last of equal outputs."""

    name = "last"

    def run(self, records, note=None, references=(), noted=None, spread=map):
        records = list(records)
        last = {record.output: record.id for record in records}
        for record in records:
            kept = last[record.output]
            drops = kept != record.id
            yield Dropped(record, "last", "not_last", {"kept": kept}) if drops else record


class Short(RecordStep):
    """Drops what has more than one character."""

    name = "short"

    def apply(self, record):
        long = len(record.output) > 1
        return Dropped(record, "short", "long", {}) if long else record


@pytest.fixture
def own_steps(monkeypatch):
    for place in ("rerunning", "revalidating", "restorable"):
        monkeypatch.setattr(f"curate.{place}.STEPS", (Short, Last, Shout))
    return [Short(), Last(), Shout()]


def test_a_set_step_sees_the_records_as_they_reached_it(
    own_steps, cleaned, tmp_path, fates, read_rows
):
    made = cleaned([("1", "a"), ("2", "b"), ("3", "aa"), ("4", "a")], own_steps)
    before = {"rows:1": "last/not_last", "rows:2": "kept", "rows:3": "short/long", "rows:4": "kept"}
    assert fates(made) == before
    restore(made, ["short"], tmp_path / "out")
    assert fates(tmp_path / "out") == before | {"rows:3": "kept"}
    outputs = [row["output"] for row in read_rows(tmp_path / "out" / "train.jsonl")]
    assert outputs == ["b!", "aa!", "a!"]
    steps = read_manifest(tmp_path / "out")["steps"]
    assert [step["edited"] for step in steps] == [0, 0, 3]


class Mark(RecordStep):
    """Drops what comes third."""

    name = "mark"

    def apply(self, record):
        return Dropped(record, "mark", "third", {}) if record.instruction == "3" else record


def test_a_kept_record_that_is_dropped_now_loses_its_later_edits(
    monkeypatch, cleaned, tmp_path, fates, read_rows
):
    for place in ("rerunning", "revalidating", "restorable"):
        monkeypatch.setattr(f"curate.{place}.STEPS", (Mark, Last, Shout))
    made = cleaned([("1", "x"), ("2", "y"), ("3", "x"), ("4", "y")], [Mark(), Last(), Shout()])
    assert fates(made) == {
        "rows:1": "kept", "rows:2": "last/not_last", "rows:3": "mark/third", "rows:4": "kept",
    }  # fmt: skip
    outcome = restore(made, ["rows:3"], tmp_path / "out")
    assert outcome.others == 1
    assert fates(tmp_path / "out") == {
        "rows:1": "last/not_last", "rows:2": "last/not_last", "rows:3": "kept", "rows:4": "kept",
    }  # fmt: skip
    dropped = read_rows(tmp_path / "out" / "dropped.jsonl")
    assert [row["record"]["output"] for row in dropped] == ["x", "y"]
    assert [row["id"] for row in read_rows(tmp_path / "out" / "edits.jsonl")] == [
        "rows:4", "rows:3",
    ]  # fmt: skip
    again = restore(tmp_path / "out", ["rows:1"], tmp_path / "both")
    assert again.restored == {("last", "not_last"): 1}
    assert fates(tmp_path / "both")["rows:1"] == "kept"


class Third(SetStep):
    """Drops the third record that it sees."""

    name = "third"

    def run(self, records, note=None, references=(), noted=None, spread=map):
        for number, record in enumerate(records, 1):
            yield Dropped(record, "third", "late", {}) if number == 3 else record


def test_what_was_dropped_for_a_record_that_goes_comes_back(monkeypatch, cleaned, tmp_path, fates):
    for place in ("rerunning", "revalidating", "restorable"):
        monkeypatch.setattr(f"curate.{place}.STEPS", (Mark, Third, Dedup, Shout))
    rows = [("3", "p"), ("1", "q"), ("x", "x"), ("y", "y"), ("X", "x")]
    made = cleaned(rows, [Mark(), Third(), Dedup(), Shout()])
    before = {
        "rows:1": "mark/third", "rows:2": "kept", "rows:3": "kept", "rows:4": "third/late",
        "rows:5": "dedup/normalised_duplicate",
    }  # fmt: skip
    assert fates(made) == before
    outcome = restore(made, ["mark"], tmp_path / "out")
    assert outcome.others == 3
    assert fates(tmp_path / "out") == dict.fromkeys(before, "kept") | {"rows:3": "third/late"}


def test_a_dataset_of_a_dataset_keeps_its_order(cleaned, tmp_path, read_rows):
    first = cleaned([("q1", "a"), ("q2", ""), ("q1", "a"), ("q3", "c")], steps=[], name="first")
    clean(resolve([str(first)]), select_steps(STEPS), tmp_path / "second")
    restore(tmp_path / "second", ["dedup", "first:2"], tmp_path / "out")
    ids = [row["id"] for row in read_rows(tmp_path / "out" / "train.jsonl")]
    assert ids == ["first:1", "first:2", "first:3", "first:4"]
    assert revalidate(tmp_path / "out").endswith("repetition, preferences")


def test_several_records_of_a_row_keep_their_order(tmp_path, read_rows, write_rows):
    instances = [{"input": str(i), "output": "" if i == 10 else "x"} for i in range(1, 13)]
    rows = [{"instruction": "q", "instances": instances, "id": "s", "name": "s",
             "is_classification": False}]  # fmt: skip
    path = write_rows(tmp_path / "seed.jsonl", rows)
    clean(resolve([str(path)]), select_steps(STEPS), tmp_path / "made")
    restore(tmp_path / "made", ["seed:1.10"], tmp_path / "out")
    ids = [row["id"] for row in read_rows(tmp_path / "out" / "train.jsonl")]
    assert ids == [f"seed:1.{i}" for i in range(1, 13)]


def test_same_input_same_bytes(made, tmp_path):
    for name in ("a", "b"):
        restore(made, ["validate", "messy:5"], tmp_path / name)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
    before = (tmp_path / "a" / "manifest.json").read_bytes()
    restore(made, ["validate", "messy:5"], tmp_path / "a", overwrite=True)
    assert (tmp_path / "a" / "manifest.json").read_bytes() == before


def test_overwriting_leaves_no_old_ledger(messy, made, tmp_path):
    restore(made, ["dedup"], tmp_path / "out")
    clean(resolve([str(messy)]), select_steps(STEPS), tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out" / "restored.jsonl").exists()
    audit(tmp_path / "out")


def test_splitting_brings_the_ledger_along(made, tmp_path):
    restore(made, ["dedup"], tmp_path / "out")
    split_dataset(tmp_path / "out", tmp_path / "split", validation=0.5, test=0, seed=0)
    before = (tmp_path / "out" / "restored.jsonl").read_bytes()
    assert (tmp_path / "split" / "restored.jsonl").read_bytes() == before
    audit(tmp_path / "split")
    revalidate(tmp_path / "split")
    assert explain(tmp_path / "split", "messy:5")["restored"][0]["reason"] == "normalised_duplicate"


WRONG = {
    "an edit stays": ("normalise", "the step dropped nothing; its edits of 2 records stay"),
    "no such id": ("mesy:4", r"--restore mesy:4: no step .* did you mean 'messy:4'\?"),
    "no such step": ("validat", "did you mean 'validate'"),
    "nothing like it": ("zzz", "steps: normalise, validate, .*, dedup$"),
    "kept": ("messy:1", "the record is kept$"),
    "quarantined": ("messy:6", r"could not be read \(not JSON.* mend it in the file"),
    "empty": ("", "no step and no dropped record"),
    "a line break": ("a\nb", r"--restore a\\nb: no step"),
}
UNKNOWN = ("no such id", "no such step", "nothing like it", "empty", "a line break")


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_come_back_is_said(name, made, tmp_path):
    wanted, message = WRONG[name]
    error = UsageError if name in UNKNOWN else DatasetError
    with pytest.raises(error, match=message):
        restore(made, ["dedup", wanted], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_step_that_did_not_run_is_said(cleaned, tmp_path):
    made = cleaned([("q", ""), ("q", "a")], select_steps(STEPS, skip=["dedup"]))
    with pytest.raises(UsageError, match="did not run here; those that did are normalise, val"):
        restore(made, ["dedup"], tmp_path / "out")


def test_a_record_comes_back_once(made, tmp_path):
    restore(made, ["messy:5"], tmp_path / "out")
    with pytest.raises(DatasetError, match="is kept already: it was restored before"):
        restore(tmp_path / "out", ["messy:5"], tmp_path / "twice")


def test_a_split_directory_is_refused(made, tmp_path):
    split_dataset(made, tmp_path / "split", validation=0, test=0)
    with pytest.raises(DatasetError, match=r"was written by `curate split`.*then split the result"):
        restore(tmp_path / "split", ["dedup"], tmp_path / "out")


@pytest.mark.parametrize("target", [".", "inner"])
def test_the_source_is_not_overwritten(made, target):
    before = (made / "manifest.json").read_bytes()
    with pytest.raises(UsageError, match="is the dataset directory itself or in it"):
        restore(made, ["dedup"], made / target, overwrite=True)
    assert (made / "manifest.json").read_bytes() == before


def test_no_dataset_directory(tmp_path):
    with pytest.raises(DatasetError, match="no such dataset directory"):
        restore(tmp_path / "none", ["dedup"], tmp_path / "out")


def test_a_directory_that_was_changed_by_hand_is_refused(made, tmp_path):
    path = made / "dropped.jsonl"
    path.write_bytes(path.read_bytes().replace(b"RED", b"BED"))
    with pytest.raises(DatasetError, match=r"dropped\.jsonl: its SHA-256 is not the manifest's"):
        restore(made, ["dedup"], tmp_path / "out")


def test_a_step_of_another_version_is_refused_only_if_it_is_needed(made, tmp_path):
    manifest = read_manifest(made)
    manifest["steps"][-1]["name"] = "polish"
    (made / "manifest.json").write_text(json.dumps(manifest))
    path = made / "dropped.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"dedup"', b'"polish"'))
    _rehash(made)
    with pytest.raises(DatasetError, match=r"has no step 'polish' \(it has normalise"):
        restore(made, ["messy:4"], tmp_path / "out")
    restore(made, ["polish"], tmp_path / "out")
    assert read_manifest(tmp_path / "out")["counts"]["kept"] == 4


def _rehash(directory):
    manifest = json.loads((directory / "manifest.json").read_text())
    for output in manifest["outputs"]:
        data = (directory / output["path"]).read_bytes()
        output |= {"sha256": hashlib.sha256(data).hexdigest(), "rows": data.count(b"\n")}
    (directory / "manifest.json").write_text(json.dumps(manifest))
