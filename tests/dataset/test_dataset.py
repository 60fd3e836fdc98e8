import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest

from curate.cleaning import clean
from curate.dataset import DatasetWriter, audit, diff, explain, read_manifest, read_records
from curate.dataset.recount import check_sources
from curate.errors import DatasetError, SourceError
from curate.reporting.card import check_card
from curate.revalidating import revalidate
from curate.sources import resolve
from curate.steps import STEPS, select_steps


@pytest.fixture
def made(messy, tmp_path):
    clean(resolve([str(messy)]), select_steps(STEPS), tmp_path / "out")
    return tmp_path / "out"


def test_the_directory_is_as_the_contract_has_it(made, read_rows):
    assert sorted(p.name for p in made.iterdir()) == [
        "README.md", "clusters.jsonl", "dropped.jsonl", "edits.jsonl", "manifest.json",
        "quarantine.jsonl", "report.html", "train.jsonl",
    ]  # fmt: skip
    first = read_rows(made / "train.jsonl")[0]
    assert list(first) == [
        "id", "instruction", "context", "output", "system", "history", "source", "origin",
        "license", "meta",
    ]  # fmt: skip
    duplicate = read_rows(made / "dropped.jsonl")[-1]
    assert list(duplicate) == ["record", "step", "reason", "evidence"]
    assert duplicate["evidence"] == {"kept": "messy:1", "score": 1.0, "field": "both"}
    row = read_rows(made / "quarantine.jsonl")[0]
    assert (row["line"], row["raw"]) == (6, '{"instruction": "Na')
    manifest = read_manifest(made)
    assert manifest["counts"] == {"read": 7, "kept": 3, "dropped": 3, "quarantined": 1}
    assert [o["path"] for o in manifest["outputs"]] == [
        "train.jsonl", "dropped.jsonl", "quarantine.jsonl", "edits.jsonl",
        "clusters.jsonl",
    ]  # fmt: skip


def test_the_manifest_counts_licences_and_languages(tmp_path, write_rows):
    text = "The quick brown fox jumps over the lazy dog and runs into the woods."
    rows = [{"instruction": text, "output": f"No {n}.", "license": "MIT"} for n in ("one", "two")]
    rows += [{"instruction": "Qual è la capitale della Francia?", "output": "È Parigi, si sa."},
             {"instruction": "x", "output": "y"}, {"instruction": "z", "output": ""}]  # fmt: skip
    path = write_rows(tmp_path / "a.jsonl", rows)
    manifest = clean(resolve([str(path)]), select_steps(STEPS), tmp_path / "out")
    assert manifest["licenses"] == {"": 2, "MIT": 2}  # the empty output is dropped
    assert manifest["languages"] == {"sample": 4, "languages": {"en": 2, "it": 1}, "unclear": 1}
    assert manifest["sources"][0]["argument"] == str(path)
    assert "the records have the licences and languages of the manifest" in audit(tmp_path / "out")


def test_datasets_opens_just_the_splits(made, tmp_path):
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(made), cache_dir=str(tmp_path / "cache"))
    assert {name: split.num_rows for name, split in loaded.items()} == {"train": 3}
    assert loaded["train"][1]["output"] == "café"


