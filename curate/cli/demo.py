"""`curate demo`."""

import shlex
import shutil
from pathlib import Path

import click

from curate.cli.audit import audit_command
from curate.cli.clean import clean_command
from curate.cli.inspect import inspect_command
from curate.cli.options import overwrite
from curate.cli.preview import preview_command
from curate.cli.split import split_command
from curate.cli.train import train_command
from curate.errors import DatasetError, clip

_ANSWERS = 8


@click.command("demo")
@click.option("-o", "--out", default="demo", show_default=True, type=click.Path(path_type=Path),
              help="Folder to write.")  # fmt: skip
@overwrite
@click.pass_context
def demo_command(ctx: click.Context, out: Path, overwrite: bool) -> None:
    """Go the whole way on shipped data.

    Inspects and cleans a messy sample, splits and previews it, tunes the tiny shipped model with
    LoRA and shows its answers before and after. Minutes on a CPU, without a network.

    Example: curate demo
    """
    from curate.shipped import shipped

    for part in ("clean", "dataset", "run"):
        if (out / part).exists() and not overwrite:
            raise DatasetError(f"{out}: holds a demo; pass --overwrite to replace it")
    sample, held_out = out / "sample", out / "heldout.jsonl"
    shutil.copytree(shipped("data", "sample"), sample, dirs_exist_ok=True)
    shutil.copy(shipped("data", "heldout.jsonl"), held_out)
    replace = ["--overwrite"] if overwrite else []
    cleaned, dataset, run = out / "clean", out / "dataset", out / "run"
    data = [f"data.dataset={dataset}", f"evaluation.dataset={held_out}"]
    stages: list[tuple[click.Command, list[str]]] = [
        (inspect_command, [str(sample)]),
        (clean_command, [str(sample), "-o", str(cleaned), *replace]),
        (audit_command, [str(cleaned)]),
        (split_command, [str(cleaned), "-o", str(dataset), *replace]),
        (preview_command, [str(dataset), "-t", "alpaca", "-m", "tiny", "-n", "2"]),
        (train_command, ["lora", *data, "evaluation.generate=1000", "-o", str(run), *replace]),
    ]
    for command, arguments in stages:
        line = shlex.join(["curate", command.name or "", *arguments])
        click.secho(f"\n$ {line}", bold=True)
        with command.make_context(f"curate {command.name}", arguments, parent=ctx) as inner:
            command.invoke(inner)
    show_answers(run)
    _show_places(out)


def show_answers(run: Path) -> None:
    """Print the same held-out prompts answered before and after, and how many were right."""
    from curate.dataset import read_lines
    from curate.reporting.terminal import print_table

    lines = list(read_lines(run / "generations.jsonl"))
    chosen = lines[:: max(1, len(lines) // _ANSWERS)][:_ANSWERS]
    rows = []
    for line in chosen:
        asked, context = _asked(line["prompt"])
        mark = "✓" if line["after"] == line["expected"] else "✗"
        rows.append([f"{context} {asked}".strip(), clip(line["before"], 36), mark, line["after"]])
    print_table("Answers before and after", ["asked", "before", "", "after"], rows)
    right = [sum(x[when] == x["expected"] for x in lines) for when in ("before", "after")]
    click.echo(
        f"word for word right, of {len(lines)} questions that are not in the tuning data: "
        f"{right[0]} before, {right[1]} after"
    )


def _asked(prompt: str) -> tuple[str, str]:
    """Return instruction and context of a rendered Alpaca prompt, for the eye."""
    asked = prompt.partition("### Instruction:\n")[2].rpartition("\n\n### Response:")[0]
    instruction, _, context = asked.partition("\n\n### Input:\n")
    return instruction, context


def _show_places(out: Path) -> None:
    from curate.reporting.terminal import print_table

    places = [
        (out / "sample", "the messy files; facts never seen in tuning are in heldout.jsonl"),
        (out / "clean", "dataset directory: train.jsonl and what was dropped, and why"),
        (out / "dataset", "the same in splits; `datasets.load_dataset` opens it"),
        (out / "run" / "adapter", "the adapter; loads with plain PEFT"),
        (out / "run" / "generations.jsonl", "every answer before and after"),
        (out / "run" / "loss.png", "the loss over the run"),
        (out / "run" / "run.json", "what was trained, on what, with which result"),
    ]
    print_table("Where everything lies", ["what", "where"], [[w, str(p)] for p, w in places])
    question = "What is the opposite of hot?"
    click.echo(f'Ask it yourself: curate generate {out / "run"} --instruction "{question}"')
