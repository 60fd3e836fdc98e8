"""`curate inspect`."""

from typing import Any

import click

from curate.cli.options import json_flag, layout_options, parse_map, sources

_FILES_SHOWN = 20


@click.command("inspect")
@sources
@layout_options
@json_flag
def inspect_command(
    sources: tuple[str, ...], layout: str | None, columns: tuple[str, ...], as_json: bool
) -> None:
    """Show layout, counts, field lengths and problems.

    Nothing is written. SOURCE is [NAME=]PATH: a file (.json .jsonl .csv .tsv .parquet, also .gz or
    .zst), a folder, a glob, a dataset directory, hf:OWNER/NAME, or - for JSON lines on stdin.

    Example: curate inspect data/sample
    """
    from curate.reporting.summary import summarise
    from curate.reporting.terminal import counting, quiet_libraries
    from curate.sources import resolve
    from curate.steps import STEPS, select_steps

    quiet_libraries()
    found = resolve(sources, layout=layout, mapping=parse_map(columns))
    with counting("rows read") as progress:
        summary = summarise(found, select_steps(STEPS), progress=progress)
    if as_json:
        import orjson

        click.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
    else:
        _show(summary)


def _show(summary: dict[str, Any]) -> None:
    from curate.reporting.terminal import print_table

    files = summary["sources"]
    rows = [[f["name"], f["layout"] or "—", f["rows"], f["quarantined"]] for f in files]
    if len(rows) > _FILES_SHOWN:
        rest = files[_FILES_SHOWN:]
        total = [sum(f[key] for f in rest) for key in ("rows", "quarantined")]
        rows = [*rows[:_FILES_SHOWN], [f"… {len(rest)} more files", "", *total]]
    counts = summary["counts"]
    rows.append(["total", "", counts["read"], counts["quarantined"]])
    print_table("Sources", ["source", "layout", "rows", "unreadable"], rows)
    print_table(
        "Field lengths in characters",
        ["field", "filled", "median", "95%", "longest"],
        [[name, *figures.values()] for name, figures in summary["fields"].items()],
    )
    if summary["conversations"]:
        click.echo(f"{summary['conversations']:,} records have earlier turns.\n")
    problems = [
        [p["step"], p["reason"], p["count"], ", ".join(p["examples"])] for p in summary["problems"]
    ]
    if problems:
        print_table(
            "What `curate clean` would do", ["step", "what", "records", "for example"], problems
        )
    unreadable = [
        [f"{row['path']}:{row['line']}", row["error"], row["raw"] or row.get("raw_base64", "")]
        for row in summary["unreadable"]
    ]
    if unreadable:
        title = f"Unreadable rows ({len(unreadable)} of {counts['quarantined']:,})"
        print_table(title, ["where", "why", "row"], unreadable)
    if not problems and not unreadable:
        click.echo("No problem found.")
