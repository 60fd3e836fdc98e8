"""`curate verify`."""

from pathlib import Path

import click


@click.command("verify")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--dataset", type=click.Path(path_type=Path),
              help="Where the dataset lies now, if it was moved.")  # fmt: skip
def verify_command(run: Path, dataset: Path | None) -> None:
    """Compute again what a run says it was trained on.

    Dataset, template, tokenizer and base model must be those of the run, and the records must
    still become the tokens and labels that it was trained on. Exits 1 with the first thing that
    does not hold.

    Example: curate verify run
    """
    from curate.reporting.terminal import quiet_libraries

    quiet_libraries()
    from curate.tuning.verifying import verify

    for line in verify(run, dataset=dataset):
        click.echo(f"ok  {line}")