def test_two_runs_give_the_same_bytes(messy, tmp_path):
    for name in ("a", "b"):
        clean(resolve([str(messy)]), select_steps(STEPS), tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_audit_is_content_with_what_clean_wrote(made):
    assert audit(made)[1] == "read 7 = kept 3 + dropped 3 + quarantined 1"


def explain_1(directory):
    explain(directory, "messy:1")


def diff_itself(directory):
    diff(directory, directory)


def tamper_line(path):
    path.write_bytes(path.read_bytes().replace(b"Red.", b"Rex."))


def tamper_manifest(**changes):
    def change(path):
        manifest = json.loads(path.read_text()) | changes
        path.write_text(json.dumps(manifest))

    return change


def tamper_source(**changes):
    def change(path):
        manifest = json.loads(path.read_text())
        manifest["sources"][0] |= changes
        path.write_text(json.dumps(manifest))

    return change


def write_below(path):
    path.parent.mkdir()
    path.write_text("a,b\n")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("train.jsonl", tamper_line, "train.jsonl: its SHA-256 is not"),
        ("train.jsonl", lambda p: p.write_bytes(p.read_bytes() + b"{}\n"), "has 4 rows, .* says 3"),
        ("dropped.jsonl", lambda p: p.unlink(), "dropped.jsonl: cannot be read"),
        ("manifest.json", lambda p: p.unlink(), "unfinished"),
        ("manifest.json", lambda p: p.write_text("{"), "not valid JSON"),
        ("manifest.json", tamper_manifest(digest="0"), "digest of the records is not"),
        ("manifest.json", tamper_manifest(schema_version=9), "schema_version is 9"),
        (
            "manifest.json",
            tamper_manifest(counts={"read": 6, "kept": 3, "dropped": 3, "quarantined": 0}),
            "counts.read is 6, recounted 7",
        ),
        ("validation.jsonl", lambda p: p.write_text("{}\n"), "jsonl: is not in the manifest"),
        ("train.parquet", lambda p: p.write_text("PAR1"), "train.parquet: is not in the manifest"),
        ("more/x.csv", write_below, r"out/more/x\.csv: is not in the manifest"),
        ("manifest.json", tamper_manifest(steps=None), "incomplete: steps is None"),
        (
            "manifest.json",
            tamper_manifest(outputs=[{}]),
            r"incomplete: it has no outputs\[0\]\.path",
        ),
        ("manifest.json", tamper_manifest(counts={}), r"incomplete: it has no counts\.read"),
        ("manifest.json", tamper_manifest(sources=[3]), r"incomplete: sources\[0\] is 3"),
        ("manifest.json", tamper_manifest(command="polish"), "command is polish, none of clean, "),
        ("manifest.json", tamper_source(rows=6), "counts.read is 7, recounted 6"),
        ("manifest.json", tamper_manifest(licenses={"mit": 3}), r"licenses are .*'mit': 3.*'': 3"),
        ("manifest.json", tamper_manifest(licenses={"": "3"}), r"licenses\. is 3"),
        ("manifest.json", tamper_manifest(languages={}), r"it has no languages\.sample"),
        (
            "manifest.json",
            tamper_manifest(languages={"sample": 3, "languages": {"de": 3}, "unclear": 0}),
            "languages are .*'de': 3.*judged anew",
        ),
        ("manifest.json", tamper_source(name="tidy"), r"quarantine.jsonl:1: messy is no source"),
    ],
)
def test_audit_names_what_does_not_hold(made, name, change, message):
    change(made / name)
    with pytest.raises(DatasetError, match=message):
        audit(made)


def test_what_is_no_data_may_lie_beside_a_dataset(made):
    (made / ".cache").mkdir()
    (made / ".cache" / "x.jsonl").write_text("{}\n")
    (made / "notes.txt").write_text("mine")
    audit(made)


@pytest.mark.parametrize("verb", [audit, revalidate, check_card, explain_1, diff_itself])
@pytest.mark.parametrize("key", [
    "command", "sources", "steps", "counts", "outputs", "licenses", "languages", "seed", "digest",
    "versions",
])  # fmt: skip
def test_a_manifest_that_lacks_a_key_is_told(made, key, verb):
    manifest = json.loads((made / "manifest.json").read_text())
    del manifest[key]
    (made / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match=rf"manifest\.json: is incomplete: it has no {key}$"):
        verb(made)


def quarantine(*rows):
    keys = ("source", "line", "offset", "error")
    return [dict(zip(keys, row, strict=True)) | {"path": "messy.jsonl", "raw": "x"} for row in rows]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (quarantine(("messy", 0, 40, "not JSON")), "quarantine.jsonl:1: line is 0"),
        (quarantine(("messy", -1, -1, "not JSON")), "quarantine.jsonl:1: line is -1"),
        (quarantine(("tidy", 6, 40, "not JSON")), "quarantine.jsonl:1: tidy is no source"),
        (quarantine(*[("messy", 6, 40, "not JSON")] * 2), "jsonl:2: the row is there twice"),
        (quarantine(*[("messy", 0, -1, "row 7: no")] * 2), "jsonl:2: the row is there twice"),
        (quarantine(("messy", 6, 40, "a"), ("messy", 7, 50, "a")), "rows of source messy is 7, "),
    ],
)
def test_the_rows_of_a_source_are_recounted(made, write_rows, rows, message):
    write_rows(made / "quarantine.jsonl", rows)
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["sources"][0]["quarantined"] = len(rows)
    with pytest.raises(DatasetError, match=message):
        check_sources(made, manifest)


def test_rows_without_a_line_have_a_place_each(made, write_rows):
    rows = [("messy", 0, -1, "row 3: no"), ("messy", 0, -1, "row 4: no")]
    write_rows(made / "quarantine.jsonl", quarantine(*rows))
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["sources"][0] |= {"quarantined": 2, "rows": 8}
    assert check_sources(made, manifest) == "1 sources have the rows of the manifest"


