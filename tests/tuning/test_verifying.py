"""`curate verify`: a run says what it was trained on, and it is computed again."""

import json
import shutil

import pytest
from click.testing import CliRunner

from curate.cli import main
from curate.dataset import read_records
from curate.errors import DatasetError
from curate.tuning import preparing, verifying
from curate.tuning.training import train
from curate.tuning.verifying import verify


def test_each_thing_that_holds_is_a_line(finished):
    run, said = finished
    done = CliRunner().invoke(main, ["verify", str(run)])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        f"ok  dataset digest: {said['dataset']['digest']}",
        f"ok  template: alpaca@{said['template']['hash']}",
        f"ok  tokenizer: {said['encoding']['tokenizer']}",
        f"ok  base model: tiny, {said['base_model']['sha256']}",
        f"ok  encoding digest: {said['encoding']['digest']}",
    ]


def test_a_dataset_that_was_moved_is_named(finished, dataset, tmp_path):
    run, said = finished
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    said = json.loads(json.dumps(said))
    said["recipe"]["data"]["dataset"] = "gone"
    (copy / "run.json").write_text(json.dumps(said))
    with pytest.raises(DatasetError, match=r"gone: no such dataset directory; .* give --dataset"):
        list(verify(copy))
    shutil.copytree(dataset, tmp_path / "moved")
    assert len(list(verify(copy, dataset=tmp_path / "moved"))) == 5


def edit(said, path, value):
    *way, last = path
    for key in way:
        said = said[key]
    said[last] = value


@pytest.mark.parametrize(
    ("path", "value", "held", "message"),
    [
        (["dataset", "digest"], "0" * 64, 0, "dataset digest is .*, the run says 000"),
        (["template", "hash"], "0" * 16, 1, "is not the template of the run"),
        (["encoding", "tokenizer"], "0" * 16, 2, "tokenizer is .*, the run says 000"),
        (["base_model", "sha256"], "0" * 64, 3, "base model is .*, the run says"),
        (["encoding", "over_length"], ["x"], 4, r"encoding.over_length is \[\], the run says"),
        (["encoding", "loss_tokens"], 1, 4, "encoding.loss_tokens is .*, the run says 1"),
        (["encoding", "digest"], "0" * 64, 4, "encoding digest is .*, the run says 000"),
        (["encoding"], None, 0, "names no dataset or encoding"),
    ],
)
def test_the_first_thing_that_does_not_hold_ends_it(finished, tmp_path, path, value, held, message):
    run, said = finished
    said = json.loads(json.dumps(said))
    edit(said, path, value)
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text(json.dumps(said))
    lines = []
    with pytest.raises(DatasetError, match=message):
        lines += verify(tmp_path / "run")
    done = CliRunner().invoke(main, ["verify", str(tmp_path / "run")])
    assert done.exit_code == 1
    assert done.stdout.count("ok  ") == held
    assert done.stderr.startswith("curate: error: ")


def test_another_record_is_noticed(finished, dataset, tmp_path):
    run, _ = finished
    shutil.copytree(dataset, tmp_path / "other")
    file = tmp_path / "other" / "train.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines[1:], lines[0]]))
    with pytest.raises(DatasetError, match="dataset digest is"):
        list(verify(run, dataset=tmp_path / "other"))


def test_the_cache_is_not_asked(finished, tmp_path, monkeypatch):
    run, _ = finished
    asked = []
    monkeypatch.setattr("curate.tuning.rows.read_cache", lambda *what: asked.append(what))
    assert len(list(verifying.verify(run))) == 5
    assert asked == []


def test_rows_are_found_again_and_a_changed_template_is_not_fooled(
    recipe, dataset, tmp_path, monkeypatch
):
    run, encoded = tmp_path / "run", []
    real = preparing.encode_rows

    def spy(*what, **rest):
        encoded.append(real(*what, **rest))
        return encoded[-1]

    monkeypatch.setattr(preparing, "encode_rows", spy)
    text = "{{ instruction }}\n{{ context }}\n{% generation %}{{ output }}{% endgeneration %}"
    (tmp_path / "mine.jinja").write_text(text)
    overrides = [f"data.template={tmp_path / 'mine.jinja'}", "training.max_steps=1"]
    first = train(recipe(*overrides), run)
    again = train(recipe(*overrides), run, overwrite=True)
    assert [rows.cached for rows in encoded] == [False, True]
    assert first["encoding"] == again["encoding"]
    (tmp_path / "mine.jinja").write_text(text.replace("\n{% gen", "\n\n{% gen"))
    changed = train(recipe(*overrides), run, overwrite=True)
    assert not encoded[2].cached
    assert changed["encoding"]["digest"] != first["encoding"]["digest"]
    (run / "encoded.jsonl.zst").write_bytes(b"junk")
    mended = train(recipe(*overrides), run, overwrite=True)
    assert not encoded[3].cached
    assert mended["encoding"] == changed["encoding"]
    assert len(list(read_records(dataset, ["train"]))) == first["encoding"]["examples"]


def test_a_packed_run_learns_and_verifies(recipe, tmp_path, read_rows):
    said = train(recipe("data.packing=true", "data.max_length=400"), tmp_path / "run")
    assert said["metrics"]["after"]["loss"] < said["metrics"]["before"]["loss"]
    assert len(list(verify(tmp_path / "run"))) == 5
    trained = read_rows(tmp_path / "run" / "training_losses.jsonl")
    assert len({row["id"] for row in trained if row["step"] == 1}) > 4
