"""`curate merge`: what each source gives, to the record, and what is said of it."""

import hashlib
import shlex
from collections import Counter
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli import main
from curate.dataset import explain, read_ledger, read_manifest
from curate.dataset.digest import ContentDigest
from curate.dataset.mixture import Mixture
from curate.errors import SourceError, UsageError
from curate.mixing import lot
from curate.records import Dropped, Record
from curate.reporting.card import card
from curate.reporting.commands import commands
from curate.splitting import check_split
from curate.steps.mix import Mix


def merge(*arguments, status=0):
    done = CliRunner().invoke(main, ["merge", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.output


def audit(directory, status=0):
    done = CliRunner().invoke(main, ["audit", str(directory)])
    assert done.exit_code == status, done.output
    return done.output


def rows_of(name, count, **more):
    """Return records none of which is like another."""
    return [
        {"instruction": f"{name}{n} {name}a{n} {name}b{n}?", "output": f"{name}c{n} {n}.", **more}
        for n in range(count)
    ]


@pytest.fixture
def place(tmp_path, write_rows, monkeypatch):
    """Return a folder with big.jsonl (100 records), mid.jsonl (40) and small.jsonl (10)."""
    monkeypatch.chdir(tmp_path)
    for name, count in (("big", 100), ("mid", 40), ("small", 10)):
        write_rows(tmp_path / f"{name}.jsonl", rows_of(name, count))
    return tmp_path


ALL = "big.jsonl", "mid.jsonl", "small.jsonl"


def held(directory="out"):
    """Return how many lines of train.jsonl each source has."""
    with open(f"{directory}/train.jsonl", "rb") as file:
        return Counter(orjson.loads(line)["source"] for line in file)


def steps_of(directory):
    return [step["name"] for step in read_manifest(directory)["steps"]]


def planned(directory="out"):
    mixing = read_manifest(Path(directory))["mixing"]
    return {row["name"]: row["planned"] for row in mixing["sources"]}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], {"big": 100, "mid": 40, "small": 10}),
        (["--total", 75], {"big": 50, "mid": 20, "small": 5}),
        # relative to one another: 7 : 2 : 1, until small has no more
        (["--weight", "big=7", "--weight", "mid=2", "--weight", "small=1"],
         {"big": 70, "mid": 20, "small": 10}),
        # a quarter for small is all it has: 40 in all, the rest as 100 to 40
        (["--weight", "small=0.25"], {"big": 21, "mid": 9, "small": 10}),
        (["--cap", "big=20"], {"big": 20, "mid": 40, "small": 10}),
        (["--cap", "big=0"], {"mid": 40, "small": 10}),
        (["--weight", "small=0"], {"big": 100, "mid": 40}),
        # sizes 100, 40, 10 to the power 1/2: 10, 6.32, 3.16 of 19.49
        (["--total", 30, "--temperature", 2], {"big": 15, "mid": 10, "small": 5}),
        (["--total", 40, "--weight", "small=0.5", "--repeat"],
         {"big": 14, "mid": 6, "small": 20}),
    ],
)  # fmt: skip
def test_each_source_gives_its_share(place, options, expected):
    output = merge(*ALL, "-o", "out", *options)
    assert held() == expected
    manifest = read_manifest(place / "out")
    assert {r["name"]: r["realised"] for r in manifest["mixing"]["sources"] if r["realised"]} == (
        expected
    )
    counts = manifest["counts"]
    assert counts["read"] == 150 == counts["kept"] + counts["dropped"]
    assert "missing" not in output
    audit("out")


def test_who_has_too_few_gives_all_and_those_without_a_weight_fill_up_first(place):
    output = merge(*ALL, "-o", "out", "--weight", "small=0.5", "--weight", "mid=0.2", "--total", 50)
    assert planned() == {"big": 15, "mid": 10, "small": 25}
    assert held() == {"big": 30, "mid": 10, "small": 10}
    assert "small: 15 of 25 planned are missing: it has no more (--repeat would)" in output
    assert "in their place are more than planned: big 15" in output


