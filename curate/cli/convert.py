"""`curate convert`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.options import check_path, json_flag, layout_options, parse_map, sources

if TYPE_CHECKING:
    from curate.converting import Account, Target

_NAMES = ("alpaca", "sharegpt", "messages", "prompt-completion", "preference", "llama-factory")


@click.command("convert")
@sources
@click.option("--to", "name", required=True, type=click.Choice(_NAMES), help="The layout to write.")
@click.option("-o", "--out", "file", metavar="FILE", required=True,
              type=click.Path(path_type=Path), callback=check_path,
              help="File to write: .jsonl or .json, each also .gz or .zst.")  # fmt: skip
@click.option("--split", metavar="NAME", help="Of a dataset directory, the split to convert; "
              "needed where it has several.")  # fmt: skip
@layout_options
@click.option("--overwrite", is_flag=True, help="Replace FILE; a source is never replaced.")
@json_flag
@click.pass_context
def convert_command(
    ctx: click.Context,
    sources: tuple[str, ...],
    name: str,
    file: Path,
    split: str | None,
    layout: str | None,
    columns: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Convert records into the layout of another tool.

    SOURCE is a dataset directory, or whatever `inspect` reads. Columns without a name of ours are
    kept. Every row is read back as it is written. What the layout cannot hold is left out and
    told, with the reason and the number of records; then the exit code is 1, and the rest is in
    FILE.

    Example: curate convert clean --to messages -o clean.jsonl
    """
    from curate.converting import TARGETS, convert, of_split
    from curate.reporting.terminal import counting, quiet_libraries
    from curate.sources import resolve

    quiet_libraries()
    target = next(each for each in TARGETS if each.name == name)
    found = of_split(resolve(sources, layout=layout, mapping=parse_map(columns)), split)
    with counting("rows read") as progress:
        account = convert(found, target, file, overwrite=overwrite, progress=progress)
    _show(account, target, file, as_json=as_json)
    if account.loses:
        ctx.exit(1)


def _show(account: "Account", target: "Target", file: Path, *, as_json: bool) -> None:
    """Print what was written, and on stderr what was not."""
    from curate.converting import llama_factory_entry
    from curate.reporting.terminal import print_json, talk
    from curate.sources.source import stem

    entry = None
    if target.name == "llama-factory":
        entry = llama_factory_entry(stem(file.name), file.name, tools=account.has_tools)
    for line in account.lines():
        talk(line)
    if as_json:
        printed = account.to_dict() | ({"dataset_info": entry} if entry else {})
        print_json(printed)
        return
    click.echo(f"{account.written:,} of {account.read:,} rows written to {file}")
    if entry:
        talk("the entry for dataset_info.json in LLaMA-Factory's data folder:")
        print_json(entry)