def test_a_card_that_was_changed_is_found(made):
    assert check_card(made) == "README.md is the card that the manifest makes"
    card = (made / "README.md").read_text()
    (made / "README.md").write_text(card.replace("3 kept", "4 kept"))
    with pytest.raises(DatasetError, match=r"README\.md: is not the card that the manifest makes"):
        check_card(made)
    (made / "README.md").unlink()
    with pytest.raises(DatasetError, match=r"README\.md: cannot be read: No such file"):
        check_card(made)


def test_the_card_of_another_version_is_left_alone(made):
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["versions"]["curate"] = "0.0.1"
    (made / "manifest.json").write_text(json.dumps(manifest))
    assert check_card(made).startswith("README.md not compared: written with curate 0.0.1")


def test_a_split_of_no_manifest_is_not_read(made):
    (made / "validation.jsonl").write_bytes((made / "train.jsonl").read_bytes())
    assert [split for split, _ in read_records(made)] == ["train"] * 3


def test_explain_tells_the_story(made):
    kept = explain(made, "messy:1")
    assert (kept["fate"], kept["split"], kept["stands_for"]) == ("kept", "train", ["messy:5"])
    dropped = explain(made, "messy:5")
    assert (dropped["fate"], dropped["reason"]) == ("dropped", "normalised_duplicate")
    assert dropped["survivor"]["id"] == "messy:1"
    edits = explain(made, "messy:2")["edits"]
    assert [(e["field"], e["removed"]) for e in edits] == [
        ("instruction", "\r\n"),
        ("output", "Ã©<|endoftext|>"),
    ]
    unread = explain(made, "messy:6")
    assert (unread["fate"], unread["row"]["raw"]) == ("quarantined", '{"instruction": "Na')
    with pytest.raises(DatasetError, match="did you mean 'messy:1'"):
        explain(made, "mesy:1")


def test_a_dataset_is_not_overwritten_unasked(messy, made):
    before = (made / "manifest.json").read_bytes()
    with pytest.raises(DatasetError, match="pass --overwrite"):
        clean(resolve([str(messy)]), select_steps(STEPS), made)
    assert (made / "manifest.json").read_bytes() == before
    clean(resolve([str(messy)]), select_steps(STEPS, skip=["dedup"]), made, overwrite=True)
    assert read_manifest(made)["counts"]["kept"] == 4
    audit(made)


def test_a_folder_of_other_things_is_left_alone(messy, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(DatasetError, match=r"holds thesis\.txt and is no dataset"):
            clean(resolve([str(messy)]), [], tmp_path / "home", overwrite=overwrite)
    assert (tmp_path / "home" / "thesis.txt").read_text() == "years of work"


def test_files_that_only_bear_our_names_are_left_alone(messy, tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "train.jsonl").write_text("precious")
    with pytest.raises(DatasetError, match=r"holds train\.jsonl and is no dataset directory"):
        clean(resolve([str(messy)]), [], tmp_path / "raw", overwrite=True)
    assert (tmp_path / "raw" / "train.jsonl").read_text() == "precious"


@pytest.fixture
def precious(tmp_path):
    """Return a folder of someone's own, with two files in it."""
    (tmp_path / "precious" / "inner").mkdir(parents=True)
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    (tmp_path / "precious" / "inner" / "train.jsonl").write_text("years of work")
    return tmp_path / "precious"


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
def test_a_staging_folder_that_is_a_link_is_left_alone(messy, precious, tmp_path, options):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".staging").symlink_to(precious)
    with pytest.raises(DatasetError, match=r"out/\.staging: is not what a run of ours leaves"):
        clean(resolve([str(messy)]), [], tmp_path / "out", **options)
    assert (precious / "thesis.txt").read_text() == "years of work"
    assert len([*precious.rglob("*")]) == 3


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_staging_folder_of_others_is_left_alone(messy, precious, tmp_path, options, kind):
    staging = precious / ".staging"
    staging.mkdir()
    (precious / "thesis.txt").rename(tmp_path / "thesis.txt")
    odd = staging / ("notes.txt" if kind == "file" else "train.jsonl")
    if kind == "file":
        odd.write_text("years of work")
    elif kind == "folder":
        odd.mkdir()
    else:
        odd.symlink_to(tmp_path / "thesis.txt")
    (precious / "inner").rename(precious / "README.md")
    with pytest.raises(DatasetError, match=rf"\.staging/{odd.name}: is not what a run of ours"):
        clean(resolve([str(messy)]), [], precious, **options)
    assert odd.exists()
    assert (precious / "README.md" / "train.jsonl").read_text() == "years of work"
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("to", ["out", "nowhere"])
def test_an_output_that_is_a_link_to_nothing_is_told(messy, tmp_path, to):
    (tmp_path / "out").symlink_to(tmp_path / to)
    with pytest.raises(DatasetError, match="out: is a link that leads nowhere; name a folder"):
        clean(resolve([str(messy)]), [], tmp_path / "out")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_in_the_place_of_a_file_is_found_at_the_start(messy, tmp_path, overwrite):
    (tmp_path / "out" / "manifest.json").mkdir(parents=True)
    with pytest.raises(DatasetError, match=r"out: holds a folder manifest\.json, where a file"):
        clean(resolve([str(messy)]), [], tmp_path / "out", overwrite=overwrite)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest.json"]