def test_a_total_above_all_there_is(place):
    output = merge("mid.jsonl", "small.jsonl", "-o", "out", "--total", 500, "--cap", "mid=30")
    assert held() == {"mid": 30, "small": 10}
    assert "mid: 345 of 375 planned are missing: its cap is 30" in output
    assert "40 records and not 500: all the sources together have no more to give" in output


def test_what_stays_out_for_the_shares_is_said(place):
    output = merge(*ALL, "-o", "out", "--weight", "small=0.25")
    assert "110 records stay out so that the shares hold: small gives all it has; --rep" in output
    output = merge(*ALL, "-o", "capped", "--weight", "big=0.5", "--cap", "big=10")
    assert "130 records stay out so that the shares hold: big gives its cap\n" in output


def test_why_records_stay_out_is_true(place, write_rows):
    said = "records stay out so that the shares hold"
    output = merge(*ALL, "-o", "a", "--temperature", 2)  # 10 : 6.32 : 3.16 of 61.6
    assert held("a") == {"big": 31, "mid": 20, "small": 10}
    assert f"89 {said}: small gives all it has; --repeat" in output
    assert said not in merge(*ALL, "-o", "b", "--weight", "big=0")  # that is what was asked
    output = merge("mid.jsonl", "small.jsonl", "-o", "c", "--weight", "mid=0.5", "--cap", "small=9")
    assert f"32 {said}: small gives its cap\n" in output


def test_no_name_steers_the_terminal(place, write_rows):
    name = "e\x1b[31m\nx"
    write_rows(place / "own.jsonl", rows_of("own", 3, license="a\x1b[31mb"))
    output = merge("own.jsonl", f"{name}=small.jsonl", "-o", "out", "--weight", f"{name}=0.2",
                   "--total", 5)  # fmt: skip
    assert "\x1b" not in output
    assert "own: 1 of 4 planned are missing: it has no more" in output
    assert "in their place are more than planned: e\\x1b[31m\\nx 1" in output
    assert "licences: unknown 2, a\\x1b[31mb 3" in output


def test_what_is_unknown_is_counted_once(place):
    output = merge("mid.jsonl", "small.jsonl", "mid.license=unknown", "-o", "out")
    assert "licences: unknown 50\n" in output
    card = (place / "out" / "README.md").read_text()
    assert card.count("| unknown | 50 |") == 1
    assert "- 50 records have no licence that is known." in card


def test_a_licence_with_a_comma_in_its_name_is_made_again(place):
    terms = "x.license=terms,v1"
    merge("x=mid.jsonl", "small.jsonl", terms, "-o", "out", "--set", "licenses.allow=['terms,v1']")
    (line,) = commands(read_manifest(place / "out"))
    merge(*shlex.split(line)[2:])
    again = read_manifest(place / "dataset")
    assert again["digest"] == read_manifest(place / "out")["digest"]


def test_the_table_has_planned_and_realised_side_by_side(place):
    lines = merge(*ALL, "-o", "out", "--weight", "small=0.5", "--total", 30).splitlines()
    row = next(line.split() for line in lines if line.split()[:1] == ["small"])
    assert row == ["small", "10", "0.5", "15", "10", "33.3%", "1"]


def test_repetition_is_even_and_written_down(place, read_rows):
    merge("mid.jsonl", "small.jsonl", "-o", "out", "--weight", "small=0.5", "--repeat",
          "--total", 50)  # fmt: skip
    rows = read_rows(place / "out" / "train.jsonl")
    small = [row for row in rows if row["source"] == "small"]
    ids = sorted(f"small:{n}" for n in range(1, 11))
    first_lots = sorted(ids, key=lambda id: lot(id, 0))[:5]
    assert sorted(r["id"] for r in small) == sorted(
        ids + [f"{id}#2" for id in ids] + [f"{id}#3" for id in first_lots]
    )
    texts = Counter(row["instruction"] for row in small)
    assert sorted(texts.values()) == [2] * 5 + [3] * 5
    manifest = read_manifest(place / "out")
    assert manifest["counts"] == {"read": 50, "kept": 35, "dropped": 15, "quarantined": 0,
                                  "repeated": 15}  # fmt: skip
    (line,) = [r for r in read_ledger(place / "out" / "clusters.jsonl") if r.get("set") == "small"]
    assert (line["times"], line["available"], line["realised"]) == (2, 10, 25)
    assert "15 more lines repeat some" in audit("out")
    assert "15 more lines repeat some" in (place / "out" / "README.md").read_text()


