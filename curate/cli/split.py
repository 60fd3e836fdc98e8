"""`curate split`."""

from pathlib import Path

import click

from curate.cli.options import directory, json_flag, out, overwrite


@click.command("split")
@directory
@out
@click.option(
    "--validation", default=0.05, show_default=True, help="Share for validation, 0.05 for 5%."
)
@click.option("--test", default=0.05, show_default=True, help="Share for the test.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="Another seed, another split.",
)
@overwrite
@json_flag
def split_command(
    directory: Path,
    out: Path,
    validation: float,
    test: float,
    seed: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Split a dataset directory by groups.

    Records with an equal context go into the same split, records without one by an equal prompt. A
    passage that stands inside the instruction is not seen as shared. The hash of the content
    decides, so that more records move no old one.

    Example: curate split clean -o split --validation 0.1 --test 0
    """
    from curate.dataset import SPLITS
    from curate.reporting.terminal import print_json, print_table
    from curate.splitting import split_dataset

    counts = split_dataset(
        directory, out, validation=validation, test=test, seed=seed, overwrite=overwrite
    )
    if as_json:
        print_json(dict(sorted(counts.items())), indent=False)
        return
    total = sum(counts.values())
    rows = [
        [name, n, f"{n / total:.1%}"] for name, n in ((s, counts[s]) for s in SPLITS if s in counts)
    ]
    print_table("Splits", ["split", "records", "share"], rows)
    click.echo(f"dataset directory: {out}")
