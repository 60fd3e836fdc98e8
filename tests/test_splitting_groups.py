"""What `curate split` keeps together, that it proves it, and that nothing moves."""

import hashlib
from collections import Counter
from itertools import combinations

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cleaning import clean
from curate.cli import main
from curate.dataset import audit, read_ledger, read_manifest, read_records
from curate.dataset.digest import ContentDigest
from curate.errors import DatasetError
from curate.records import Record
from curate.sources import resolve
from curate.splitting import Shares, check_split, split_dataset
from curate.splitting.planning import find_plan
from curate.steps.dedup import Dedup
from curate.steps.validate import Validate

STORY = (
    "The old keeper climbed the tower every evening at dusk and lit the lamp by hand while the "
    "fishing boats below turned one after another towards the narrow harbour of the island"
)


def words(seed, count):
    return " ".join(f"w{seed}x{number}" for number in range(count))


def record(number, instruction, source="a", **fields):
    fields = {"output": words(f"out{number}", 6), **fields}
    return Record(id=f"{source}:{number}", instruction=instruction, source=source, **fields)


def splits(records, **shares):
    shares = Shares(**{"validation": 0.25, "test": 0.25, **shares})
    plan = find_plan(records, shares, Dedup())
    return [plan.split(number) for number in range(len(records))], plan


def together(one, other, seeds=12):
    """Whether two records are in one split whatever the seed."""
    return all(len(set(splits([one, other], seed=seed)[0])) == 1 for seed in range(seeds))


HISTORY = [{"role": "user", "content": "Who is Ada?"}, {"role": "assistant", "content": "A girl."}]


@pytest.mark.parametrize(
    ("one", "other", "whole"),
    [
        ({"instruction": "Who?", "context": "Tom."}, {"instruction": "Why?", "context": "tom."}, 1),
        ({"instruction": "Who?", "context": "Tom."}, {"instruction": "Why?", "context": "Ann."}, 0),
        ({"instruction": "Name a colour."}, {"instruction": "name a  COLOUR"}, 1),
        ({"instruction": f"{STORY} Who?"}, {"instruction": f"What? {STORY.upper()}"}, 1),
        ({"instruction": "Who climbed?", "context": STORY}, {"instruction": f"{STORY} Why?"}, 1),
        ({"instruction": f"Who? {words(1, 12)}"}, {"instruction": f"{words(1, 12)} Why?"}, 0),
        ({"instruction": f"Who? {words(1, 13)}"}, {"instruction": f"{words(1, 13)} Why?"}, 1),
        ({"instruction": "One", "system": STORY}, {"instruction": "Two", "system": STORY}, 0),
        (
            {"instruction": "Who is Ada?", "output": "A girl."},
            {"instruction": "How old is she?", "history": HISTORY},
            1,
        ),
        (
            {"instruction": "Where does she live?", "history": HISTORY},
            {"instruction": "How old is she?", "history": HISTORY},
            1,
        ),
        (
            {"instruction": "Who is Ada?", "output": "A queen."},
            {"instruction": "How old is she?", "history": HISTORY},
            0,
        ),
    ],
)
def test_what_belongs_together(one, other, whole):
    assert together(record(1, **one), record(2, **other)) == bool(whole)


def test_near_duplicates_stay_together_at_the_threshold_of_dedup():
    one, other = (
        record(n, " ".join(f"{word} {STORY.split()[at]}" for at, word in enumerate(text.split())),
               output="yes")
        for n, text in enumerate(["a b c d e f g h", "a b c d e f g i"])
    )  # fmt: skip
    plan = [find_plan([one, other], Shares(), Dedup(threshold=t)).links for t in (0.5, 1.0)]
    assert [links.kind.tolist().count(0) for links in plan] == [1, 0]


def test_the_wording_of_many_prompts_is_no_passage():
    records = [record(n, f"{STORY}: {words(n, 15)}") for n in range(200)]
    places, plan = splits(records)
    assert set(places) == {"train", "validation", "test"}
    assert not plan.places.between


