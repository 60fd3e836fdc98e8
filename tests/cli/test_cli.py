import json
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from curate.cleaning import clean
from curate.cli import STAGES, main
from curate.sources import resolve
from curate.steps import STEPS, select_steps

HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "pandas",
    "peft",
    "trl",
    "pydantic",
    "rich",
    "pyarrow",
)


@pytest.fixture
def run():
    def invoke(*arguments):
        return CliRunner().invoke(main, [str(a) for a in arguments])

    return invoke


def python(code, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *(a if isinstance(a, bytes) else str(a) for a in arguments)],
        capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom curate.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print('heavy:', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = python(code)
    assert "heavy: []" in done.stdout, done.stdout + done.stderr


def test_curation_never_imports_torch(messy, tmp_path):
    code = (
        "import sys\nfrom curate.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print('heavy:', [m for m in ('torch', 'transformers', 'trl', 'peft') if m in sys.modules])"
    )
    done = python(code, "clean", messy, "-o", tmp_path / "out")
    assert "heavy: []" in done.stdout, done.stdout + done.stderr


def test_help_shows_every_verb_by_stage(run):
    text = run("--help").output
    for stage, commands in STAGES:
        assert f"{stage}:" in text
        for command in commands:
            assert f"  {command.name} " in text


def test_clean_shows_the_account(run, messy, tmp_path):
    done = run("clean", messy, "-o", tmp_path / "out")
    assert done.exit_code == 0
    assert "read 7 = kept 3 + dropped 3 + quarantined 1" in done.output
    assert "1 normalised_duplicate" in done.output


def test_json_is_the_manifest(run, messy, tmp_path):
    done = run("clean", messy, "-o", tmp_path / "out", "--json")
    assert json.loads(done.stdout) == json.loads((tmp_path / "out" / "manifest.json").read_text())


def test_inspect_writes_nothing_and_names_the_problems(run, messy):
    before = sorted(messy.parent.iterdir())
    done = run("inspect", messy, "--json")
    summary = json.loads(done.stdout)
    assert sorted(messy.parent.iterdir()) == before
    assert summary["counts"] == {"read": 7, "kept": 3, "dropped": 3, "quarantined": 1}
    assert summary["fields"]["instruction"] == {"filled": 6, "median": 11, "p95": 15, "max": 15}
    assert [(p["reason"], p["examples"][0]["id"]) for p in summary["problems"]][-1] == (
        "normalised_duplicate", "messy:5"
    )  # fmt: skip
    assert "not JSON" in run("inspect", messy).output


def test_explain_and_audit(run, messy, tmp_path):
    run("clean", messy, "-o", tmp_path / "out")
    assert (
        "normalised_duplicate, says step dedup: messy:1 stayed in"
        in run("explain", tmp_path / "out", "messy:5").output
    )
    assert (
        json.loads(run("explain", tmp_path / "out", "messy:1", "--json").output)["fate"] == "kept"
    )
    assert "quarantined: not JSON" in run("explain", tmp_path / "out", "messy:6").output
    assert run("audit", tmp_path / "out").exit_code == 0
    card = (tmp_path / "out" / "README.md").read_bytes()
    (tmp_path / "out" / "README.md").write_text("mine")
    assert run("audit", tmp_path / "out").exit_code == 1
    (tmp_path / "out" / "README.md").write_bytes(card)
    (tmp_path / "out" / "train.jsonl").write_text("")
    done = run("audit", tmp_path / "out")
    assert (done.exit_code, done.output.count("\n")) == (1, 1)


def test_explain_shows_what_changed_and_what_differs(run, messy, tmp_path):
    run("clean", messy, "-o", tmp_path / "out")
    edited = run("explain", tmp_path / "out", "messy:2").output
    assert re.search(r"normalise +instruction +Say it.⟦\\r\\n⟧ +Say it.⟦⟧ ", edited)
    assert re.search(r"output +cafÃ©<\|endoftext\|> +café ", edited)
    assert "kept, in split train" in edited
    dropped = run("explain", tmp_path / "out", "messy:5").output
    assert re.search(r"instruction +⟦name⟧ a⟦  ⟧colour. +⟦Name⟧ a⟦ ⟧colour\.", dropped)
    assert re.search(r"context +\(empty\) +\(the same\)", dropped)


def test_explain_tells_a_missing_text_from_an_empty_one(run, tmp_path):
    row = {"instruction": None, "input": "", "output": "None"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row), encoding="utf-8")
    run("clean", tmp_path / "a.jsonl", "-o", tmp_path / "out")
    told = run("explain", tmp_path / "out", "a:1").output
    assert re.search(
        r"instruction +\(missing\) *\n +context +\(empty\) *\n +output +None *\n", told
    )


