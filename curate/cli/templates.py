"""`curate templates`."""

import click

from curate.cli.options import json_flag


@click.command("templates")
@click.argument("name", required=False)
@json_flag
def templates_command(name: str | None, as_json: bool) -> None:
    """List the prompt templates, or show one.

    A template is one .jinja file, shipped, in ./templates, or anywhere by its path.

    Example: curate templates alpaca
    """
    from curate.prompts.templates import find_template, list_templates
    from curate.reporting.terminal import print_json, print_table

    if name is not None:
        click.echo(find_template(name).text, nl=False)
        return
    found = list_templates()
    if as_json:
        rows = [{"name": t.name, "hash": t.hash, "path": t.path} for t in found]
        print_json(rows)
    else:
        print_table(
            "Templates", ["name", "hash", "path"], [[t.name, t.hash, t.path] for t in found]
        )