def test_a_long_passage_that_most_records_of_a_source_have_is_one():
    records = [record(n, f"{words('story', 60)} {words(n, 15)}") for n in range(200)]
    assert len(set(splits(records)[0])) == 1


def sources(draw, count):
    """Sources whose prompts are made of a few passages, so that they are linked in all ways."""
    passages = st.lists(st.integers(0, 11), min_size=1, max_size=2)
    found, number = [], 0
    for source in range(count):
        for chosen in draw(st.lists(passages, min_size=1, max_size=8)):
            number += 1
            text = " ".join([f"q{number}?", *(words(f"p{passage}", 14) for passage in chosen)])
            found.append((record(number, text, source=f"s{source}"), set(chosen)))
    return found


@given(st.data())
@settings(max_examples=30)
def test_no_group_is_torn_and_a_source_behind_moves_nothing(data):
    found = sources(data.draw, 4)
    stratify = data.draw(st.sampled_from([None, "source"]))
    records = [record for record, _ in found]
    places, plan = splits(records, stratify=stratify)
    for (one, a), (other, b) in combinations(zip(found, places, strict=True), 2):
        if one[1] & other[1] and a and b:
            assert a == b
    for number, place in enumerate(places):
        assert bool(place) == (number not in plan.places.between)
    for last in range(4):
        before = [record for record in records if int(record.source[1:]) <= last]
        assert splits(before, stratify=stratify)[0] == places[: len(before)]


@given(st.data())
@settings(max_examples=30)
def test_what_is_dropped_belongs_to_two_splits(data):
    found = sources(data.draw, 3)
    places, plan = splits([record for record, _ in found])
    by_id = {record.id: n for n, (record, _) in enumerate(found)}
    for number in plan.places.between:
        evidence = plan.evidence(number)
        named = [split for split in ("train", "validation", "test") if split in evidence]
        assert len(named) >= 2
        for split in named:
            other = by_id[evidence[split]]
            assert places[other] == split
            assert found[other][1] & found[number][1]


def test_one_source_loses_nothing():
    records = [record(n, f"q{n} {words(n // 2, 14)} {words(n // 3, 15)}") for n in range(60)]
    assert "" not in splits(records)[0]


def test_a_record_between_two_splits_is_dropped_with_both_named():
    old = [record(n, f"q{n} {words(n, 14)}") for n in range(40)]
    places, _ = splits(old)
    train, test = places.index("train"), places.index("test")
    new = record(0, f"both: {words(train, 14)} {words(test, 14)}", source="b")
    after, plan = splits([*old, new])
    assert after == [*places, ""]
    assert plan.evidence(40) == {
        "train": f"a:{train}", "train_shares": "passage",
        "test": f"a:{test}", "test_shares": "passage",
    }  # fmt: skip


def test_every_source_gets_its_share():
    records = [record(n, f"q {words(n, 5)}", source=f"s{n % 3}") for n in range(300)]
    places, _ = splits(records, validation=0.1, test=0.05, stratify="source")
    for source in ("s0", "s1", "s2"):
        mine = Counter(p for p, r in zip(places, records, strict=True) if r.source == source)
        assert mine == {"train": 85, "validation": 10, "test": 5}


def test_small_sources_get_their_share_together():
    records = [record(n, f"q {words(n, 5)}", source=f"s{n // 3:02}") for n in range(120)]
    places, _ = splits(records, validation=0.1, test=0.05, stratify="source")
    assert Counter(places) == {"train": 102, "validation": 12, "test": 6}


@pytest.fixture
def made(write_rows, tmp_path):
    def make(name, *groups):
        paths = []
        for number, texts in enumerate(groups):
            rows = [{"instruction": t, "output": words(f"o{number}{t}", 5)} for t in texts]
            paths.append(str(write_rows(tmp_path / f"{name}{number}.jsonl", rows)))
        clean(resolve(paths), [Validate()], tmp_path / name)
        return tmp_path / name

    return make


