"""`curate audit`."""

from pathlib import Path

import click

from curate.cli.options import directory


@click.command("audit")
@directory
def audit_command(directory: Path) -> None:
    """Recount and rehash a dataset directory.

    Exits 1 with the first thing that does not hold.

    Example: curate audit clean
    """
    from curate.dataset import audit

    for line in audit(directory):
        click.echo(f"ok  {line}")