def test_without_a_total_repetition_brings_every_record_in(place):
    merge(*ALL, "-o", "out", "--weight", "big=1", "--weight", "mid=1", "--weight", "small=1",
          "--repeat")  # fmt: skip
    assert held() == {"big": 100, "mid": 100, "small": 100}


def test_a_larger_share_has_all_that_a_smaller_one_had(place, read_rows):
    ids = []
    for number, total in enumerate((15, 60)):
        merge(*ALL, "-o", f"out{number}", "--total", total)
        ids.append({row["id"] for row in read_rows(place / f"out{number}" / "train.jsonl")})
    assert ids[0] < ids[1]
    merge(*ALL, "-o", "other", "--total", 60, "--seed", 1)
    assert {row["id"] for row in read_rows(place / "other" / "train.jsonl")} != ids[1]
    assert read_manifest(place / "other")["seed"] == 1


def test_a_record_that_was_not_drawn_says_so(place):
    merge(*ALL, "-o", "out", "--total", 75)
    rows = [r for r in read_ledger(place / "out" / "dropped.jsonl") if r["step"] == "mix"]
    assert Counter(row["reason"] for row in rows) == {"not_drawn": 75}
    of_mid = next(row for row in rows if row["record"]["source"] == "mid")
    assert of_mid["evidence"] == {"from": "mid", "drawn": 20, "of": 40}
    done = CliRunner().invoke(main, ["explain", "out", of_mid["record"]["id"]])
    assert done.exit_code == 0
    assert "not_drawn" in done.output


def test_duplicates_go_before_sources_are_drawn_from(place, write_rows):
    write_rows(place / "twice.jsonl", [*rows_of("big", 60), *rows_of("twice", 20)])
    merge("big.jsonl", "twice.jsonl", "-o", "out")
    assert held() == {"big": 100, "twice": 20}
    merge("big.jsonl", "twice.jsonl", "-o", "preferred", "--prefer", "twice", "--cap", "twice=60")
    assert held("preferred") == {"big": 40, "twice": 60}
    merge("big.jsonl", "twice.jsonl", "-o", "all", "--skip", "dedup")
    assert held("all") == {"big": 100, "twice": 80}
    assert steps_of(place / "all") == ["validate", "mix"]


def test_other_steps_run_where_an_option_of_them_is_set(place):
    merge(*ALL, "-o", "out", "--set", "length.max_tokens=1", status=2)
    merge("mid.jsonl", "-o", "out", "--set", "validate.max_chars=20")
    assert [s["name"] for s in read_manifest(place / "out")["steps"]] == [
        "validate",
        "dedup",
        "mix",
    ]


def test_same_bytes_whatever_the_workers_and_after_a_stop(place, monkeypatch):
    options = *ALL, "--weight", "small=0.4", "--repeat", "--total", 90
    merge(*options, "-o", "one")
    merge(*options, "-o", "two", "--workers", 2)
    for file in sorted((place / "one").iterdir()):
        assert (place / "two" / file.name).read_bytes() == file.read_bytes(), file.name
    merge(*options, "-o", "one", "--resume")
    merge(*options, "-o", "one", "--resume", "--seed", 5, status=1)


