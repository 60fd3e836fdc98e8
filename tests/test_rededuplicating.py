import hashlib
import json

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cleaning import clean
from curate.cli import main
from curate.dataset import audit, diff, explain, read_manifest
from curate.errors import DatasetError, SourceError, UsageError
from curate.rededuplicating import rededuplicate
from curate.restoring import restore
from curate.revalidating import revalidate
from curate.shipped import shipped
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, select_steps

LONG = (
    "The old lighthouse keeper climbed the narrow stairs every evening before the sun went down "
    "and lit the great lamp so that ships far out at sea could find their way home through the "
    "dangerous rocks that lay hidden under the grey water along the whole northern coast"
).split()


def text(*places):
    """Return the long text with other words in some places."""
    return " ".join(f"thing{'abcdefgh'[n % 8]}" if n in places else w for n, w in enumerate(LONG))


# Two sources, near-duplicates at several scores, equal texts, conflicts, qualities.
ROWS = {
    "a": [
        (text(), "Yes.", 0.1),
        (text(20), "Yes.", None),
        (text(20, 40), "yes", 0.9),
        (text(20).upper(), "Yes!", 0.2),
        (text(), f"It says: {text(5)}", None),
        ("Tell it.", text(), 0.5),
        ("Tell it.", "No way.", None),
        ("Add 2 and 2.", "4", None),
        ("Name a day.", "", None),
    ],
    "b": [
        (text(3), "Yes", 0.3),
        (text(), "Yes.", None),
        ("tell it", text(9), None),
        ("Tell it.", text(9, 12, 15, 30), 0.7),
        ("Tell it.", "No way, never ever.", 0.1),
        (text(20, 30, 40), "Yes.", 0.9),
        ("Add 2 and 2.", "It is 4", None),
        ("add 2 and 2", "it is 4!", None),
        ("Tell it.", "No way.", None),
    ],
}


@pytest.fixture
def sources(tmp_path, write_rows):
    paths = []
    for name, rows in ROWS.items():
        made = [{"instruction": i, "output": o, "quality_score": q} for i, o, q in rows]
        paths.append(write_rows(tmp_path / f"{name}.jsonl", made))
    return resolve([str(path) for path in paths])


@pytest.fixture
def made(sources, tmp_path):
    clean(sources, select_steps(STEPS), tmp_path / "made")
    return tmp_path / "made"


def options_of(settings):
    (step,) = select_steps(STEPS, settings=[f"dedup.{s}" for s in settings], only=["dedup"])
    return step.model_dump(include=step.model_fields_set)


def assert_same(one, other):
    names = {path.name for path in one.iterdir()}
    assert names == {path.name for path in other.iterdir()}
    for name in sorted(names):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


RECALLED = "decided anew from the pairs in clusters.jsonl; no record was compared again"
CONFLICTS = ("keep_all", "first", "longest", "prefer", "majority", "drop")
SETTINGS = [
    ["threshold=0.5"],
    ["threshold=0.9"],
    ["threshold=1"],
    ["prompt_threshold=0.95"],
    ["answer_threshold=0.6", "threshold=0.7"],
    ["prefer=[b]"],
    ["quality=none"],
    ["prefer=[b, a]", "quality=none", "threshold=0.7"],
    *([f"conflicts={policy}", "prefer=[b]"] for policy in CONFLICTS),
    ["conflicts=majority", "threshold=0.95"],
    ["scope=prompt"],
    ["scope=answer", "threshold=0.6"],
]


@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
def test_it_is_what_clean_would_have_written(settings, sources, made, tmp_path):
    said = []
    given = [f"dedup.{setting}" for setting in settings]
    try:
        clean(sources, select_steps(STEPS, settings=given), tmp_path / "expected")
    except SourceError as error:
        with pytest.raises(SourceError, match=str(error).split(":")[0]):
            rededuplicate(made, options_of(settings), tmp_path / "out")
        return
    rededuplicate(made, options_of(settings), tmp_path / "out", talk=said.append)
    assert_same(tmp_path / "out", tmp_path / "expected")
    audit(tmp_path / "out")
    revalidate(tmp_path / "out")
    again = any("scope" in setting for setting in settings)
    assert said == (["comparing all records again: dedup.scope is another one"] if again
                    else [RECALLED])  # fmt: skip


