"""Preference pairs from source to preview, and what training makes of them."""

import json
import shutil

import pytest
from click.testing import CliRunner

from curate.cleaning import clean
from curate.cli import main
from curate.dataset import audit, read_records
from curate.errors import DatasetError
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, select_steps

FRUITS = ("apple", "pear", "plum", "cherry", "quince", "fig", "date", "lemon", "lime", "peach")
ROWS = [
    {"prompt": f"Which fruit grows on the {fruit} tree?", "chosen": f"The {fruit} does.",
     "rejected": f"{worse} <|im_end|>"}
    for fruit in FRUITS for worse in (f"Look at a {fruit} yourself.", f"Some {fruit} or other.")
]  # fmt: skip
SWAPPED = {"prompt": ROWS[0]["prompt"], "chosen": "Look at a apple yourself.",
           "rejected": "The apple does."}  # fmt: skip


def run(*arguments):
    done = CliRunner().invoke(main, [*map(str, arguments)])
    assert done.exit_code in (0, 1, 2), done.exception
    return done


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Return a file of pairs and the dataset directory made of it."""
    folder = tmp_path_factory.mktemp("pairs")
    source = folder / "pairs.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in [*ROWS, SWAPPED]))
    clean(resolve([str(source)]), select_steps(STEPS), folder / "clean")
    return source, folder / "clean"


def test_the_account_of_both_answers_is_exact(pairs):
    _, folder = pairs
    audit(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["counts"] == {"read": 21, "kept": 19, "dropped": 2, "quarantined": 0}
    edits = [json.loads(line) for line in (folder / "edits.jsonl").read_text().splitlines()]
    assert {(edit["step"], edit["field"]) for edit in edits} == {("normalise", "rejected")}
    assert len(edits) == 20
    told = run("explain", folder, "pairs:21").stdout
    assert "contradicting_preference" in told
    assert "pairs:1" in told


def test_the_hub_s_library_loads_pairs_beside_plain_records(pairs, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    source, _ = pairs
    more = tmp_path / "more.jsonl"
    rows = [{"instruction": "Name a fruit of your own.", "output": "Medlar."},
            {"prompt": "Say hello to me.", "completion": "Hello.", "label": True}]  # fmt: skip
    more.write_text("".join(json.dumps(row) + "\n" for row in rows))
    clean(resolve([str(more), str(source)]), select_steps(STEPS), tmp_path / "clean")
    audit(tmp_path / "clean")
    loaded = datasets.load_dataset(str(tmp_path / "clean"))["train"]
    assert loaded.num_rows == 21
    assert [loaded[at]["label"] for at in range(3)] == [None, True, None]
    assert [loaded[at]["rejected"] is None for at in range(3)] == [True, True, False]


def test_audit_recounts_the_preferences(pairs, tmp_path):
    _, folder = pairs
    shutil.copytree(folder, tmp_path / "copy")
    path = tmp_path / "copy" / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest["preferences"] == {"pairs": 19, "chosen_longer": 0, "rejected_longer": 19,
                                       "desirable": 0, "undesirable": 0}  # fmt: skip
    assert "19 preference pairs" in (folder / "README.md").read_text()
    manifest["preferences"]["pairs"] = 18
    path.write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match=r"preferences are .* recounted"):
        audit(tmp_path / "copy")


def test_pairs_of_a_prompt_stay_in_one_split(pairs, tmp_path):
    _, folder = pairs
    split_dataset(folder, tmp_path / "split", validation=0.3, test=0.2)
    places = {}
    for split, record in read_records(tmp_path / "split"):
        places.setdefault(record.instruction, set()).add(split)
    assert len(places) == 10
    assert all(len(splits) == 1 for splits in places.values())


def test_inspect_tells_whether_length_gives_the_chosen_answer_away(pairs):
    source, _ = pairs
    said = json.loads(run("inspect", source, "--json").stdout)["preferences"]
    assert (said["pairs"], said["desirable"]) == (21, 0)
    assert said["rejected_longer"] + said["chosen_longer"] == 21
    assert "a model may learn length alone" in run("inspect", source).stdout


def test_preview_shows_both_answers_and_training_takes_the_chosen_one(pairs, tmp_path):
    _, folder = pairs
    shown = run("preview", folder, "-m", "tiny", "-n", 1).stdout
    assert "chosen · " in shown
    assert "⟦Some apple or other.</s>⟧" in shown
    page = tmp_path / "page.html"
    assert run("preview", folder, "-m", "tiny", "--html", page).exit_code == 0
    assert 'class="beside"' in page.read_text()
    said = run("preview", folder, "-m", "tiny", "--json", "--stage", "sft").stdout.splitlines()
    assert "rejected" not in json.loads(said[0])
    dry = run("train", "lora", f"data.dataset={folder}", "--dry-run", "--json")
    assert json.loads(dry.stdout)["encoding"]["digest"] == json.loads(said[-1])["digest"]


def test_what_is_labelled_as_undesirable_is_not_trained_on(tmp_path):
    source = tmp_path / "labels.jsonl"
    rows = [{"prompt": "Say hello to me.", "completion": "Get lost.", "label": False}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    clean(resolve([str(source)]), select_steps(STEPS), tmp_path / "clean")
    done = run("train", "lora", f"data.dataset={tmp_path / 'clean'}", "--dry-run")
    assert done.exit_code == 1
    assert "labels:1 is labelled as undesirable" in done.stderr