def test_the_command_on_the_card_makes_it_again(place):
    merge("x=big.jsonl", "mid.jsonl", "-o", "out", "x.license=CC BY-SA 4.0", "--weight", "x=0.3",
          "--cap", "mid=20", "--temperature", 3, "--seed", 4,
          "--set", "dedup.threshold=0.9")  # fmt: skip
    card = (place / "out" / "README.md").read_text()
    (line,) = [line for line in card.splitlines() if line.startswith("curate merge")]
    assert line == (
        "curate merge x=big.jsonl mid.jsonl x.license=cc-by-sa-4.0 --weight x=0.3 --cap mid=20 "
        "--temperature 3.0 --seed 4 --set dedup.threshold=0.9 -o dataset"
    )
    merge(*line.split()[2:])
    again = read_manifest(place / "dataset")
    assert again["digest"] == read_manifest(place / "out")["digest"]


def test_licences_are_carried_counted_and_warned_of(place, write_rows):
    write_rows(place / "own.jsonl", rows_of("own", 3, license="CC BY-NC 4.0"))
    output = merge("own.jsonl", "big.jsonl", "small.jsonl", "big.license=GPL-3.0", "-o", "out",
                   "own.license=mit")  # fmt: skip
    manifest = read_manifest(place / "out")
    assert manifest["licenses"] == {"": 10, "CC BY-NC 4.0": 3, "gpl-3.0": 100}
    assert [row["licenses"] for row in manifest["mixing"]["sources"]] == [
        {"CC BY-NC 4.0": 3}, {"gpl-3.0": 100}, {"": 10},
    ]  # fmt: skip
    assert "licences: unknown 10, CC BY-NC 4.0 3, gpl-3.0 100" in output
    assert "unknown (10 records): no licence is stated" in output
    assert "cc-by-nc-4.0 and gpl-3.0 do not go together" in output
    merge("own.jsonl", "big.jsonl", "small.jsonl", "big.license=GPL-3.0", "-o", "allowed",
          "--allow-licenses", "gpl-3,unknown")  # fmt: skip
    assert held("allowed") == {"big": 100, "small": 10}
    rows = [r for r in read_ledger(place / "allowed" / "dropped.jsonl")]
    assert {(r["step"], r["reason"], r["evidence"]["license"]) for r in rows} == {
        ("licenses", "other_license", "CC BY-NC 4.0")
    }
    audit("allowed")


def test_a_licence_is_given_to_a_part_whatever_its_name(place, write_rows):
    for folder in ("one", "two"):
        (place / folder).mkdir()
        write_rows(place / folder / "a.jsonl", rows_of(folder, 3))
    (place / "mit").mkdir()  # a licence all the same
    write_rows(place / "x=y.jsonl", rows_of("xy", 4))
    write_rows(place / "s.license=mit.jsonl", rows_of("s", 2))
    merge("one/a.jsonl", "two/a.jsonl", "x=y.jsonl", "big*.jsonl", "s.license=mit.jsonl",
          "z=mid.jsonl", "one/a.license=mit", "x=y.license=isc", "big*.jsonl.license=gpl-3.0",
          "-o", "out")  # fmt: skip
    manifest = read_manifest(place / "out")
    assert manifest["licenses"] == {"": 3 + 2 + 40, "gpl-3.0": 100, "isc": 4, "mit": 3}
    (place / "two" / "README.md").write_text("---\nlicense: zlib\n---\n")
    merge("one/a.jsonl", "two/a.jsonl", "-o", "carded")
    (line,) = commands(read_manifest(place / "carded"))
    assert "two/a.license=zlib" in line
    merge(*line.split()[2:])