def test_the_settings_change_something(sources, made, tmp_path, read_rows):
    """Else the comparison above says nothing."""
    seen = set()
    for number, options in enumerate(SETTINGS):
        rededuplicate(made, options_of(options), tmp_path / f"{number}")
        seen.add((tmp_path / f"{number}" / "dropped.jsonl").read_bytes())
    assert len(seen) >= len(SETTINGS) - 2
    kinds = [row["kind"] for row in read_rows(made / "clusters.jsonl")]
    assert set(kinds) == {"duplicates", "conflict", "prompt"}
    reasons = {row["reason"] for row in read_rows(made / "dropped.jsonl")}
    assert reasons > {"exact_duplicate", "normalised_duplicate", "near_duplicate"}


def test_nothing_is_compared(made, tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError

    for name in ("similarity.clustering.find_matches", "similarity.index.profile"):
        monkeypatch.setattr(f"curate.{name}", never)
    rededuplicate(made, {"threshold": 0.9, "prefer": ("b",)}, tmp_path / "out")


def test_other_options_are_those_of_the_manifest(sources, tmp_path):
    first = ["dedup.threshold=0.7", "dedup.conflicts=longest", "length.max_words=200"]
    clean(sources, select_steps(STEPS, settings=first), tmp_path / "made")
    both = [*first[1:], "dedup.threshold=0.95"]
    clean(sources, select_steps(STEPS, settings=both), tmp_path / "expected")
    rededuplicate(tmp_path / "made", {"threshold": 0.95}, tmp_path / "out")
    assert_same(tmp_path / "out", tmp_path / "expected")


def test_there_and_back_is_where_it_began(made, tmp_path):
    rededuplicate(made, {"threshold": 0.5, "conflicts": "drop", "prefer": ("b",)}, tmp_path / "1")
    rededuplicate(tmp_path / "1", {"threshold": 0.8, "conflicts": "keep_all", "prefer": ()},
                  tmp_path / "2")  # fmt: skip
    assert_same(tmp_path / "2", made)


@pytest.mark.slow
def test_the_sample(tmp_path):
    sources = resolve([str(shipped("data", "sample"))])
    clean(sources, select_steps(STEPS), tmp_path / "made")
    given = ["dedup.threshold=0.6", "dedup.conflicts=first"]
    clean(sources, select_steps(STEPS, settings=given), tmp_path / "expected")
    rededuplicate(tmp_path / "made", {"threshold": 0.6, "conflicts": "first"}, tmp_path / "out")
    assert_same(tmp_path / "out", tmp_path / "expected")


TEXTS = [text(), text(20), text(20, 40), text(3), text().upper(), text(3, 20).title(), "Tell it.",
         "tell  it", "Tell it?", "No.", text(20) + ".", "Add 1,000.", "Add 1000."]  # fmt: skip
ROW = st.tuples(
    st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.sampled_from("ab"),
    st.sampled_from([None, 0.1, 0.9, "x", True]),
)  # fmt: skip
THRESHOLDS = st.sampled_from([0.5, 0.6, 0.7, 0.8, 0.85, 0.8775, 0.8776, 0.9, 1.0])
OPTIONS = st.fixed_dictionaries(
    {"threshold": THRESHOLDS},
    optional={
        "prompt_threshold": THRESHOLDS,
        "answer_threshold": THRESHOLDS,
        "prefer": st.sampled_from([("b",), ("b", "a"), ("a",)]),
        "quality": st.sampled_from(["quality_score", "none"]),
        "conflicts": st.sampled_from(CONFLICTS),
    },
)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=14), before=OPTIONS, after=OPTIONS)
def test_any_rows_any_options(rows, before, after, tmp_path_factory):
    base = tmp_path_factory.mktemp("any")
    for name in "ab":
        lines = [
            json.dumps({"instruction": i, "output": o, "quality_score": q})
            for i, o, source, q in [("Keep", "me", "a", 0), ("Keep", "you", "b", 0), *rows]
            if source == name
        ]
        (base / f"{name}.jsonl").write_text("".join(line + "\n" for line in lines))
    sources = resolve([str(base / "a.jsonl"), str(base / "b.jsonl")])

    def options(chosen):
        return [s.model_copy(update=chosen) if s.name == "dedup" else s for s in steps]

    steps = select_steps(STEPS, only=["normalise", "validate", "dedup"])
    merged = {**before, **after}
    made = []
    for name, chosen in (("before", before), ("expected", merged)):
        try:
            clean(sources, options(chosen), base / name)
        except SourceError:  # nothing is left, which is right: what was written counts
            made.append(name)
    try:
        rededuplicate(base / "before", after, base / "out")
    except SourceError:
        assert "expected" in made
    assert_same(base / "out", base / "expected")