def test_a_source_is_never_overwritten(messy, made):
    with pytest.raises(DatasetError, match=r"holds the source .*train\.jsonl; name another"):
        clean(resolve([str(messy), str(made)]), [], made, overwrite=True)
    audit(made)


def test_an_id_that_comes_twice_is_refused(messy, made, tmp_path):
    with pytest.raises(SourceError, match="id messy:1 comes twice"):
        clean(resolve([str(made), str(messy)]), select_steps(STEPS), tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_a_failed_run_leaves_nothing(write_rows, tmp_path):
    write_rows(tmp_path / "odd.jsonl", [{"a": 1}] * 3)
    with pytest.raises(SourceError):
        clean(resolve([str(tmp_path / "odd.jsonl")]), [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_record_left_is_a_failure_that_shows_why(write_rows, tmp_path):
    rows = [{"instruction": "q", "input": "", "output": ""}]
    path = write_rows(tmp_path / "empty.jsonl", rows)
    with pytest.raises(SourceError, match="no record is left: 1 of 1 dropped"):
        clean(resolve([str(path)]), select_steps(STEPS), tmp_path / "out")
    assert (tmp_path / "out" / "dropped.jsonl").stat().st_size > 0


def test_a_full_disk_is_one_line_and_no_manifest(write_rows, tmp_path):
    rows = [{"instruction": f"q{i}", "input": "", "output": "a" * 1000} for i in range(5000)]
    path = write_rows(tmp_path / "big.jsonl", rows)
    code = "from curate.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "clean", str(path), "-o", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        preexec_fn=_limit_files_to_a_megabyte,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()


def _limit_files_to_a_megabyte():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_at_the_end_leaves_no_manifest(messy, tmp_path, monkeypatch, call):
    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = os if call == "fsync" else __import__("pathlib").Path
    monkeypatch.setattr(target, call, fail)
    with pytest.raises(DatasetError, match="No space left on device"):
        clean(resolve([str(messy)]), select_steps(STEPS), tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.slow
def test_killed_at_any_moment_a_manifest_means_a_whole_dataset(write_rows, tmp_path):
    rows = [
        {"instruction": f"q{i}", "input": "", "output": f"{i} is a number"} for i in range(4000)
    ]
    path, out = write_rows(tmp_path / "rows.jsonl", rows), tmp_path / "out"
    command = [sys.executable, "-m", "curate", "clean", str(path), "-o", str(out), "--overwrite"]
    start = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    whole = time.monotonic() - start
    for moment in range(10):
        if moment % 2:
            shutil.rmtree(out, ignore_errors=True)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * (0.5 + 0.06 * moment))
        process.kill()
        process.wait()
        if (out / "manifest.json").exists():
            audit(out)
    subprocess.run(command, check=True, capture_output=True)
    assert not (out / ".staging").exists()
    assert sum(1 for _ in read_records(out)) == 4000


def test_the_manifest_comes_last(tmp_path, messy, monkeypatch):
    order = []
    replace = type(tmp_path).replace

    def noted(self, target):
        order.append(self.name)
        return replace(self, target)

    monkeypatch.setattr(type(tmp_path), "replace", noted)
    with DatasetWriter(tmp_path / "out") as writer:
        manifest = writer.manifest(
            command="clean", account={"sources": [], "steps": [], "counts": {}}, seed=None
        )
        writer.commit(manifest)
    assert order[-1] == "manifest.json"
    assert order.count("manifest.json") == 1