OLD = [f"q{n} {words(n // 4, 14)}" for n in range(160)]


def test_the_account_has_what_was_dropped_and_audit_agrees(made, tmp_path):
    first = made("first", OLD)
    split_dataset(first, tmp_path / "one", validation=0.2, test=0.2)
    bridges = [f"b{n} {words(n, 14)} {words(n + 1, 14)}" for n in range(39)]
    both = made("both", OLD, bridges)
    counts = split_dataset(both, tmp_path / "two", validation=0.2, test=0.2)
    old, new = ({r.instruction: split for split, r in read_records(tmp_path / name)}
                for name in ("one", "two"))  # fmt: skip
    assert {text: new[text] for text in old} == old
    manifest = read_manifest(tmp_path / "two")
    step = manifest["steps"][-1]
    gone = step["dropped"]["between_splits"]
    assert gone > 0
    assert step["in"] == 199 == step["kept"] + gone
    assert manifest["counts"] == {"read": 199, "kept": 199 - gone, "dropped": gone,
                                  "quarantined": 0}  # fmt: skip
    assert step["proof"]["across"] == dict.fromkeys(
        ("near_duplicate", "prompt", "context", "conversation", "passage"), 0
    )
    assert sum(sum(row.values()) for row in step["shares"].values()) == sum(counts.values())
    audit(tmp_path / "two")
    assert check_split(tmp_path / "two") == (
        "the splits share nothing, and 199 records are where they belong"
    )
    shown = CliRunner().invoke(main, ["audit", str(tmp_path / "two")])
    assert shown.exit_code == 0, shown.output


def test_two_runs_write_the_same_bytes(made, tmp_path):
    directory = made("first", OLD)
    for name in ("one", "two"):
        split_dataset(directory, tmp_path / name, validation=0.2, test=0.2, stratify="source")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def forge(directory, change):
    """Change a split directory by hand, all hashes and counts along."""
    rows = {split: [r for s, r in read_records(directory) if s == split]
            for split in ("train", "validation", "test")}  # fmt: skip
    manifest = read_manifest(directory)
    change(rows, manifest)
    digest = ContentDigest()
    for output in manifest["outputs"]:
        split = output["path"].removesuffix(".jsonl")
        if split in rows:
            data = b"".join(orjson.dumps(r.to_dict()) + b"\n" for r in rows[split])
            (directory / output["path"]).write_bytes(data)
            output["sha256"] = hashlib.sha256(data).hexdigest()
            output["rows"] = len(rows[split])
    for split, records in rows.items():
        for one in records:
            digest.add(split, one)
    manifest["digest"] = digest.hexdigest()
    (directory / "manifest.json").write_bytes(orjson.dumps(manifest))


def _leak(rows, manifest):
    shared = next(r for r in rows["train"] if words(3, 14) in r.instruction)
    rows["train"].remove(shared)
    rows["test"] = sorted([*rows["test"], shared], key=lambda r: int(r.id.split(":")[1]))


def _move(rows, manifest):
    shared = next(r for r in rows["train"] if r.instruction.startswith("alone"))
    rows["train"].remove(shared)
    rows["test"] = sorted([*rows["test"], shared], key=lambda r: int(r.id.split(":")[1]))


def _claim(rows, manifest):
    manifest["steps"][-1]["proof"]["groups"] += 1


def _claim_shares(rows, manifest):
    manifest["steps"][-1]["shares"]["first0"]["train"] += 1


def _other_version_leaks(rows, manifest):
    _leak(rows, manifest)
    manifest["versions"]["curate"] = "0.0.0"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_leak, "share a passage, so the splits are not apart"),
        (_move, "is in split test, and belongs in split train"),
        (_claim, "the proof of the step split is not"),
        (_claim_shares, "shares of the step split are"),
        (_other_version_leaks, "share a passage, so the splits are not apart"),
    ],
)
def test_a_directory_that_leaks_is_refused(made, tmp_path, change, said):
    directory = made("first", [*OLD, *(f"alone {words(f'z{n}', 9)}" for n in range(20))])
    out = tmp_path / "out"
    for seed in range(50):
        split_dataset(directory, out, validation=0.2, test=0.2, seed=seed, overwrite=True)
        train = [r.instruction for s, r in read_records(out) if s == "train"]
        if any(words(3, 14) in text for text in train):
            break
    check_split(out)
    forge(out, change)
    audit(out)
    with pytest.raises(DatasetError, match=said):
        check_split(out)
    shown = CliRunner().invoke(main, ["audit", str(out)])
    assert shown.exit_code == 1


