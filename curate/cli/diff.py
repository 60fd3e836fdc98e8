"""`curate diff`."""

from pathlib import Path
from typing import Any

import click

from curate.cli.options import json_flag
from curate.errors import clip

_EXAMPLES = 3


@click.command("diff")
@click.argument("before", metavar="DIR_A", type=click.Path(path_type=Path))
@click.argument("after", metavar="DIR_B", type=click.Path(path_type=Path))
@json_flag
def diff_command(before: Path, after: Path, as_json: bool) -> None:
    """Say which records came, went or changed from DIR_A to DIR_B.

    And by which step: the one that dropped a record that went in DIR_B, one that came in DIR_A, and
    that edited one that changed. Records are matched by id, and by content where the other
    directory never read the id. --json lists every record.

    Example: curate diff clean strict
    """
    from curate.dataset import diff
    from curate.reporting.terminal import print_json

    found = diff(before, after)
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    from curate.reporting.terminal import print_table

    before, after = found["records"]
    click.echo(f"{before:,} records → {after:,}, {found['same']:,} of them the same")
    if found["changes"]:
        header = ["", "step", "why", "records", "for example"]
        print_table("Records", header, [_row(change) for change in found["changes"]])
    if found["steps"]:
        rows = [row for step in found["steps"] for row in _settings(step)]
        print_table("Settings of the steps", ["step", "option", "DIR_A", "DIR_B"], rows)
    for entry in found["versions"]:
        versions = (entry[side] or "none" for side in ("before", "after"))
        click.echo(f"written with {entry['name']} {' → '.join(map(clip, versions))}")


def _row(change: dict[str, Any]) -> list[object]:
    records = change["records"]
    ids = ", ".join(record["id"] for record in records[:_EXAMPLES])
    more = " …" if len(records) > _EXAMPLES else ""
    return [change["kind"], change["step"], change["reason"], len(records), ids + more]


def _settings(step: dict[str, Any]) -> list[list[str]]:
    """Return a row an option that differs.

    >>> _settings({"name": "length", "before": None, "after": {"max_words": 9}})
    [['length', '', 'did not run', 'ran']]
    >>> _settings({"name": "length", "before": {"max_words": 7}, "after": {"max_words": 9}})
    [['length', 'max_words', '7', '9']]
    """
    before, after = step["before"], step["after"]
    if before is None or after is None:
        ran = ["did not run" if side is None else "ran" for side in (before, after)]
        return [[step["name"], "", *ran]]
    return [
        [step["name"], option, *(clip(side.get(option, "none")) for side in (before, after))]
        for option in {**before, **after}
        if before.get(option) != after.get(option)
    ]