def test_the_result_can_be_explained_compared_and_restored(made, tmp_path):
    rededuplicate(made, {"threshold": 0.95}, tmp_path / "out")
    assert explain(tmp_path / "out", "a:1")["fate"] == "kept"
    assert explain(made, "a:1")["reason"] == "near_duplicate"
    (came,) = diff(made, tmp_path / "out")["changes"]
    assert (came["kind"], came["step"], came["reason"]) == ("came", "dedup", "near_duplicate")
    restore(tmp_path / "out", ["dedup"], tmp_path / "back")
    audit(tmp_path / "back")
    revalidate(tmp_path / "back")


def test_what_was_restored_stays(made, tmp_path):
    restore(made, ["a:2", "a:9"], tmp_path / "restored")
    rededuplicate(tmp_path / "restored", {"threshold": 0.5}, tmp_path / "out")
    assert explain(tmp_path / "out", "a:2")["fate"] == "kept"
    assert explain(tmp_path / "out", "a:9")["fate"] == "kept"
    assert read_manifest(tmp_path / "out")["command"] == "restore"
    audit(tmp_path / "out")
    revalidate(tmp_path / "out")
    before = (tmp_path / "restored" / "restored.jsonl").read_bytes()
    assert (tmp_path / "out" / "restored.jsonl").read_bytes() == before


def _rehash(directory):
    manifest = json.loads((directory / "manifest.json").read_text())
    for output in manifest["outputs"]:
        data = (directory / output["path"]).read_bytes()
        output |= {"sha256": hashlib.sha256(data).hexdigest(), "rows": data.count(b"\n")}
    (directory / "manifest.json").write_text(json.dumps(manifest))


LACKING = {
    "no groups": lambda rows: [{k: v for k, v in row.items() if k != "same"} for row in rows],
    "no pairs": lambda rows: [{k: v for k, v in row.items() if k != "pairs"} for row in rows],
    "an unknown record": lambda rows: [{**row, "ids": [*row["ids"], "c:1"]} for row in rows],
    "a place too many": lambda rows: [{**row, "same": [[0, 99]]} for row in rows],
    "pairs of three": lambda rows: [{**row, "pairs": [[0, 1, 0.5]]} for row in rows],
    "words for scores": lambda rows: [{**row, "pairs": [[0, 1, "a", "b"]]} for row in rows],
}