def test_splits_without_a_step_are_refused(made, tmp_path):
    split_dataset(made("first", OLD), tmp_path / "out", validation=0.2, test=0.2)
    manifest = read_manifest(tmp_path / "out")
    manifest["steps"].pop()
    (tmp_path / "out" / "manifest.json").write_bytes(orjson.dumps(manifest))
    with pytest.raises(DatasetError, match="has splits, and no step split made them"):
        check_split(tmp_path / "out")


def test_what_is_split_already_is_not_split_again(made, tmp_path):
    split_dataset(made("first", OLD), tmp_path / "out")
    with pytest.raises(DatasetError, match="is split already"):
        split_dataset(tmp_path / "out", tmp_path / "again")


def test_the_terminal_says_what_came_out(made, tmp_path):
    big = [f"q{n} {words('one', 60)}" for n in range(50)]
    directory = made("big", big, OLD)
    shown = CliRunner().invoke(
        main, ["split", str(directory), "-o", str(tmp_path / "out"), "--stratify", "source",
               "--test", "0.1"]
    )  # fmt: skip
    assert shown.exit_code == 0, shown.output
    assert "0 × passage" in shown.output
    assert "the largest of 50 records" in shown.output
    assert "test: 16 of 210 records, 7.6% and not 10.0%: groups stay whole" in shown.output


def test_no_way_out_is_offered_where_there_is_none(made, tmp_path):
    whole = made("whole", [f"q{n} {words('one', 60)}" for n in range(50)])
    few = made("few", [f"q{n} {words(n, 14)}" for n in range(40)])

    def said(directory, *options):
        command = ["split", str(directory), "-o", str(tmp_path / f"{directory.name}-out")]
        return CliRunner().invoke(main, [*command, *options]).output

    shown = said(whole, "--test", "0.15", "--seed", "1")
    assert (
        "test: 0 of 50 records, 0.0% and not 15.0%: groups stay whole, of 1 the largest has 50 "
        "records\n"
    ) in shown
    assert "\n1 group, the largest of 50 records; across" in shown
    shown = said(few, "--validation", "0.45", "--test", "0.45")
    assert "of 40 the largest has 1 record; `--stratify source` fits" in shown
    assert "\n40 groups, the largest of 1 record; across" in shown


def test_nothing_to_train_on_says_what_to_do(made, tmp_path):
    whole = made("whole", [f"q{n} {words('one', 60)}" for n in range(50)])
    command = ["split", str(whole), "-o", str(tmp_path / "out"), "--test", "0.5",
               "--validation", "0.45"]  # fmt: skip
    output = CliRunner().invoke(main, command).output
    assert "(50 records to test): groups stay whole; give --stratify source, another" in output
    assert CliRunner().invoke(main, [*command, "--stratify", "source"]).exit_code == 0


def test_a_dropped_record_is_explained(made, tmp_path):
    bridges = [f"b{n} {words(n, 14)} {words(n + 1, 14)}" for n in range(39)]
    split_dataset(made("both", OLD, bridges), tmp_path / "out", validation=0.2, test=0.2)
    dropped = next(iter(read_ledger(tmp_path / "out" / "dropped.jsonl")))
    shown = CliRunner().invoke(main, ["explain", str(tmp_path / "out"), dropped["record"]["id"]])
    assert shown.exit_code == 0, shown.output
    assert "between_splits" in shown.output
    assert all(id in shown.output for id in dropped["evidence"].values() if ":" in id)
