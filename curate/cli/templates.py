"""`curate templates`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from curate.cli.options import json_flag

if TYPE_CHECKING:
    from curate.prompts.templates import Template


@click.command("templates")
@click.argument("name", required=False)
@json_flag
def templates_command(name: str | None, as_json: bool) -> None:
    """List the prompt templates, or show what one makes of sample records.

    A template is one .jinja file, shipped, in ./templates, or anywhere by its path; NAME is its
    name or its path. The part that takes loss stands between ⟦ and ⟧.

    Example: curate templates alpaca
    """
    from curate.prompts.templates import find_template

    if name is not None:
        _show(find_template(name), as_json)
    else:
        _list(as_json)


def _list(as_json: bool) -> None:
    from curate.prompts.catalogue import catalogue
    from curate.reporting.terminal import print_json, print_table

    entries = catalogue()
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    rows = [
        [entry.name, entry.hash, entry.fault or entry.purpose, entry.origin.partition(". ")[0]]
        for entry in entries
    ]
    print_table("Templates", ["name", "hash", "what it is for", "origin"], rows)


def _show(template: "Template", as_json: bool) -> None:
    """Print a template's header, its file and what it makes of the samples."""
    from curate.prompts.catalogue import SAMPLES, show_samples
    from curate.prompts.encode import Encoder
    from curate.prompts.preview import preview_rows, visible
    from curate.reporting.terminal import print_json

    header = template.header
    examples = [] if template.is_chat else list(preview_rows(Encoder(template), SAMPLES))[:-1]
    if as_json:
        shown = {"name": template.name, "hash": "" if template.is_chat else template.hash}
        told = {"purpose": header.purpose, "origin": header.origin, "namesakes": header.namesakes}
        print_json({**shown, "path": template.path, **told, "examples": examples})
        return
    click.echo(
        visible(f"{template.path}\n\n" if template.path else "") + visible(header.text), nl=False
    )
    if template.is_chat:
        click.echo(
            f"{template.name}: {header.purpose}\n\nSee it: curate preview SOURCE -t chat -m MODEL"
        )
    else:
        click.echo("\n" if header.text else "")
        show_samples(template)
