"""`curate inspect`."""

from pathlib import Path

import click

from curate.cli.options import json_flag, layout_options, parse_map, sources


@click.command("inspect")
@sources
@layout_options
@click.option("--strict", is_flag=True,
              help="Exit 1 if a row is unreadable or a step would drop or edit one.")  # fmt: skip
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE",
              help="Tell only what is not in FILE, which an earlier --json printed.")  # fmt: skip
@click.option("--sarif", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the findings for code hosts, as SARIF 2.1.0.")  # fmt: skip
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE",
              help="Write all of it as one page that needs no network.")  # fmt: skip
@json_flag
def inspect_command(
    sources: tuple[str, ...],
    layout: str | None,
    columns: tuple[str, ...],
    strict: bool,
    baseline: Path | None,
    sarif: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show layout, counts, languages and problems.

    No source is touched, and nothing is written but the FILEs that you name. SOURCE is
    [NAME=]PATH: a file (.json .jsonl .csv .tsv .parquet, also .gz or .zst), a folder, a glob, a
    dataset directory, hf:OWNER/NAME, or - for JSON lines on stdin.

    Example: curate inspect data/sample --html inspect.html
    """
    from curate.inspecting import inspect
    from curate.reporting.baseline import inspection_json
    from curate.reporting.overview import print_overview
    from curate.reporting.terminal import counting, quiet_libraries, talk
    from curate.reporting.verdict import strict_fault
    from curate.sources import resolve
    from curate.text import harmless

    quiet_libraries()
    found = resolve(sources, layout=layout, mapping=parse_map(columns))
    with counting("rows read") as progress:
        report = inspect(found, baseline=baseline, sarif=sarif, html=html, progress=progress)
    if as_json:
        for part in inspection_json(report):
            click.echo(harmless(part.decode()).encode(), nl=False)
    else:
        print_overview(report.summary)
    for path in (sarif, html):
        if path is not None:
            talk(f"written: {path}")
    if strict and (fault := strict_fault(report.summary)):
        talk(f"curate: strict: {fault}")
        raise click.exceptions.Exit(1)
