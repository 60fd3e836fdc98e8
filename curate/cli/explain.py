"""`curate explain`."""

from pathlib import Path
from typing import Any

import click

from curate.cli.options import directory, json_flag

_SHOWN = ("instruction", "context", "output", "system")


@click.command("explain")
@directory
@click.argument("id", metavar="ID")
@json_flag
def explain_command(directory: Path, id: str, as_json: bool) -> None:
    """Tell all that happened to one record.

    ID is the record's `id`, SOURCE:POSITION, as the files of the dataset directory have it.

    Example: curate explain clean facts:12
    """
    from curate.dataset import explain

    story = explain(directory, id)
    if as_json:
        import orjson

        click.echo(orjson.dumps(story, option=orjson.OPT_INDENT_2))
    else:
        _show(story)


def _show(story: dict[str, Any]) -> None:
    from curate.reporting.terminal import print_table

    record = story["record"]
    click.echo(f"{story['id']}  from {record['origin']}")
    if story["fate"] == "kept":
        click.echo(f"kept, in split {story['split']}")
    else:
        evidence = ", ".join(f"{key}: {value}" for key, value in story["evidence"].items())
        click.echo(f"dropped by {story['step']}: {story['reason']} ({evidence})")
    survivor = story.get("survivor")
    header = ["field", "record"] if survivor is None else ["field", "record", survivor["id"]]
    columns = [record] if survivor is None else [record, survivor]
    rows = [[name, *(c[name] for c in columns)] for name in _SHOWN if any(c[name] for c in columns)]
    print_table("Record", header, rows)
    if story["edits"]:
        changes = [[e["step"], e["field"], e["removed"], e["inserted"]] for e in story["edits"]]
        print_table("Edits", ["step", "field", "was", "became"], changes)
    if story["stands_for"]:
        click.echo(f"stands for: {', '.join(story['stands_for'])}")
