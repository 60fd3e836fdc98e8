"""What `curate clean --against` removes, and that it is what a run over everything removes."""

import itertools
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cleaning import clean
from curate.cli import main
from curate.dataset import audit, explain, read_manifest, read_records
from curate.errors import DatasetError
from curate.records import Dropped, Record, Reference
from curate.references import open_set
from curate.revalidating import revalidate
from curate.sources import resolve
from curate.steps.dedup import Dedup

LONG = (
    "The old lighthouse keeper climbed the narrow stairs every evening before the sun went down "
    "and lit the great lamp so that ships far out at sea could find their way home"
)
PROMPTS = [
    LONG, LONG.replace("find", "see"), LONG.replace("find their", "see a"), LONG.upper(),
    f"{LONG} to Norway harbour", f"{LONG} to norway harbour", f"{LONG} to Sweden harbour",
    LONG + ". What was lit?", LONG + ". What was lit", LONG + ". When was it lit?",
    "Name a day.", "name a day", "Name 2 days.",
]  # fmt: skip
ANSWERS = ["It is so.", "it is so", "No way."]
OPTIONS = st.fixed_dictionaries(
    {"threshold": st.sampled_from([0.5, 0.7, 0.8, 0.9, 1])},
    optional={
        "prompt_threshold": st.sampled_from([0.6, 0.95]),
        "scope": st.sampled_from(["prompt", "answer"]),
    },
)


def sets_of(*names):
    """Return records of several sources, each with texts from a small stock."""
    row = st.tuples(st.sampled_from(PROMPTS), st.sampled_from(ANSWERS), st.integers(0, 2))
    rows = [st.lists(row, max_size=8) for _ in names]
    return st.tuples(*rows).map(
        lambda lists: [
            [
                Record(id=f"{name}:{n}", instruction=text, output=answer, source=name,
                       meta={"quality_score": quality})
                for n, (text, answer, quality) in enumerate(rows)
            ]
            for name, rows in zip(names, lists, strict=True)
        ]
    )  # fmt: skip


def run(records, references=(), **options):
    """Return what stays, what goes, and the lines of clusters.jsonl."""
    notes = []
    results = list(Dedup(**options).run(records, notes.append, references))
    assert [r.record if isinstance(r, Dropped) else r for r in results] == records
    gone = [r for r in results if isinstance(r, Dropped)]
    return [r for r in results if isinstance(r, Record)], gone, notes


def named(gone, notes):
    pairs = {(r.evidence["set"], r.evidence["kept"]) for r in gone if "set" in r.evidence}
    return pairs | {tuple(pair) for line in notes for pair in line.get("others", ())}


@settings(max_examples=100, deadline=None)
@given(sets_of("c", "a", "b"), OPTIONS)
def test_one_after_the_other_is_as_good_as_all_at_once(sets, options):
    whole, _, _ = run(list(itertools.chain(*sets)), prefer=("c", "a", "b"), **options)
    stay = []
    for records in sets:
        kept, gone, _ = run(records, [Reference("old", record) for record in stay], **options)
        known = {record.id for record in stay}
        alive = {record.id for record in kept}
        assert all(r.evidence["kept"] in (known if "set" in r.evidence else alive) for r in gone)
        stay += kept
    assert {record.id for record in stay} == {record.id for record in whole}


@settings(max_examples=100, deadline=None)
@given(
    sets_of("a", "b", "c"),
    OPTIONS,
    st.sampled_from(["keep_all", "first", "longest", "prefer", "majority", "drop"]),
)
def test_the_references_that_are_named_are_enough(sets, options, conflicts):
    one, other, records = sets
    references = [Reference("one", r) for r in one] + [Reference("other", r) for r in other]
    kept, gone, notes = run(records, references, conflicts=conflicts, **options)
    names = named(gone, notes)
    few = [r for r in references if (r.set, r.record.id) in names]
    assert run(records, few, conflicts=conflicts, **options) == (kept, gone, notes)
    for line in notes:
        assert line["ids"] or line.get("gone")
    # In another order of the sets, and with every reference twice, the same goes.
    twice = [Reference("third", r.record) for r in references[: len(one)]] + references[::-1]
    again = run(records, twice, conflicts=conflicts, **options)
    assert again[0] == kept
    turned = run(records, references[len(one) :] + references[: len(one)],
                 conflicts=conflicts, **options)  # fmt: skip
    assert turned == (kept, gone, notes)


def record(name, instruction, output, **fields):
    return Record(id=name, instruction=instruction, output=output, **fields)


