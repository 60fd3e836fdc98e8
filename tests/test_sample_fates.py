import json

import pytest

from curate.cleaning import clean
from curate.shipped import shipped
from curate.sources import resolve
from curate.steps import STEPS, select_steps

SAMPLE = shipped("data", "sample")


@pytest.fixture(scope="module")
def fates(tmp_path_factory):
    """Return the fate of each row of the sample, by file and line or index."""
    out = tmp_path_factory.mktemp("clean") / "out"
    clean(resolve([str(SAMPLE)]), select_steps(STEPS), out)

    def rows(name):
        return [json.loads(line) for line in (out / f"{name}.jsonl").open(encoding="utf-8")]

    edited = {row["id"] for row in rows("edits")}
    fates = {r["origin"]: "edited" if r["id"] in edited else "kept" for r in rows("train")}
    fates |= {r["record"]["origin"]: "dropped" for r in rows("dropped")}
    fates |= {f"{r['path']}:{r['line']}": "quarantined" for r in rows("quarantine")}
    return fates


def test_every_planted_fault_meets_its_fate_and_nothing_else_does(fates):
    planted = json.loads(shipped("data", "planted.json").read_text())
    expected = {
        f"{SAMPLE}/{row['file']}"
        + (f":{row['line']}" if "line" in row else f"#{row['index']}"): row
        for row in planted
    }
    lost = {place for place, fate in fates.items() if fate == "dropped"}
    assert lost == {place for place, row in expected.items() if row["expect"] == "dropped"}
    wrong = {
        place: (row["kind"], fates.get(place))
        for place, row in expected.items()
        if row["expect"] == "edited" and fates.get(place) != "edited"
    }
    assert wrong == {}
    unread = [row for row in planted if row["expect"] == "quarantined"]
    assert len(unread) == 27
    assert sum(fate == "quarantined" for fate in fates.values()) == 27
    in_lines = {place for place, row in expected.items() if row in unread and "line" in row}
    assert in_lines <= {place for place, fate in fates.items() if fate == "quarantined"}
