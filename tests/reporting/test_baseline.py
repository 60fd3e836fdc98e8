import json

import pytest

from curate.errors import UsageError
from curate.reporting.baseline import inspection_json, read_baseline


@pytest.fixture
def baseline(look, messy, tmp_path):
    path = tmp_path / "known.base"
    path.write_bytes(b"".join(inspection_json(look(messy))))
    return path


def test_what_json_prints_is_a_baseline(look, messy, baseline):
    printed = json.loads(baseline.read_text())
    assert len(read_baseline(baseline)) == len(printed["findings"]) == 7
    report = look(messy, baseline=baseline)
    assert report.findings == []
    assert report.summary["problems"] == report.summary["unreadable"] == []
    assert report.summary["baseline"] == {"known": 7, "gone": 0}
    assert report.summary["counts"]["dropped"] == 3


def test_json_without_findings_is_json(look, tmp_path, write_rows):
    path = write_rows(tmp_path / "a.jsonl", [{"instruction": "Name a pet.", "output": "A cat."}])
    assert json.loads(b"".join(inspection_json(look(path))))["findings"] == []


def test_only_what_is_new_is_told(look, messy, baseline):
    lines = messy.read_bytes().splitlines(keepends=True)
    new = b'{"instruction": "New one", "input": "", "output": null}\n'
    messy.write_bytes(b"".join([new, *lines[:2], *lines[3:]]))
    report = look(messy, baseline=baseline)
    assert [(f.place, f.reason) for f in report.findings] == [(f"{messy}:1", "missing_output")]
    assert report.summary["baseline"] == {"known": 5, "gone": 2}
    assert report.summary["new"] == {"dropped": 1}


WRONG = {
    "empty": (b"", "is empty"),
    "not JSON": (b"{", "is not JSON"),
    "an array": (b"[]", "is not what"),
    "SARIF": (b'{"version": "2.1.0", "runs": []}', "is not what"),
    "of another version": (b'{"schema_version": 9, "findings": [], "baseline": null}', "version 9"),
    "made with a baseline": (
        b'{"schema_version": 1, "findings": [], "baseline": {"known": 1, "gone": 0}}',
        "only what was new",
    ),
    "with bad findings": (
        b'{"schema_version": 1, "findings": [{"fingerprint": "x"}], "baseline": null}',
        "without a fingerprint",
    ),
    "with no findings": (
        b'{"schema_version": 1, "findings": null, "baseline": null}', "without a fingerprint",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_baseline_is_refused_with_what_makes_one(name, tmp_path):
    data, reason = WRONG[name]
    path = tmp_path / "base.json"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=reason) as error:
        read_baseline(path)
    assert "curate inspect SOURCE... --json > FILE" in str(error.value)


def test_a_missing_baseline_is_refused_with_what_makes_one(tmp_path):
    with pytest.raises(UsageError, match=r"No such file.*--json > FILE"):
        read_baseline(tmp_path / "none.json")
