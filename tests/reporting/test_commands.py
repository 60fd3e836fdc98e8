"""The commands of a card are run again and give the same digest."""

import shlex

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from curate.cli import main
from curate.dataset import read_manifest
from curate.reporting.commands import commands
from curate.safe_yaml import parse_yaml
from curate.steps import STEPS, select_steps

ROWS = [
    {"instruction": f"Name the town number {n} of the land.", "output": f"It is town {n}."}
    for n in range(6)
]


def curate(*arguments):
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, f"{arguments}\n{done.output}"


@pytest.fixture
def place(tmp_path, write_rows, monkeypatch):
    """Return a folder with sources, of which some have odd names; it is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    write_rows(tmp_path / "in" / "a.jsonl", ROWS[:3])
    write_rows(tmp_path / "in" / "sub" / "a.jsonl", ROWS[2:5])
    write_rows(tmp_path / "in" / "it's `odd`|x.jsonl", ROWS[4:])
    write_rows(tmp_path / "-dash.jsonl", [{"q": r["instruction"], "a": r["output"]} for r in ROWS])
    no = {"instruction": "Write about rain.", "output": "I'm sorry, but I can't help with that."}
    write_rows(tmp_path / "more.jsonl", [no, *ROWS[:2], ROWS[1]])
    write_rows(tmp_path / "eval.jsonl", [{"question": ROWS[0]["instruction"]}])
    return tmp_path


CASES = {
    "a folder": [["clean", "in"]],
    "names and a glob": [["clean", "x=in/a.jsonl", "in/*odd*.jsonl"]],
    "a dash and columns": [
        ["clean", "--map", "instruction=q", "--map", "output=a", "-o", "OUT", "--", "-dash.jsonl"]
    ],
    "layout": [["clean", "--layout", "alpaca", "in"]],
    "only": [["clean", "in", "--only", "dedup", "--set", "dedup.threshold=0.9"]],
    "skip and settings": [
        ["clean", "in", "--skip", "dedup", "--set", "length.min_words=1", "--set",
         "language.keep=[en, 'no']"]
    ],
    "off, with its default": [["clean", "in", "--set", "pii.action=redact"]],
    "compared": [["clean", "in", "--against", "old=more.jsonl", "--against-eval", "eval.jsonl"]],
    "restored": [["clean", "more.jsonl"], ["clean", "DIR", "--restore", "refusals"]],
    "restored, then decided anew": [
        ["clean", "in", "more.jsonl"], ["clean", "DIR", "--restore", "refusals"],
        ["clean", "DIR", "--set", "dedup.threshold=0.6"],
        ["clean", "DIR", "--restore", "sub/a:1"],
    ],
    "decided anew": [["clean", "in"], ["clean", "DIR", "--set", "dedup.threshold=0.6"]],
    "a dataset directory": [["clean", "in", "more.jsonl"],
                            ["clean", "n=DIR", "--set", "dedup.threshold=0.6"]],
    "split": [["clean", "in"], ["split", "DIR", "--validation", "0.3", "--test", "0",
                                "--seed", "5"]],
    "restored and split": [["clean", "more.jsonl"], ["clean", "DIR", "--restore", "dedup"],
                           ["split", "DIR", "--test", "0.4"]],
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_commands_of_the_card_make_the_dataset_again(place, case):
    out = ""
    for number, line in enumerate(case):
        before, out = out, f"made{number}"
        line = [part.replace("DIR", before).replace("OUT", out) for part in line]
        curate(*line, *([] if "-o" in line else ["-o", out]))
    manifest = read_manifest(place / out)
    again = commands(manifest)
    for command in again:
        program, *arguments = shlex.split(command)
        assert program == "curate"
        curate(*arguments)
    made = read_manifest(place / "dataset")
    assert made["digest"] == manifest["digest"]
    assert made["steps"] == manifest["steps"]
    card = (place / out / "README.md").read_text()
    assert "\n".join(again) in card
    if case[-1][0] == "clean" and len(case) == 1:
        assert (place / "dataset" / "README.md").read_text() == card


def manifest_of(steps, **more):
    source = {
        "name": "a",
        "path": "a.jsonl",
        "layout": "alpaca",
        "argument": "a.jsonl",
        "license": "",
    }
    entries = [{"name": s.name, "settings": s.model_dump(mode="json")} for s in steps]
    return {"sources": [source], "steps": entries, **more}


def test_what_is_the_default_is_not_said():
    assert commands(manifest_of(select_steps(STEPS))) == ["curate clean a.jsonl -o dataset"]


def test_a_dataset_directory_alone_is_not_decided_on_anew():
    steps = select_steps(STEPS, settings=["dedup.threshold=0.9"])
    made = manifest_of(steps)
    made["sources"] = [
        {"name": "old/train", "path": "x/old/train.jsonl", "layout": "curate", "argument": "x/old"}
    ]
    assert commands(made) == ["curate clean old=x/old --set dedup.threshold=0.9 -o dataset"]


@given(
    only=st.sets(st.sampled_from([step.name for step in STEPS])),
    skip=st.sets(st.sampled_from([step.name for step in STEPS])),
    settings=st.sets(
        st.sampled_from([
            "dedup.threshold=0.9", "dedup.prefer=[a, 'b: c']", "pii.action=redact",
            "pii.kinds=[email]", "language.keep=[en, 'no']", "length.min_words=3",
            "validate.max_chars=5000", "licenses.allow=[mit]", "decontaminate.allow=['x, y', '']",
            "semantic_dedup.model=o/n", "normalise.form=NFKC",
        ])
    ),
)  # fmt: skip
def test_the_options_give_the_same_steps(only, skip, settings):
    from curate.errors import UsageError

    try:
        steps = select_steps(STEPS, settings=sorted(settings), only=sorted(only), skip=sorted(skip))
    except UsageError:
        return
    [line] = commands(manifest_of(steps))
    given = {"--set": [], "--only": [], "--skip": []}
    parts = iter(shlex.split(line)[3:])
    for part in parts:
        given.get(part, []).append(next(parts))
    found = select_steps(STEPS, settings=given["--set"], only=given["--only"], skip=given["--skip"])
    assert found == steps


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.floats(allow_nan=False) | st.none()
       | st.lists(st.text(st.characters(exclude_categories=["Cs"]))))  # fmt: skip
def test_a_value_is_read_back_as_it_was(value):
    from curate.reporting.commands import _yaml

    assert parse_yaml(_yaml(value), "x") == value


def test_a_mix_is_made_again_by_merge():
    mix = {"parts": {"a": ["a"], "b": ["b"]}, "weights": {"a": 0.7}, "caps": {"b": 10},
           "total": 100, "temperature": 2.0, "repeat": True, "seed": 3}  # fmt: skip
    steps = select_steps(STEPS, settings=["dedup.prefer=[b]"], default=["validate", "dedup"])
    made = manifest_of(steps)
    made["steps"].append({"name": "mix", "settings": mix})
    assert commands(made) == [
        "curate merge a.jsonl --weight a=0.7 --cap b=10 --total 100 --temperature 2.0 --repeat "
        "--seed 3 --set 'dedup.prefer=[b]' -o dataset"
    ]
