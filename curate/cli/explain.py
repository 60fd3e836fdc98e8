"""`curate explain`."""

from pathlib import Path
from typing import Any

import click

from curate.cli.options import directory, json_flag
from curate.errors import clip
from curate.records import TEXT_FIELDS


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

    if story["fate"] == "quarantined":
        row = story["row"]
        click.echo(f"{story['id']}  from {row['path']}:{row['line']}, byte {row['offset']}")
        click.echo(f"quarantined: {row['error']}\n{clip(row['raw'] or row['raw_base64'], 2000)}")
        return
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
    rows = [[name, *(_cell(c[name]) for c in columns)] for name in TEXT_FIELDS]
    if any(column["history"] for column in columns):
        rows.append(["history", *(f"{len(column['history'])} turns" for column in columns)])
    print_table("Record", header, rows)
    if story["edits"]:
        changes = [
            [e["step"], e["field"], e["at"], _cell(e["removed"]), _cell(e["inserted"])]
            for e in story["edits"]
        ]
        print_table("Edits", ["step", "field", "at character", "was", "became"], changes)
    if story["stands_for"]:
        click.echo(f"stands for: {', '.join(story['stands_for'])}")


def _cell(value: object) -> object:
    return "(empty)" if value == "" else value
