"""`curate export`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.options import json_flag, out, overwrite

if TYPE_CHECKING:
    from curate.tuning.exporting import Export


@click.command("export")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@out
@click.option("--merged", is_flag=True, help="Fold LoRA into the weights of the base.")
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]),
              help="Type of the weights of a whole model; float32 without it.")  # fmt: skip
@overwrite
@json_flag
def export_command(
    run: Path, out: Path, merged: bool, dtype: str | None, overwrite: bool, as_json: bool
) -> None:
    """Write a folder to serve a tuned model from.

    With it go the tokenizer, a chat template that renders the prompts of the training, and the ids
    that end an answer. A run with `full`, or LoRA with --merged, becomes a model that transformers
    loads; else the folder holds the adapter.

    Example: curate export run -o served --merged
    """
    from curate.reporting.terminal import print_json, quiet_libraries

    quiet_libraries()
    from curate.prompts.chat_template import PROBES
    from curate.tuning.exporting import export

    done = export(run, out, merged=merged, dtype=dtype, overwrite=overwrite)
    if as_json:
        print_json({"files": done.files, "chat_template_probes": [done.probes, len(PROBES)],
                    "merged": done.merged, "cast": done.cast})  # fmt: skip
    else:
        _show(done, out, dtype)


def _show(done: "Export", out: Path, dtype: str | None) -> None:
    from curate.prompts.chat_template import PROBES
    from curate.reporting.terminal import talk

    if done.merged is not None:
        click.echo(f"merged: no logit moved by more than {done.merged:.1e}")
    if done.cast is not None:
        click.echo(f"in {dtype}: no logit moved by more than {done.cast:.1e}")
    if not done.probes:
        talk("warning: the template cannot be written as a chat template, so none went along: "
             "serve it with `curate generate` or `curate chat`")  # fmt: skip
    elif done.probes < len(PROBES):
        click.echo("chat template: the ids of the training, in conversations of one question")
        talk("warning: with earlier turns the ids are others: the tokenizer joins their borders")
    else:
        click.echo("chat template: the ids of the training, with earlier turns too")
    click.echo(f"{len(done.files)} files in {out}")