def test_a_folder_and_a_dataset_directory_are_one_part_each(place, write_rows):
    folder = place / "folder"
    folder.mkdir()
    write_rows(folder / "a.jsonl", rows_of("fa", 10))
    write_rows(folder / "b.jsonl", rows_of("fb", 20))
    done = CliRunner().invoke(main, ["clean", "big.jsonl", "small.jsonl", "-o", "cleaned"])
    assert done.exit_code == 0, done.output
    merge("cleaned", "folder", "g=mid.jsonl", "-o", "out", "--weight", "cleaned=0.5",
          "--weight", "folder=0.3", "--weight", "g=0.2", "--total", 50)  # fmt: skip
    assert planned() == {"cleaned": 25, "folder": 15, "g": 10}
    found = held()
    assert found["big"] + found["small"] == 25
    assert found["a"] + found["b"] == 15
    settings_ = read_manifest(place / "out")["steps"][-1]["settings"]
    assert settings_["parts"]["folder"] == ["a", "b"]
    assert {"big", "small"} <= set(settings_["parts"]["cleaned"])
    audit("out")


def test_a_merge_can_be_split_and_copies_stay_with_their_record(place, read_rows):
    merge(*ALL, "-o", "out", "--weight", "small=0.4", "--repeat", "--total", 90)
    done = CliRunner().invoke(
        main, ["split", "out", "-o", "split", "--validation", "0.2", "--test", "0.2"]
    )
    assert done.exit_code == 0, done.output
    split_of = {}
    for split in ("train", "validation", "test"):
        for row in read_rows(place / "split" / f"{split}.jsonl"):
            split_of[row["id"]] = split
    before = {row["id"] for row in read_rows(place / "out" / "train.jsonl")}
    assert split_of.keys() == before
    copies = [id for id in split_of if "#" in id]
    assert len(copies) == read_manifest(place / "split")["counts"]["repeated"] > 0
    assert all(split_of[id] == split_of[id.partition("#")[0]] for id in copies)
    assert len({split_of[id] for id in copies}) > 1
    assert f"{len(copies)} lines more repeat some of these records, in the same" in done.output
    audit("split")
    check_split(place / "split")