def test_restore_and_diff(run, messy, tmp_path):
    out, more = tmp_path / "out", tmp_path / "more"
    run("clean", messy, "-o", out)
    done = run("clean", out, "-o", more, "--restore", "dedup", "--restore", "messy:3")
    assert done.exit_code == 0
    assert "restored: 1 validate/empty_output, 1 dedup/normalised_duplicate\n" in done.stderr
    assert "read 7 = kept 5 + dropped 1 + quarantined 1" in done.stdout
    told = run("explain", more, "messy:3").output
    assert "restored: empty_output, says step validate: in output; that was set aside" in told
    shown = run("diff", out, more).output
    assert "3 records → 5, 3 of them the same" in shown
    assert re.search(r"came +validate +empty_output +1 +messy:3 ", shown)
    assert json.loads(run("diff", out, more, "--json").output)["changes"][1] == {
        "kind": "came", "step": "dedup", "reason": "normalised_duplicate",
        "records": [{"id": "messy:5"}],
    }  # fmt: skip
    assert run("audit", more).exit_code == 0


RESTORE_WRONG = {
    "two sources": ([], ["b"], "takes one dataset directory, found 2 sources"),
    "--skip": (["--skip", "echo"], [], "--restore with --skip: it has no meaning there"),
    "--only": (["--only", "echo"], [], "--restore with --only: it has no meaning there"),
    "--set": (["--set", "validate.max_chars=9"], [], "--restore with --set: it has no meaning"),
    "--layout": (["--layout", "alpaca"], [], "--restore with --layout: it has no meaning there"),
    "--resume": (["--resume"], [], "--restore with --resume: it has no meaning there"),
}


@pytest.mark.parametrize("name", RESTORE_WRONG)
def test_restore_takes_nothing_beside_it(name, run, tmp_path):
    options, sources, message = RESTORE_WRONG[name]
    done = run("clean", "a", *sources, "-o", tmp_path / "o", "--restore", "dedup", *options)
    assert done.exit_code == 2
    assert message in done.output
    assert not (tmp_path / "o").exists()


def test_preview_marks_the_part_that_takes_loss(run, messy):
    done = run("preview", messy, "-n", 1)
    assert "### Response:⟦Red.⟧" in done.output
    lines = [
        json.loads(line) for line in run("preview", messy, "-n", 1, "--json").stdout.splitlines()
    ]
    assert list(lines[0]) == ["id", "template", "prompt", "completion"]
    assert lines[1]["records"] == 1


HARMFUL = "a\x1b[2Jb\x7fc\x9b31md\u202ee\u2066f\u200fgé"


@pytest.mark.parametrize("verb", ["preview", "inspect", "clean"])
def test_json_cannot_steer_the_terminal(run, tmp_path, verb):
    row = {"instruction": HARMFUL, "input": "", "output": " Say: पु\u200d 👩\u200d👧\t\u2028."}
    (tmp_path / f"{HARMFUL}.jsonl").write_text(json.dumps(row), encoding="utf-8")
    out = ["-o", tmp_path / "out"] if verb == "clean" else []
    done = run(verb, tmp_path / f"{HARMFUL}.jsonl", *out, "--json")
    assert done.exit_code == 0
    assert not set(HARMFUL) & set(done.stdout) - set("abcdefg31mJé[2")
    assert r"\u202ee\u2066f" in done.stdout
    if verb == "preview":
        shown = json.loads(done.stdout.split("\n")[0])
        assert HARMFUL in shown["prompt"]
        assert shown["completion"].endswith("पु\u200d 👩\u200d👧\t\u2028.")