def test_evidence_names_the_most_similar_then_the_first_set_by_name():
    mine = [record("b:1", LONG, "Yes.")]
    references = [
        Reference("y", record("a:1", LONG.replace("find", "see"), "Yes.")),
        Reference("y", record("a:2", LONG, "yes")),
        Reference("x", record("a:3", LONG, "yes")),
        Reference("x", record("a:4", LONG.replace("find", "see"), "Yes, yes, yes!")),
    ]
    for order in itertools.permutations(references):
        _, (gone,), (line, *_) = run(mine, order)
        assert (gone.reason, gone.evidence) == (
            "normalised_duplicate", {"kept": "a:3", "set": "x", "score": 1.0, "field": "both"},
        )  # fmt: skip
        assert line["ids"] == ["b:1"]
        assert line["others"] == [["x", "a:3"], ["y", "a:1"], ["y", "a:2"]]
        # 32 words are 30 triples; one other word changes 3: 27 of 33.
        assert line["pairs"] == [[0, 2, 0.8181, 1.0]]


def test_pairs_and_clusters_of_references_alone_are_not_noted():
    references = [
        Reference("x", record("a:1", LONG, "Yes.")),
        Reference("x", record("a:2", LONG.replace("find", "see"), "Yes.")),
        Reference("x", record("a:3", "Who?", "Tom.")),
        Reference("x", record("a:4", "Who?", "Ada.")),
    ]
    assert run([record("b:1", "Why?", "So.")], references)[1:] == ([], [])


COLOURS = [
    Reference("old", record("a:1", "Colour?", "Red.")),
    Reference("old", record("a:2", "Colour?", "Green, of course, as always.")),
]


@pytest.mark.parametrize(
    ("policy", "stay", "winner"),
    [
        ("keep_all", ["b:1", "b:2"], None),
        ("first", [], "a:1"),
        ("longest", [], "a:2"),
        ("majority", [], "a:1"),
        ("prefer", [], "a:1"),
        ("drop", [], None),
    ],
)
def test_a_prompt_that_another_set_answers_otherwise(policy, stay, winner):
    mine = [record("b:1", "Colour?", "Blue, and nothing else in the whole wide world."),
            record("b:2", "colour", "Black."), record("b:3", "Colour?", "red")]  # fmt: skip
    kept, gone, notes = run(mine, COLOURS, conflicts=policy)
    assert [r.id for r in kept] == stay
    assert gone[-1].reason == "normalised_duplicate"
    assert gone[-1].evidence["kept"] == "a:1"
    lost = [r.evidence for r in gone if r.reason == "conflict"]
    assert len(lost) == 2 - len(stay)
    for evidence in lost:
        expected = {"kept": winner, **({"set": "old"} if winner else {})}
        expected |= {"score": 0.0 if winner else None, "field": "answer", "policy": policy}
        assert evidence == expected
    (line,) = (note for note in notes if note["kind"] == "conflict")
    assert line == {"kind": "conflict", "ids": ["b:1", "b:2"],
                    "others": [["old", "a:2"], ["old", "a:1"]]}  # fmt: skip


def rows(*pairs):
    return [{"instruction": one, "input": "", "output": other} for one, other in pairs]


@pytest.fixture
def place(tmp_path, write_rows, monkeypatch):
    """Return a folder with old.jsonl, new.jsonl and OLD, the dataset directory of old.jsonl."""
    write_rows(tmp_path / "old.jsonl", rows(("Name a day.", "Friday."), ("Name a day.", "friday"),
                                            (LONG, "Yes."), ("Who?", "Tom.")))  # fmt: skip
    new = rows(("Name a day", "FRIDAY"), (LONG.replace("find", "see"), "Yes."), ("Who?", "Ada."),
               ("Name a pet.", "A cat."), ("Name a pet!", "A cat"))  # fmt: skip
    write_rows(tmp_path / "new.jsonl", new)
    monkeypatch.chdir(tmp_path)
    curate("clean", "old.jsonl", "-o", "OLD")
    return tmp_path


def curate(*arguments, code=0):
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == code, done.output
    return done.output


def ledger(path):
    return [orjson.loads(line) for line in Path(path).read_bytes().splitlines()]


