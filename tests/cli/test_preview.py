import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from curate.cleaning import clean
from curate.cli import main
from curate.sources import resolve
from curate.steps import STEPS, select_steps


@pytest.fixture
def preview(tmp_path, messy, monkeypatch):
    """Return a function that previews messy.jsonl, in its folder."""
    monkeypatch.chdir(tmp_path)
    messy.write_bytes(b"".join(messy.read_bytes().splitlines(keepends=True)[::6]))
    return lambda *options: CliRunner().invoke(main, ["preview", "messy.jsonl", *options])


REFUSED = {
    "--json --html x.html": "--json and --html do not go together; leave one out",
    "--json --tokens -m tiny": "--json and --tokens do not go together; leave one out",
    "--json --compare alpaca,qa": "--json and --compare do not go together; leave one out",
    "--json --diff alpaca,qa": "--json and --diff do not go together; leave one out",
    "--tokens -m tiny --diff qa,alpaca": "--tokens and --diff do not go together; leave one out",
    "--tokens": "--tokens needs a tokenizer: name a model with -m",
    "--loss all": "--loss needs a tokenizer: name a model with -m",
    "--json --max-length 9": "--max-length needs a tokenizer: name a model with -m",
    "--over-length error": "--over-length needs a tokenizer: name a model with -m",
    "--compare qa,alpaca --diff qa,alpaca": "--compare and --diff do not go together; leave one",
    "-t alpaca --compare qa,alpaca": "--compare and --template do not go together; leave one out",
    "--compare alpaca": "--compare alpaca: give two templates or more, with a comma between",
    "--compare alpaca,qa,alpaca": "--compare alpaca,qa,alpaca: alpaca stands there twice",
    "--compare alpaca,": "--compare alpaca,: give two templates or more, with a comma between",
    "--diff ,": "--diff ,: give two templates, with a comma between",
    "--compare alpaca,chat": "template chat is a model's own, and no model is given",
    "--diff alpaca,qa,plain": "--diff alpaca,qa,plain: give two templates, with a comma between",
    "--diff alpaca,alpacca": "template 'alpacca' not found; did you mean alpaca",
    "--id messy:1 -n 1": "--id and -n do not go together; leave one out",
    "--id messy:1 --source messy": "--id and --source do not go together; leave one out",
    "--longest --random 0": "--longest and --random do not go together; leave one out",
    "-n 0": "0 is not in the range",
    "--random -1": "-1 is not in the range",
    "--random x": "'x' is not a valid integer range",
}


@pytest.mark.parametrize("options", REFUSED)
def test_what_does_not_go_together_is_refused(preview, options, tmp_path):
    done = preview(*options.split())
    assert REFUSED[options] in done.stderr
    assert done.exit_code == (1 if "chat" in options else 2)
    assert not done.stdout
    assert not (tmp_path / "x.html").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--id messy:1 --id a --id b", "has no record 'a', 'b'; "),
        ("--source mess", "has no record of the source 'mess'; it has 'messy'"),
        ("-m ./no-model", "model ./no-model: no such folder"),
    ],
)
def test_what_is_not_there_is_told(preview, options, told):
    done = preview(*options.split())
    assert told in done.stderr
    assert done.exit_code == 1


def test_options_choose_records(preview):
    assert [line.split(" · ")[0] for line in preview().stdout.splitlines() if "@" in line] == [
        "messy:1",
        "messy:2",
    ]
    assert preview("--id", "messy:2", "-t", "qa").stdout.startswith("messy:2 · qa@")
    assert preview("--longest", "-n", "1").stdout.startswith("messy:1 · alpaca@")
    both = preview("--random", "4").stdout
    assert both.count("alpaca@") == 2
    assert preview("--random", "4", "-n", "1").stdout == both.split("\n\nmessy")[0] + "\n\n"
    assert preview("--source", "messy", "-n", "1").stdout == preview("-n", "1").stdout


def test_three_are_shown_on_a_terminal_and_all_with_json(preview, messy):
    messy.write_bytes(messy.read_bytes() * 3)
    assert preview().stdout.count("alpaca@") == 3
    assert preview("-n", "4").stdout.count("alpaca@") == 4
    assert len(preview("--json").stdout.splitlines()) == 6 + 1


def test_json_covers_what_is_chosen(preview):
    def digest(*options):
        *_, last = preview("--json", *options).stdout.splitlines()
        return json.loads(last)

    assert digest()["records"] == 2
    assert digest("-n", "1") == digest("--id", "messy:1") == digest("--longest", "-n", "1")
    assert digest("-n", "1") != digest("--id", "messy:2")


def test_an_id_is_looked_for_in_every_split(tmp_path, write_rows):
    rows = [{"instruction": f"Name {n}.", "input": "", "output": f"N{n}."} for n in range(30)]
    write_rows(tmp_path / "in.jsonl", rows)
    clean(resolve([str(tmp_path / "in.jsonl")]), select_steps(STEPS, only=["validate"]),
          tmp_path / "out")  # fmt: skip
    run = CliRunner().invoke
    where = str(tmp_path / "split")
    done = run(main, ["split", str(tmp_path / "out"), "-o", where, "--test", "0.3"])
    assert done.exit_code == 0, done.output
    held = json.loads((tmp_path / "split" / "test.jsonl").open().readline())["id"]
    assert run(main, ["preview", where, "--id", held]).stdout.startswith(f"{held} · ")
    assert f"{held} · " not in run(main, ["preview", where, "-n", "99"]).stdout


def test_each_view(preview):
    assert "┏━━━━┓" in preview("-m", "tiny", "--tokens").stdout
    assert "[-### Response:-]⟦Red." in preview("--diff", "alpaca,chatml").stdout
    below = preview("--compare", "qa,alpaca,chatml", "-n", "1").stdout
    assert [line.split("@")[0] for line in below.splitlines() if "@" in line] == [
        "messy:1 · qa",
        "messy:1 · alpaca",
        "messy:1 · chatml",
    ]


def test_a_template_that_fails_says_on_which_record(preview, tmp_path):
    (tmp_path / "picky.jinja").write_text(
        "{{ 1 // (instruction | length - 14) }}{% generation %}{{ output }}{% endgeneration %}"
    )
    assert len("Name a colour.") == 14
    done = preview("-t", "picky.jinja")
    assert done.exit_code == 1
    assert "record messy:1: template picky.jinja" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("options", ["", "-m tiny --tokens", "--compare alpaca,qa"])
def test_neither_a_text_nor_tokens_need_torch_and_a_reader_may_go_away(messy, options):
    code = (
        "import sys\nfrom curate.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: sys.stderr.write(str([m for m in ('torch', 'datasets', 'pandas', "
        "'scipy') if m in sys.modules]))"
    )
    command = [sys.executable, "-c", code, "preview", str(messy), *options.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.endswith("[]"), done.stderr
    piped = " ".join([sys.executable, "-m", "curate", *command[3:]]) + " | head -n 1"
    done = subprocess.run(piped, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("messy:1 · ")
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
