"""Every row of the faults files meets its fate, with the right place and reason."""

import base64
import importlib.util
import json
import subprocess
import sys

import pytest

from curate.cleaning import clean
from curate.shipped import shipped
from curate.sources import resolve
from curate.steps import STEPS, select_steps

FILES = ("faults.jsonl", "faults.json", "faults.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write the faults files."""
    path = shipped("data", "make_faults.py")
    spec = importlib.util.spec_from_file_location("make_faults", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("faults")
    module.write_faults(folder)
    return folder


def lines(path):
    return [json.loads(line) for line in path.open(encoding="utf-8")]


@pytest.fixture(scope="module", params=FILES)
def outcome(request, folder, tmp_path_factory):
    """Clean one of the files without dedup; return what was expected, and the three ledgers."""
    out = tmp_path_factory.mktemp("clean") / "out"
    steps = select_steps(STEPS, skip=["dedup"])
    manifest = clean(resolve([str(folder / request.param)]), steps, out)
    expected = json.loads((folder / "expected.json").read_text())[request.param]
    return expected, out, manifest


def place(entry):
    return entry["index"] if "index" in entry else entry["line"]


def position(record):
    return int(record["id"].rsplit(":", 1)[1])


def test_there_are_thirty_kinds_and_more(folder):
    expected = json.loads((folder / "expected.json").read_text())
    kinds = {row["kind"] for rows in expected.values() for row in rows if row["fate"] != "kept"}
    assert len(kinds) >= 30


def test_the_account(outcome):
    expected, _, manifest = outcome
    fates = [entry["fate"] for entry in expected]
    assert manifest["counts"] == {
        "read": len(fates),
        "kept": fates.count("kept") + fates.count("edited"),
        "dropped": fates.count("dropped"),
        "quarantined": fates.count("quarantined"),
    }


def test_good_rows_are_kept_as_they_were(outcome):
    expected, out, _ = outcome
    kept = {position(record): record for record in lines(out / "train.jsonl")}
    edits = {}
    for edit in lines(out / "edits.jsonl"):
        edits.setdefault(int(edit["id"].rsplit(":", 1)[1]), edit["step"])
    for entry in expected:
        if entry["fate"] == "kept":
            assert place(entry) in kept, entry["kind"]
            assert place(entry) not in edits, entry["kind"]
        if entry["fate"] == "edited":
            assert edits.get(place(entry)) == entry["why"], entry["kind"]
    row = json.loads(base64.b64decode(expected[0]["raw_base64"])) if "index" in expected[0] else {}
    if row:
        assert {k: kept[0][k] for k in ("instruction", "output")} == row


def test_bad_rows_are_dropped_with_step_and_reason(outcome):
    expected, out, _ = outcome
    dropped = {
        position(row["record"]): f"{row['step']} {row['reason']}"
        for row in lines(out / "dropped.jsonl")
    }
    wanted = {place(entry): entry["why"] for entry in expected if entry["fate"] == "dropped"}
    assert dropped == wanted


def test_unreadable_rows_are_quarantined_to_the_byte(outcome):
    expected, out, _ = outcome
    found = {row["offset"]: row for row in lines(out / "quarantine.jsonl")}
    wanted = {entry["offset"]: entry for entry in expected if entry["fate"] == "quarantined"}
    kinds = {offset: entry["kind"] for offset, entry in wanted.items()}
    assert {offset: kinds.get(offset) for offset in found} == kinds
    for offset, entry in wanted.items():
        row = found[offset]
        raw = row.get("raw_base64") or base64.b64encode(row["raw"].encode()).decode()
        assert (entry["kind"], row["line"], raw) == (
            entry["kind"], entry["line"], entry["raw_base64"]
        )  # fmt: skip
        assert entry["why"] in row["error"], entry["kind"]


@pytest.mark.parametrize("verb", [["inspect"], ["clean", "-o", "out"]])
def test_the_command_line_shows_no_traceback(folder, tmp_path, verb):
    command = [sys.executable, "-m", "curate", verb[0], *(str(folder / f) for f in FILES)]
    run = subprocess.run([*command, *verb[1:]], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0
    assert "Traceback" not in run.stdout + run.stderr