def test_a_run_against_a_dataset_directory(place):
    said = curate("clean", "new.jsonl", "-o", "NEW", "--against", "OLD")
    assert "compared with OLD: 2 records went\n" in said
    went = {row["record"]["id"]: row["evidence"] for row in ledger("NEW/dropped.jsonl")}
    assert went.pop("new:5") == {"kept": "new:4", "score": 1.0, "field": "both"}
    assert went == {
        "new:1": {"kept": "old:1", "set": "OLD", "score": 1.0, "field": "both"},
        "new:2": {"kept": "old:3", "set": "OLD", "score": 0.8181, "field": "both",
                  "prompt": 0.8181, "answer": 1.0},
    }  # fmt: skip
    assert [row["record"]["id"] for row in ledger("NEW/references.jsonl")] == [
        "old:1", "old:3", "old:4"
    ]  # fmt: skip
    (entry,) = read_manifest(Path("NEW"))["references"]
    assert (entry["set"], entry["path"], entry["rows"]) == ("OLD", "OLD/train.jsonl", 3)
    audit(Path("NEW"))
    assert revalidate(Path("NEW")).startswith("5 records, as they were read, meet the same fate")
    assert explain(Path("NEW"), "new:2")["survivor"]["origin"] == "old.jsonl:3"
    told = curate("explain", "NEW", "new:2")
    assert "dedup: old:3 of OLD stayed in its place, score 0.8181" in told
    assert "old:3 of OLD" in told.split("Beside the record that stayed")[1]


def test_every_split_of_a_dataset_directory_counts(place):
    curate("split", "OLD", "-o", "SPLIT", "--validation", "0.4", "--test", "0", "--seed", "1")
    assert len({split for split, _ in read_records(Path("SPLIT"))}) > 1
    curate("clean", "new.jsonl", "-o", "ONE", "--against", "S=OLD")
    curate("clean", "new.jsonl", "-o", "OTHER", "--against", "S=SPLIT")
    for name in ("train.jsonl", "dropped.jsonl", "clusters.jsonl"):
        assert Path("ONE", name).read_bytes() == Path("OTHER", name).read_bytes()


def test_several_sets_in_any_order(place):
    arguments = ("OLD", "raw=old.jsonl")
    for out, order in (("ONE", arguments), ("OTHER", arguments[::-1])):
        options = [part for name in order for part in ("--against", name)]
        said = curate("clean", "new.jsonl", "-o", out, *options)
    assert "compared with OLD: 2 records went\n" in said
    assert "compared with raw: 0 records went\n" in said
    for name in ("train.jsonl", "dropped.jsonl", "clusters.jsonl"):
        assert Path("ONE", name).read_bytes() == Path("OTHER", name).read_bytes()


def test_another_threshold_needs_no_other_set(place):
    curate("clean", "new.jsonl", "-o", "NEW", "--against", "OLD")
    again = ("--set", "dedup.threshold=0.9", "--set", "dedup.conflicts=longest")
    curate("clean", "new.jsonl", "-o", "STRICT", "--against", "OLD", *again)
    for path in Path("OLD").iterdir():
        path.unlink()
    curate("clean", "NEW", "-o", "AGAIN", *again)
    assert [row["record"]["id"] for row in ledger("AGAIN/dropped.jsonl")] == [
        "new:1", "new:3", "new:5",
    ]  # fmt: skip
    for path in Path("STRICT").iterdir():
        assert path.read_bytes() == Path("AGAIN", path.name).read_bytes()
    said = curate("clean", "NEW", "-o", "X", "--set", "dedup.scope=prompt", code=1)
    assert "dedup.scope is another one, and the records were compared with another set" in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--against", "OLD", "--skip", "dedup"], 2, "--against OLD: the step dedup compares"),
        (["--against", "OLD", "--only", "normalise"], 2, "--against OLD: the step dedup compares"),
        (["--against", "OLD", "--against", "OLD"], 2, "two sets to compare with are called OLD"),
        (["--against", "nowhere"], 1, "nowhere does not exist"),
        (["--against", "-"], 2, "standard input"),
        (["--against", "OLD", "--restore", "dedup"], 2, "--restore with --against"),
    ],
)
def test_what_is_refused(place, arguments, code, said):
    assert said in curate("clean", "new.jsonl", "-o", "NEW", *arguments, code=code)
    assert not Path("NEW").exists()


def test_a_set_is_never_written_over(place):
    sets = {"dedup": [open_set("OLD")]}
    with pytest.raises(DatasetError, match=r"OLD: holds the source OLD/train\.jsonl"):
        clean(resolve(["new.jsonl"]), [Dedup()], Path("OLD"), compared=sets, overwrite=True)
    curate("clean", "new.jsonl", "-o", "OLD/NEW", "--against", "OLD")
    curate("clean", "new.jsonl", "-o", "OLD/NEW", "--against", "OLD", "--overwrite")
    assert [entry["path"] for entry in read_manifest(Path("OLD/NEW"))["references"]] == [
        "OLD/train.jsonl"
    ]