@pytest.mark.parametrize("name", LACKING)
def test_where_the_file_lacks_something_all_is_compared_again(
    name, sources, made, tmp_path, read_rows, write_rows
):
    write_rows(made / "clusters.jsonl", LACKING[name](read_rows(made / "clusters.jsonl")))
    _rehash(made)
    said = []
    rededuplicate(made, {"threshold": 0.95}, tmp_path / "out", talk=said.append)
    assert said == ["comparing all records again: clusters.jsonl lacks what is needed"]
    clean(sources, select_steps(STEPS, settings=["dedup.threshold=0.95"]), tmp_path / "expected")
    assert_same(tmp_path / "out", tmp_path / "expected")


def _changed(change):
    def make(made, tmp_path):
        manifest = read_manifest(made)
        change(manifest)
        (made / "manifest.json").write_text(json.dumps(manifest))
        return made

    return make


def _split(made, tmp_path):
    split_dataset(made, tmp_path / "split", validation=0, test=0)
    return tmp_path / "split"


def _edited(made, tmp_path):
    path = made / "clusters.jsonl"
    path.write_bytes(path.read_bytes().replace(b"a:1", b"a:2"))
    return made


def _stripped(made, tmp_path):
    path = made / "dropped.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"instruction"', b'"question"'))
    _rehash(made)
    return made


REFUSED = {
    "split": (_split, r"was written by `curate split`: .* then split the result"),
    "another version": (
        _changed(lambda m: m["versions"].update(curate="9.9")),
        r"written with curate 9\.9, and another version may .* clean the original files again",
    ),
    "an unknown step": (
        _changed(lambda m: m["steps"][-1].update(name="polish")), "step polish is not known here",
    ),
    "a later step": (
        _changed(lambda m: m["steps"].append({**m["steps"][0], "name": "echo"})),
        "the step echo came after dedup: clean the original files again",
    ),
    "changed by hand": (_edited, r"clusters\.jsonl: its SHA-256 is not the manifest's"),
    "changed and hashed anew": (_stripped, r"was changed by hand \(.*`curate audit` says where"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name, made, tmp_path):
    make, message = REFUSED[name]
    directory = make(made, tmp_path)
    with pytest.raises(DatasetError, match=message):
        rededuplicate(directory, {"threshold": 0.9}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("target", [".", "inner"])
def test_the_source_is_not_overwritten(target, made):
    with pytest.raises(UsageError, match="is the dataset directory itself or in it"):
        rededuplicate(made, {"threshold": 0.9}, made / target, overwrite=True)


def run(*arguments):
    return CliRunner().invoke(main, ["clean", *map(str, arguments)])


def test_the_command_takes_this_way_for_a_dataset_directory(made, tmp_path):
    done = run(made, "-o", tmp_path / "out", "--set", "dedup.threshold=0.95")
    assert (done.exit_code, done.stderr) == (0, f"{RECALLED}\n")
    assert read_manifest(tmp_path / "out")["counts"]["read"] == 18


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "dedup.threshold=0.95", "--only", "dedup"],
        ["--set", "dedup.threshold=0.95", "--skip", "echo"],
        ["--set", "dedup.threshold=0.95", "--set", "length.max_words=400"],
        [],
    ],
    ids=" ".join,
)
def test_with_anything_else_the_directory_is_a_source(arguments, made, tmp_path):
    kept = read_manifest(made)["counts"]["kept"]
    done = run(made, "-o", tmp_path / "out", *arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert read_manifest(tmp_path / "out")["counts"]["read"] == kept


def test_a_directory_without_dedup_is_a_source(sources, tmp_path):
    clean(sources, select_steps(STEPS, skip=["dedup"]), tmp_path / "made")
    done = run(tmp_path / "made", "-o", tmp_path / "out", "--set", "dedup.threshold=0.95")
    assert (done.exit_code, done.stderr) == (0, "")
    assert read_manifest(tmp_path / "out")["steps"][-1]["name"] == "dedup"


def test_wrong_options_are_said(made, tmp_path):
    done = run(made, "-o", tmp_path / "out", "--set", "dedup.threshold=2")
    assert done.exit_code == 2
    assert "dedup.threshold=2: Input should be less than or equal to 1" in done.stderr
