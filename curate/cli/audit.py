"""`curate audit`."""

from pathlib import Path

import click

from curate.cli.options import directory


@click.command("audit")
@directory
def audit_command(directory: Path) -> None:
    """Recount, rehash and revalidate a dataset directory.

    Counts and hashes each file, undoes every edit, and runs the steps of the manifest again over
    the records as they were read: each has to meet the same fate. Splits must share nothing. Exits
    1 with the first thing that does not hold.

    Example: curate audit clean
    """
    from curate.dataset import audit
    from curate.reporting.card import check_card
    from curate.revalidating import revalidate
    from curate.splitting import check_split

    for line in audit(directory):
        click.echo(f"ok  {line}")
    click.echo(f"ok  {check_card(directory)}")
    click.echo(f"ok  {revalidate(directory)}")
    click.echo(f"ok  {check_split(directory)}")
