"""`curate clean`."""

from pathlib import Path
from typing import Any

import click

from curate.cli.options import json_flag, layout_options, out, overwrite, parse_map, sources


@click.command("clean")
@sources
@out
@layout_options
@click.option("--set", "settings", multiple=True, metavar="STEP.FIELD=VALUE",
              help="Change an option of a step. Repeatable.")  # fmt: skip
@click.option(
    "--only", multiple=True, metavar="STEP", help="Run this step and no other. Repeatable."
)
@click.option("--skip", multiple=True, metavar="STEP", help="Leave this step out. Repeatable.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1),
              help="Processes; the result is the same.")  # fmt: skip
@click.option("--resume", is_flag=True,
              help="Go on with a run that stopped; the result is the same.")  # fmt: skip
@overwrite
@json_flag
def clean_command(
    sources: tuple[str, ...],
    out: Path,
    layout: str | None,
    columns: tuple[str, ...],
    settings: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    workers: int,
    resume: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Clean sources into one dataset directory.

    Writes train.jsonl, and beside it dropped.jsonl (each dropped record with its reason),
    quarantine.jsonl (rows that could not be read), edits.jsonl (each change), a manifest and a
    card. A run that stopped, whatever stopped it, goes on with --resume.

    Example: curate clean data/sample -o clean
    """
    from curate.cleaning import clean
    from curate.reporting.terminal import counting, quiet_libraries, talk
    from curate.sources import resolve
    from curate.steps import STEPS, select_steps

    quiet_libraries()
    steps = select_steps(STEPS, settings=settings, only=only, skip=skip)
    found = resolve(sources, layout=layout, mapping=parse_map(columns))
    with counting("rows read") as progress:
        manifest = clean(
            found,
            steps,
            out,
            workers=workers,
            overwrite=overwrite,
            resume=resume,
            progress=progress,
            talk=talk,
        )
    if as_json:
        import orjson

        click.echo(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    else:
        show_account(manifest, out)


def show_account(manifest: dict[str, Any], directory: Path) -> None:
    """Print what each step did and the balance."""
    from curate.reporting.terminal import print_table

    rows: list[list[object]] = []
    for step in manifest["steps"]:
        why = [f"{number:,} {reason}" for reason, number in step["dropped"].items()] or [""]
        rows.append([step["name"], step["in"], step["edited"], step["in"] - step["kept"], why[0]])
        rows += [["", "", "", "", reason] for reason in why[1:]]
    print_table("Steps", ["step", "records in", "edited", "dropped", "why"], rows)
    counts = {name: f"{number:,}" for name, number in manifest["counts"].items()}
    click.echo(
        "read {read} = kept {kept} + dropped {dropped} + quarantined {quarantined}".format(**counts)
    )
    click.echo(f"dataset directory: {directory}")