def test_templates_lists_and_shows(run):
    assert "alpaca" in run("templates").output
    assert "### Instruction:" in run("templates", "alpaca").output


UNUSABLE = {
    "missing": (["clean", "no/such.jsonl", "-o", "out"], 1),
    "no output": (["clean", "in.jsonl"], 2),
    "unknown step": (["clean", "in.jsonl", "-o", "out", "--only", "polish"], 2),
    "bad map": (["clean", "in.jsonl", "-o", "out", "--map", "instruction"], 2),
    "unknown layout": (["clean", "in.jsonl", "-o", "out", "--layout", "alpacca"], 2),
    "no verb": (["cleen"], 2),
    "no dataset": (["audit", "."], 1),
    "no record": (["preview", "in.jsonl", "--id", "x"], 1),
    "no template": (["preview", "in.jsonl", "-t", "alpacca"], 2),
    "empty model": (["preview", "in.jsonl", "-m", ""], 1),
    "a huge number": (["preview", "in.jsonl", "-n", "9" * 30], 2),
    "a huge seed": (["split", ".", "-o", "out", "--seed", "9" * 30], 2),
    "a long name": (["clean", "in.jsonl", "-o", "x" * 5000], 1),
    "a name that is not UTF-8": (["clean", b"b\xffad.jsonl", "-o", "out"], 2),
    "an output that is not UTF-8": (["clean", "in.jsonl", "-o", b"o\xfft"], 2),
    "a file to write that is not UTF-8": (
        ["convert", "in.jsonl", "--to", "alpaca", "-o", b"o\xfft.jsonl"],
        2,
    ),
    "standard input closed": (["inspect", "-"], 1),
    "no model": (["preview", "in.jsonl", "-m", "./no-model"], 1),
    "no recipe": (["train", "lorra", "-o", "run"], 2),
    "recipe typo": (["train", "lora", "-o", "run", "backend.rank=3"], 2),
    "no run": (["generate", ".", "--instruction", "x"], 1),
    "empty question": (["generate", ".", "--instruction", " "], 2),
    "output is a file": (["clean", "in.jsonl", "-o", "in.jsonl"], 1),
    "bad split": (["split", ".", "-o", "out", "--test", "2"], 2),
    "output in a circle": (["clean", "in.jsonl", "-o", "circle"], 1),
    "output below a circle": (["clean", "in.jsonl", "-o", "circle/out"], 1),
    "resumed in a circle": (["clean", "in.jsonl", "-o", "circle", "--resume"], 1),
    "split into a circle": (["split", "made", "-o", "circle"], 1),
    "restored into a circle": (["clean", "made", "-o", "circle", "--restore", "dedup"], 1),
    "page in a circle": (["inspect", "in.jsonl", "--html", "circle"], 1),
    "log in a circle": (["inspect", "in.jsonl", "--sarif", "circle"], 1),
    "source in a circle": (["inspect", "circle"], 1),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_a_user_can_mend_is_said_without_a_traceback(name, messy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_bytes(messy.read_bytes())
    arguments, code = UNUSABLE[name]
    (tmp_path / os.fsdecode(b"b\xffad.jsonl")).write_bytes(messy.read_bytes())
    (tmp_path / "circle").symlink_to("circle")
    if "made" in arguments:
        clean(resolve(["in.jsonl"]), select_steps(STEPS), tmp_path / "made")
    closing = "import sys; sys.stdin = None; " if name == "standard input closed" else ""
    done = python(f"{closing}from curate.cli import main; main()", *arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "rror: " in done.stderr
    assert not done.stdout
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "circle").is_symlink()


def test_empty_standard_input_is_told(tmp_path):
    done = python("from curate.cli import main; main()", "inspect", "-", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (
        1, "curate: error: standard input is empty: it holds no row\n"
    )  # fmt: skip


def test_an_output_inside_the_input_can_be_written_again(run, messy, tmp_path, monkeypatch):
    (tmp_path / "big" / "more").mkdir(parents=True)
    messy.rename(tmp_path / "big" / "more" / "messy.jsonl")
    monkeypatch.chdir(tmp_path)
    contents = []
    for options in ([], ["--overwrite"], ["--resume"]):
        done = run("clean", "big", "-o", "big/clean", *options)
        assert done.exit_code == 0, done.output
        paths = sorted((tmp_path / "big" / "clean").iterdir())
        contents.append([(path.name, path.read_bytes()) for path in paths])
    assert contents[0] == contents[1] == contents[2]
    assert "big/clean: is finished; nothing is left to do" in done.stderr


def test_an_unwritable_output_is_one_line(messy, tmp_path):
    if os.geteuid() == 0:
        target = "/proc/no/such"
    else:
        (tmp_path / "locked").mkdir(mode=0o500)
        target = tmp_path / "locked" / "out"
    done = python("from curate.cli import main; main()", "clean", messy, "-o", target)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_traceback(messy):
    command = f"{sys.executable} -m curate preview {messy} --json | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["inspect", "templates"])
@pytest.mark.parametrize(
    ("redirect", "code"), [(">&-", 0), ("2>&-", 0), (">/dev/full", 1), ("| cat >/dev/null", 0)]
)
def test_standard_streams_may_be_closed_or_full(verb, redirect, code, messy):
    source = messy if verb == "inspect" else ""
    command = f"{sys.executable} -m curate {verb} {source} {redirect}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    if code:
        assert done.stderr == "curate: error: No space left on device\n"


def test_an_ascii_terminal_gets_escapes(messy):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = python("from curate.cli import main; main()", "preview", messy, env=environment)
    assert done.returncode == 0, done.stderr
    assert "\\u27e6Red.\\u27e7" in done.stdout


def test_the_same_relative_sources_give_the_same_bytes_anywhere(messy, tmp_path, monkeypatch, run):
    for place in ("here", "there"):
        folder = tmp_path / place
        folder.mkdir()
        (folder / "in.jsonl").write_bytes(messy.read_bytes())
        monkeypatch.chdir(folder)
        assert run("clean", "in.jsonl", "-o", "out").exit_code == 0
    for path in (tmp_path / "here" / "out").iterdir():
        assert path.read_bytes() == (tmp_path / "there" / "out" / path.name).read_bytes()


def test_a_recipe_names_sources_and_steps_and_options_go_before_it(run, messy, tmp_path):
    recipe = tmp_path / "clean.yaml"
    recipe.write_text(
        f"data:\n  sources: [{messy}]\n  steps: {{dedup: {{threshold: 0.6, scope: prompt}}}}\n"
        "  skip: [echo]\n"
    )
    said = run("clean", "--recipe", recipe, "-o", tmp_path / "a", "--set", "dedup.threshold=0.9",
               "--json")  # fmt: skip
    options = ["--skip", "echo", "--set", "dedup.scope=prompt", "--set", "dedup.threshold=0.9"]
    typed = run("clean", messy, "-o", tmp_path / "b", *options, "--json")
    assert json.loads(said.stdout) == json.loads(typed.stdout)
    assert "scope" in said.stdout


def test_without_a_source_there_is_nothing_to_clean(run, tmp_path):
    done = run("clean", "-o", tmp_path / "a")
    assert (done.exit_code, done.stderr) == (
        2,
        "curate: error: nothing to clean: name a SOURCE, or a recipe with data.sources\n",
    )


def test_an_address_is_that_of_a_cluster(run, messy, tmp_path):
    done = run("clean", messy, "-o", tmp_path / "a", "--address", "host:6379")
    assert done.exit_code == 2
    assert "--address host:6379 is that of a cluster: add --engine ray" in done.stderr
