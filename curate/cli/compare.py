"""`curate compare`."""

from pathlib import Path

import click

from curate.cli.evaluate import measuring_options
from curate.cli.options import json_flag, layout_options, out, overwrite, parse_map


@click.command("compare")
@click.argument("arguments", metavar="RUN|RECIPE... [KEY=VALUE]...", nargs=-1, required=True)
@out
@measuring_options
@layout_options
@overwrite
@json_flag
def compare_command(
    arguments: tuple[str, ...], out: Path, data: tuple[str, ...], rewards: tuple[str, ...],
    generate: int, max_new_tokens: int, layout: str | None, columns: tuple[str, ...],
    overwrite: bool, as_json: bool,
) -> None:  # fmt: skip
    """Compare runs, or what recipes make, on the same records.

    RUN is a run directory, RECIPE a file or the name of a shipped one; KEY=VALUE changes every
    recipe. What recipes make goes into DIR/runs and is not made again. One table and one page say
    what each run took, what it does on held-out records, with intervals, and what it answers; the
    best is marked where that is beyond chance.

    Example: curate compare lora adapter prefix full data.dataset=split -o comparison
    """
    from curate.reporting.terminal import print_json, print_table, quiet_libraries

    quiet_libraries()
    from curate.reporting.comparison_page import standing, table
    from curate.tuning.comparing import compare

    figures = compare(
        arguments, out, data=data, layout=layout, mapping=parse_map(columns), rewards=rewards,
        generate=generate, max_new_tokens=max_new_tokens, overwrite=overwrite,
    )  # fmt: skip
    if as_json:
        print_json(figures)
        return
    header, rows = table(figures)
    print_table("", header, [[row["name"], *map(_cell, row["cells"])] for row in rows])
    click.echo(standing(figures))
    click.echo(f"page: {out / 'comparison.html'}")


def _cell(parts: tuple[str, str]) -> str:
    """Return the text of a cell, with the interval where there is one."""
    text, ends = parts
    return f"{text} ({ends})" if ends else text
