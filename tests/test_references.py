import hashlib

import orjson
import pytest

from curate.cleaning import clean
from curate.dataset import audit, explain, read_manifest
from curate.errors import DatasetError, SourceError, UsageError
from curate.records import Dropped
from curate.references import References, open_set
from curate.restoring import restore
from curate.revalidating import revalidate
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import Normalise, SetStep


class Seen(SetStep):
    """Drops a record whose output a reference has; looks at the references once only."""

    name = "seen"

    def run(self, records, note=None, references=(), noted=None, spread=map):
        known = {reference.record.output: reference for reference in references}
        for record in records:
            if found := known.get(record.output):
                evidence = {"kept": found.record.id, "set": found.set}
                yield Dropped(record, self.name, "seen", evidence)
            else:
                yield record


@pytest.fixture
def paths(write_rows, tmp_path):
    def rows(*outputs):
        return [{"instruction": "Say it.", "input": "", "output": o} for o in outputs]

    write_rows(tmp_path / "in.jsonl", rows("One.", "cafÃ©", "Three."))
    other = write_rows(tmp_path / "old.jsonl", rows("Zero.", "café", "Four."))
    other.write_bytes(other.read_bytes() + b"{no\n")
    return tmp_path


@pytest.fixture
def run(paths, monkeypatch):
    for place in ("rerunning", "revalidating", "restorable"):
        monkeypatch.setattr(f"curate.{place}.STEPS", (Normalise, Seen))

    def run(**options):
        sets = [open_set(str(paths / "old.jsonl"))]
        sources, steps = resolve([str(paths / "in.jsonl")]), [Normalise(), Seen()]
        return clean(sources, steps, paths / "out", compared={"seen": sets}, **options)

    return run


def ledger(path):
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_a_record_named_in_evidence_is_kept_beside_it(run, paths):
    told = []
    run(talk=told.append)
    (dropped,) = ledger(paths / "out/dropped.jsonl")
    assert dropped["record"]["output"] == "café"
    assert dropped["evidence"] == {"kept": "old:2", "set": "old"}
    (row,) = ledger(paths / "out/references.jsonl")
    assert (row["step"], row["set"], row["record"]["id"]) == ("seen", "old", "old:2")
    (said,) = told
    assert said.startswith("old: 1 rows cannot be read and are compared with nothing; the first is")
    assert f"{paths / 'old.jsonl'}:4: " in said
    (entry,) = read_manifest(paths / "out")["references"]
    assert [entry[key] for key in ("step", "set", "rows", "quarantined")] == ["seen", "old", 4, 1]
    assert "| seen | old | old |" in (paths / "out/README.md").read_text()


def test_the_directory_is_checked_and_explained_without_the_other_set(run, paths):
    run()
    (paths / "old.jsonl").unlink()
    audit(paths / "out")
    assert revalidate(paths / "out").startswith("3 records, as they were read, meet the same fate")
    story = explain(paths / "out", "in:2")
    assert story["survivor"]["origin"] == f"{paths / 'old.jsonl'}:2"
    assert explain(paths / "out", "in:1")["stands_for"] == []


def test_a_reference_that_is_gone_fails_the_audit(run, paths):
    run()
    line = (paths / "out/dropped.jsonl").read_bytes()
    changed = line.replace(b'"old:2"', b'"old:3"')
    manifest = (paths / "out/manifest.json").read_bytes()
    (paths / "out/dropped.jsonl").write_bytes(changed)
    old, new = (hashlib.sha256(data).hexdigest().encode() for data in (line, changed))
    (paths / "out/manifest.json").write_bytes(manifest.replace(old, new))
    with pytest.raises(DatasetError, match=r"dropped.jsonl:1: there is no record old:3 of old"):
        audit(paths / "out")


def test_references_come_along_in_a_split_and_a_restored_directory(run, paths):
    run()
    split_dataset(paths / "out", paths / "split", validation=0, test=0)
    restore(paths / "out", ["seen"], paths / "back")
    for name in ("split", "back"):
        assert ledger(paths / name / "references.jsonl") == ledger(paths / "out/references.jsonl")
        assert (
            read_manifest(paths / name)["references"] == read_manifest(paths / "out")["references"]
        )
        audit(paths / name)
    assert len(ledger(paths / "back/train.jsonl")) == 3


def test_a_finished_run_is_known_by_its_references(run, paths, write_rows):
    run()
    before = (paths / "out/manifest.json").read_bytes()
    run(resume=True)
    assert (paths / "out/manifest.json").read_bytes() == before
    write_rows(paths / "old.jsonl", [{"instruction": "a", "input": "", "output": "b"}])
    with pytest.raises(DatasetError, match=r"another run: references\[0\].sha256 was"):
        run(resume=True)


def test_without_a_match_no_ledger_is_written(run, paths, write_rows):
    write_rows(paths / "old.jsonl", [{"instruction": "a", "input": "", "output": "b"}])
    run()
    assert not (paths / "out/references.jsonl").exists()
    audit(paths / "out")


def test_sets_are_called_as_their_file_or_folder(paths, write_rows):
    (paths / "many").mkdir()
    for name in ("a", "b"):
        write_rows(paths / "many" / f"{name}.jsonl", [{"instruction": name, "output": name}])
    assert open_set(str(paths / "old.jsonl")).name == "old"
    assert open_set(f"mine={paths / 'old.jsonl'}").name == "mine"
    many = References([open_set(str(paths / "many"))])
    assert [(found.set, found.record.id) for found in many] == [("many", "a:1"), ("many", "b:1")]
    with pytest.raises(UsageError, match="two sets to compare with are called old"):
        References([open_set(str(paths / "old.jsonl"))] * 2)
    with pytest.raises(SourceError, match="does not exist"):
        open_set("nowhere.jsonl")
    with pytest.raises(UsageError, match="standard input"):
        open_set("-")
