"""`curate lint`."""

import difflib
import itertools
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from curate.cli.options import json_flag, layout_options, parse_map
from curate.text import counted

if TYPE_CHECKING:
    from curate.prompts.linting.findings import Finding
    from curate.prompts.linting.source_lint import SourceLint
    from curate.prompts.templates import Template
    from curate.prompts.tokenizer import Tokenizer

_EXAMPLES = 3


@click.command("lint")
@click.argument("arguments", metavar="[TEMPLATE|SOURCE]...", nargs=-1)
@click.option("-t", "--template", default="alpaca", show_default=True,
              help="Template under which a SOURCE is looked at.")  # fmt: skip
@click.option("-m", "--model", help="Look with this model's tokenizer, and at its own template.")
@click.option("--max-length", type=click.IntRange(2), help="As data.max_length of a recipe.")
@layout_options
@click.option("--strict", is_flag=True, help="Exit 1 on warnings too.")
@json_flag
def lint_command(
    arguments: tuple[str, ...],
    template: str,
    model: str | None,
    max_length: int | None,
    layout: str | None,
    columns: tuple[str, ...],
    strict: bool,
    as_json: bool,
) -> None:
    """Find what is wrong with templates and with what is trained on.

    A name of `curate templates`, `chat`, or the path of a .jinja file is a TEMPLATE; anything else
    is a SOURCE, as for `curate preview`. Without either, every template is looked at, with -m the
    model's own too. Lengths and special tokens of a SOURCE need -m.

    Exits 0 if nothing or only warnings are found, 1 on errors.

    Example: curate lint alpaca clean -m tiny
    """
    from curate.prompts.encode import EncodeSettings
    from curate.prompts.linting.template_lint import lint_template
    from curate.prompts.templates import CHAT, find_template, list_templates
    from curate.prompts.tokenizer import load_tokenizer
    from curate.reporting.terminal import print_json, quiet_libraries

    quiet_libraries()
    kinds = [(argument, _is_template(argument)) for argument in arguments]
    templates = [find_template(argument) for argument, is_template in kinds if is_template]
    sources = [_Source(argument, layout, columns) for argument, is_template in kinds
               if not is_template]  # fmt: skip
    under = find_template(template)
    tokenizer = load_tokenizer(model) if model is not None else None
    if not arguments:
        templates = [*list_templates(), *([find_template(CHAT)] if tokenizer else [])]
    limit = max_length or EncodeSettings.model_validate({}).max_length
    linted = [(found, lint_template(found, tokenizer)) for found in templates]
    looked = [(source.argument, source.lint(under, tokenizer, limit)) for source in sources]
    findings = [finding for _, found in linted for finding in found]
    findings += [finding for _, found in looked for finding in found.findings]
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    if as_json:
        rows = [_row(found, its) for found, its in linted]
        told = [{"source": argument, **found.to_dict()} for argument, found in looked]
        print_json({"templates": rows, "sources": told, "errors": errors, "warnings": warnings})
    else:
        for found, its in linted:
            _show_template(found, its)
        for argument, told_of in looked:
            _show_source(argument, told_of)
        click.echo(
            f"{counted(errors, 'error', 'errors')}, {counted(warnings, 'warning', 'warnings')}"
        )
    if errors or (strict and warnings):
        raise click.exceptions.Exit(1)


def _is_template(argument: str) -> bool:
    """Return whether an argument names a template; else it is a source.

    Raises:
        UsageError: it could be both, or is nothing that is known.
    """
    from curate.errors import UsageError, clip
    from curate.prompts.templates import CHAT, list_templates

    if argument.endswith(".jinja"):
        return True
    known = [CHAT, *(template.name for template in list_templates())]
    if argument in known and os.path.lexists(argument):
        raise UsageError(
            f"{clip(argument)} is a template and a path here: write ./{clip(argument)} for the "
            "path, or give the path of the template's .jinja file"
        )
    if argument in known:
        return True
    if os.path.lexists(argument) or argument in ("", "-") or re.search(r"[/\\.=:*?\[]", argument):
        return False
    near = difflib.get_close_matches(argument, [*known, *os.listdir()], n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"templates: {', '.join(known)}."
    raise UsageError(f"{clip(argument)!r} is neither a template nor a file or folder; {hint}")


@dataclass(frozen=True)
class _Source:
    """A SOURCE with how it is to be read; of a dataset directory the train split."""

    argument: str
    layout: str | None
    columns: tuple[str, ...]

    def lint(self, template: "Template", tokenizer: "Tokenizer | None", limit: int) -> "SourceLint":
        """Return what is wrong with it.

        Raises:
            SourceError: there is no record.
        """
        from curate.errors import SourceError, clip
        from curate.prompts.linting.source_lint import lint_source
        from curate.reporting.terminal import counting
        from curate.sources import Reader, resolve

        sources = resolve([self.argument], layout=self.layout, mapping=parse_map(self.columns))
        sources = [source for source in sources if source.split in ("", "train")]
        items = itertools.chain.from_iterable(map(Reader, sources))
        with counting("records looked at") as progress:
            found = lint_source(items, template, tokenizer, max_length=limit, progress=progress)
        if not found.records:
            raise SourceError(f"{clip(self.argument)}: has no readable record")
        return found


def _row(template: "Template", findings: "list[Finding]") -> dict[str, Any]:
    """Return what `--json` says of a template."""
    return {
        "template": template.name,
        "path": template.path,
        "findings": [finding.to_dict() for finding in findings],
    }


def _show_template(template: "Template", findings: "list[Finding]") -> None:
    """Print the findings of a template, each with its place."""
    from curate.prompts.linting.findings import RULES
    from curate.reporting.terminal import print_table

    name = template.path or template.name
    if not findings:
        click.echo(f"{name}: nothing found\n")
        return
    rows = [
        [":".join(str(number) for number in (finding.line, finding.column) if number),
         finding.severity, finding.rule, finding.message, RULES[finding.rule].todo]
        for finding in findings
    ]  # fmt: skip
    print_table(name, ["place", "", "rule", "what was found", "what to do"], rows)


def _show_source(argument: str, found: "SourceLint") -> None:
    """Print the findings of a source, and how long its records are."""
    from curate.prompts.linting.findings import RULES
    from curate.prompts.linting.source_lint import KEEPS
    from curate.reporting.terminal import print_table

    title = f"{argument} · {found.template} · {counted(found.records, 'record', 'records')}"
    if found.findings:
        rows = [
            [finding.severity, finding.rule, finding.count, finding.message,
             _examples(finding), RULES[finding.rule].todo]
            for finding in found.findings
        ]  # fmt: skip
        header = ["", "rule", "records", "what was found", "for example", "what to do"]
        print_table(title, header, rows)
    else:
        click.echo(f"{title}: nothing found\n")
    if quantiles := found.quantiles:
        parts = list(quantiles)
        rows = [[f"{percent}%" if percent != "0" else "min",
                 *(quantiles[part][percent] for part in parts)]
                for percent in quantiles["whole"]]  # fmt: skip
        print_table("Lengths in tokens", ["of the records", *parts], rows)
        keeps = (f"{percent}% with {found.keeping(percent):,}" for percent in KEEPS)
        click.echo(f"max_length keeps {', '.join(keeps)}")


def _examples(finding: "Finding") -> str:
    """Return the first records of a finding, with what belongs to them."""
    shown = []
    for record in finding.records[:_EXAMPLES]:
        size = record.get("tokens") or record.get("strings")
        shown.append(f"{record['id']} ({size:,})" if size else record["id"])
    return ", ".join(shown) + (" …" if finding.count > _EXAMPLES else "")