def test_what_was_not_drawn_can_be_restored(place):
    merge(*ALL, "-o", "out", "--total", 30)
    row = next(r for r in read_ledger(place / "out" / "dropped.jsonl") if r["step"] == "mix")
    done = CliRunner().invoke(
        main, ["clean", "out", "-o", "back", "--restore", row["record"]["id"]]
    )
    assert done.exit_code == 0, done.output
    assert read_manifest(place / "back")["counts"]["kept"] == 31
    audit("back")
    merge(*ALL, "-o", "many", "--weight", "small=0.4", "--repeat")
    done = CliRunner().invoke(main, ["clean", "many", "-o", "no", "--restore", "mix"])
    assert done.exit_code == 1
    assert "was written by `curate merge --repeat`" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--weight", "bgi=1"], "--weight bgi: no source is called so (did you mean 'big'?); "
                                "sources: big, mid, small"),
        (["--weight", "big"], "--weight big: expected NAME=a number, at least 0"),
        (["--weight", "big=-1"], "--weight big=-1: expected NAME=a number, at least 0"),
        (["--weight", "big=nan"], "--weight big=nan: expected NAME=a number, at least 0"),
        (["--weight", "big=1e999"], "--weight big=1e999: expected NAME=a number"),
        (["--weight", "=1"], "--weight =1: expected NAME=a number"),
        (["--cap", "big=1.5"], "--cap big=1.5: expected NAME=a whole number"),
        (["--cap", "big=1", "--cap", "big=2"], "--cap big: is given twice"),
        (["--weight", "big=0.5", "--weight", "mid=0.5"],
         "the weights come to 1, which leaves nothing for small"),
        (["--weight", "big=0", "--weight", "mid=0", "--weight", "small=0"],
         "every --weight is 0: nothing would be left"),
        (["--total", "0"], "0 is not in the range"),
        (["--temperature", "0.5"], "0.5 is not in the range"),
        (["--temperature", "nan"], "'nan' is not a number"),
        (["--prefer", "x"], "--prefer x: no source is called so"),
        (["--prefer", "big", "--set", "dedup.prefer=[big]"],
         "--prefer and --set dedup.prefer say the same"),
        (["--set", "mix.total=3"], "--set mix.total=3: this is what --weight"),
        (["--skip", "mix"], "no step is called 'mix'"),
        (["--allow-licenses", ","], "--allow-licenses: a name is empty"),
        (["x.license=mit"], "x.license=: no source is called so"),
        (["big.license=mit", "big.license=gpl"], "this source has a licence already"),
        (["big.jsonl"], "is the same file as"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line(place, arguments, said):
    output = merge(*ALL, "-o", "out", *arguments, status=2)
    assert said in " ".join(output.split())
    assert "Traceback" not in output
    assert not (place / "out").exists()


def test_sources_that_cannot_be_told_apart(place, write_rows):
    for folder in ("one", "two"):
        (place / folder / "x").mkdir(parents=True)
        write_rows(place / folder / "x" / "a.jsonl", rows_of(folder, 3))
    output = merge("one/x", "two/x", "-o", "out", status=2)
    assert "would both be called x: give each a name of its own" in output
    for number in (1, 2):
        clean = ["clean", "big.jsonl", "-o", f"c{number}"]
        assert CliRunner().invoke(main, clean).exit_code == 0
    output = merge("c1", "c2", "-o", "out", status=2)
    assert "c1 and c2 both hold records of a source big" in output
    assert merge("big.license=mit", "-o", "out", status=2).count("there is no SOURCE to merge") == 1


def test_a_merge_of_a_repeated_merge(place):
    merge("big.jsonl", "small.jsonl", "-o", "first", "--weight", "small=0.5", "--repeat")
    merge("first", "mid.jsonl", "-o", "second", "--weight", "mid=0.5", "--repeat")
    assert held("second")["mid"] == 110  # dedup took the copies out
    output = merge("first", "mid.jsonl", "-o", "third", "--repeat", "--skip", "dedup", status=1)
    assert "an earlier merge repeated it" in output


@pytest.mark.parametrize(
    "change",
    ["a copy less", "another copy", "realised", "licences", "copies counted"],
)
def test_the_audit_looks_at_the_mix(place, change, read_rows, write_rows):
    merge("mid.jsonl", "small.jsonl", "-o", "out", "--weight", "small=0.5", "--repeat",
          "--total", 30)  # fmt: skip
    out = place / "out"
    manifest = orjson.loads((out / "manifest.json").read_bytes())
    rows = read_rows(out / "train.jsonl")
    if change == "a copy less":
        del rows[next(n for n, row in enumerate(rows) if "#" in row["id"])]
        manifest["counts"]["repeated"] -= 1
        said = "has to come before"
    elif change == "another copy":
        at = next(n for n, row in enumerate(rows) if "#" in row["id"])
        rows[at]["output"] = "x"
        said = "has to come before"
    elif change == "realised":
        manifest["mixing"]["sources"][0]["realised"] = 99
        said = "mixing is"
    elif change == "licences":
        manifest["mixing"]["sources"][0]["licenses"] = {"mit": 15}
        said = "mixing is"
    else:
        rows.append({**rows[0], "id": rows[0]["id"] + "#2"})
        manifest["counts"]["repeated"] += 1
        said = "is a copy of no record"
    write_rows(out / "train.jsonl", rows)
    data = (out / "train.jsonl").read_bytes()
    entry = next(o for o in manifest["outputs"] if o["path"] == "train.jsonl")
    entry.update(rows=len(rows), sha256=hashlib.sha256(data).hexdigest())
    digest = ContentDigest()
    for row in rows:
        digest.add("train", Record.from_dict(row))
    manifest["digest"] = digest.hexdigest()
    (out / "manifest.json").write_bytes(orjson.dumps(manifest))
    assert said in audit("out", status=1)


def test_a_copy_has_the_story_of_its_record(place, write_rows):
    write_rows(place / "own.jsonl", [{"instruction": "Say  it.", "output": "Caf\u00c3\u00a9."}])
    merge("own.jsonl", "small.jsonl", "-o", "out", "--repeat", "--weight", "own=0.5",
          "--set", "normalise.mojibake=true")  # fmt: skip
    story = explain(place / "out", "own:1")
    copy = explain(place / "out", "own:1#2")
    assert (copy["id"], copy["copy_of"], copy["record"]["id"]) == ("own:1#2", "own:1", "own:1#2")
    assert copy["record"]["output"] == "Caf\u00e9."
    assert story["as_read"]["output"] == "Caf\u00c3\u00a9."
    for key in ("as_read", "edits", "similar", "stands_for", "split"):
        assert copy[key] == story[key]
    shown = CliRunner().invoke(main, ["explain", "out", "own:1#2"]).output
    assert "own:1#2  from own.jsonl:1, a copy of own:1\n" in shown


@pytest.mark.parametrize(("key", "value"), [("planned", 29), ("weight", 0.9), ("last", "ff")])
def test_the_audit_draws_again_from_dataset_directories(place, key, value, read_rows, write_rows):
    done = CliRunner().invoke(main, ["clean", "mid.jsonl", "-o", "cleaned", "--only", "validate"])
    assert done.exit_code == 0, done.output
    merge("cleaned", "small.jsonl", "-o", "out", "--weight", "small=0.2", "--total", 30)
    assert "meet the same fate again: validate, mix" in audit("out")
    out = place / "out"
    manifest = orjson.loads((out / "manifest.json").read_bytes())
    rows = read_rows(out / "clusters.jsonl")
    rows[0][key] = value
    write_rows(out / "clusters.jsonl", rows)
    data = (out / "clusters.jsonl").read_bytes()
    entry = next(o for o in manifest["outputs"] if o["path"] == "clusters.jsonl")
    entry.update(sha256=hashlib.sha256(data).hexdigest())
    if key != "last":
        manifest["mixing"]["sources"][0][key] = value
    (out / "manifest.json").write_bytes(orjson.dumps(manifest))
    (out / "README.md").write_text(card(manifest))
    said = "clusters.jsonl:1: the step mix finds other numbers of cleaned (40 available, 24 planned"
    assert said in audit("out", status=1)


names = st.sampled_from(["a", "b", "c"])


@settings(max_examples=60)
@given(
    st.lists(names, max_size=60),
    st.dictionaries(names, st.sampled_from([0.0, 0.1, 0.25, 1 / 3])),
    st.dictionaries(names, st.integers(0, 30)),
    st.none() | st.integers(1, 100),
    st.booleans(),
    st.integers(0, 5),
)
def test_what_the_step_says_is_what_is_there(order, weights, caps, total, repeat, seed):
    records = [Record(id=f"{name}:{n}", instruction="x", source=name)
               for n, name in enumerate(order)]  # fmt: skip
    step = Mix(parts={n: (n,) for n in "abc"}, weights=weights, caps=caps, total=total,
               repeat=repeat, seed=seed)  # fmt: skip
    noted = []
    try:
        results = list(step.run(records, noted.append))
    except UsageError:
        assert len(weights) == 3
        assert not any(weights.values())
        return
    assert [r.record if isinstance(r, Dropped) else r for r in results] == records
    mixture, there = Mixture(noted), Counter()
    for result in results:
        if isinstance(result, Record):
            there[result.source] += 1 + len(list(mixture.copies(result)))
    for row in noted:
        assert there[row["set"]] == row["realised"] <= caps.get(row["set"], 10**9)
        assert row["available"] == order.count(row["set"])
    if total is not None:
        assert there.total() <= total


def test_a_record_of_no_part_is_refused():
    step = Mix(parts={"a": ("a",)})
    with pytest.raises(SourceError, match="is of the source z, which was not there"):
        list(step.run([Record(id="z:1", instruction="x", source="z")]))


def test_the_step_runs_in_a_merge_alone(place):
    done = CliRunner().invoke(main, ["clean", "big.jsonl", "-o", "out", "--only", "mix"])
    assert done.exit_code == 2
    assert "mix: is what `curate merge` does" in done.output
