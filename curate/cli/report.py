"""`curate report`."""

from pathlib import Path

import click

from curate.cli.options import directory, json_flag


@click.command("report")
@directory
@json_flag
def report_command(directory: Path, as_json: bool) -> None:
    """Write the report of a dataset directory anew.

    report.html has the account step by step, sources, licences, lengths, verbs and languages, how
    many records go at each threshold of `dedup`, clusters, conflicts, and samples of what was
    dropped. `clean`, `merge` and `split` write it too. With --json its numbers are printed.

    Example: curate report clean
    """
    from curate.reporting.report import REPORT, rebuild_report
    from curate.reporting.terminal import print_json, print_table, talk

    figures = rebuild_report(directory)
    if as_json:
        print_json(figures)
    elif "curve" in figures:
        curve, mark = figures["curve"], {figures["curve"]["threshold"]: "in use"}
        rows: list[list[object]] = [
            [str(p["threshold"]), p["dropped"], p["kept"], mark.get(p["threshold"], "")]
            for p in curve["curve"]
        ]
        print_table("Duplicates", ["threshold", "go", "stay", ""], rows)
    talk(f"written: {directory / REPORT}")
