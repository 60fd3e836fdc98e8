"""`curate preview`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.options import check_path, json_flag, layout_options, parse_map
from curate.errors import UsageError, clip
from curate.prompts.stages import STAGES, for_stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from curate.prompts.encode import Encoder
    from curate.prompts.preview import Rendering
    from curate.prompts.preview.terminal import View
    from curate.prompts.stages import Stage
    from curate.records import Record
    from curate.reporting.preview_page import PreviewPage

_SHOWN = 3
_APART = (
    ("--json", ("--html", "--tokens", "--compare", "--diff")),
    ("--tokens", ("--compare", "--diff")),
    ("--compare", ("--diff", "--template")),
    ("--diff", ("--template",)),
    ("--id", ("-n", "--source", "--longest", "--random")),
    ("--longest", ("--random",)),
)
"""Options that say two things at once: each, and what it does not go together with."""
_OF_TOKENS = ("--tokens", "--max-length", "--over-length", "--loss")
"""Options that mean nothing without a tokenizer; the mask shown would not be the one asked for."""


@click.command("preview")
@click.argument("source", metavar="SOURCE")
@click.option("-t", "--template", default="alpaca", show_default=True,
              help="Name or path of a template; `chat` is the model's own.")  # fmt: skip
@click.option("-m", "--model", help="Show what this model's tokenizer makes of it.")
@click.option("-n", "limit", type=click.IntRange(1, 10**9),
              help="Records to show; 3 on the terminal, all with --json.")  # fmt: skip
@click.option("--id", "ids", multiple=True, help="Show the record with this id. Repeatable.")
@click.option("--source", "named", metavar="NAME", help="Show records of this source.")
@click.option("--longest", is_flag=True, help="Show the longest records, by their characters.")
@click.option("--random", "seed", type=click.IntRange(0, 2**63 - 1), metavar="SEED",
              help="Show records drawn at random, the same for one SEED.")  # fmt: skip
@click.option("--tokens", is_flag=True, help="Show each token in a box, with id and label.")
@click.option("--compare", metavar="A,B,...", help="Show what these templates make of a record.")
@click.option("--diff", metavar="A,B", help="Show what two templates make otherwise, by words.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", callback=check_path,
              help="Write it as one page that needs no network.")  # fmt: skip
@click.option("--max-length", type=click.IntRange(2), help="As data.max_length of a recipe.")
@click.option("--over-length", type=click.Choice(["drop", "truncate", "error"]),
              help="As data.over_length of a recipe.")  # fmt: skip
@click.option("--loss", type=click.Choice(["completion", "assistant", "all"]),
              help="As data.loss of a recipe.")  # fmt: skip
@click.option("--stage", type=click.Choice(STAGES),
              help="What this stage learns from: sft the chosen answer alone.")  # fmt: skip
@layout_options
@json_flag
@click.pass_context
def preview_command(
    ctx: click.Context,
    source: str,
    template: str,
    model: str | None,
    limit: int | None,
    ids: tuple[str, ...],
    named: str | None,
    longest: bool,
    seed: int | None,
    tokens: bool,
    compare: str | None,
    diff: str | None,
    html: Path | None,
    max_length: int | None,
    over_length: str | None,
    loss: str | None,
    stage: "Stage | None",
    layout: str | None,
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what the model will see.

    The part that takes loss stands between ⟦ and ⟧. Of a dataset directory it is the train split
    that is shown; --id looks in every split. With --json the last line holds the digest that
    `curate train` says for the same records, template, model, --max-length, --over-length and
    --loss; of preference pairs, which are trained on with their chosen answers, with --stage sft
    too. Both answers of a pair are shown, side by side where there is room.

    Example: curate preview clean -t alpaca -m tiny -n 2
    """
    from curate.previewing import Choice, chosen
    from curate.prompts.encode import Encoder, EncodeSettings
    from curate.prompts.preview import renderings, show
    from curate.prompts.templates import find_template
    from curate.prompts.tokenizer import load_tokenizer
    from curate.reporting.terminal import quiet_libraries
    from curate.sources import resolve

    _check_options(ctx)
    templates = [find_template(name) for name in _names(template, compare, diff)]
    sources = resolve([source], layout=layout, mapping=parse_map(columns))
    page = None
    if html is not None:
        from curate.reporting.preview_page import PreviewPage

        page = PreviewPage(html, source, model, tokens, diff is not None)
        page.check(sources)
    quiet_libraries()
    values = {"max_length": max_length, "over_length": over_length, "loss": loss}
    settings = EncodeSettings(**{k: v for k, v in values.items() if v is not None})
    tokenizer = load_tokenizer(model) if model is not None else None
    encoders = [Encoder(each, tokenizer, settings) for each in templates]
    limit = limit if limit or ids or as_json else _SHOWN
    records = chosen(sources, Choice(limit, ids, named, longest, seed), clip(source))
    if stage := stage or ("sft" if diff is not None else None):
        records = for_stage(stage, records, clip(source))
    if as_json:
        _print_json(encoders[0], records)
    elif page is not None:
        _write_page(page, list(renderings(encoders, records)))
    else:
        show(renderings(encoders, records), _view(tokens, compare, diff))


def _check_options(ctx: click.Context) -> None:
    """Refuse options that do not go together, or that lack the model they need."""
    default = click.core.ParameterSource.DEFAULT
    given = {
        option
        for param in ctx.command.params
        if param.name and ctx.get_parameter_source(param.name) is not default
        for option in param.opts
    }
    for option, others in _APART:
        for other in others:
            if {option, other} <= given:
                raise UsageError(f"{option} and {other} do not go together; leave one out")
    for option in _OF_TOKENS:
        if option in given and "--model" not in given:
            raise UsageError(f"{option} needs a tokenizer: name a model with -m")


def _names(template: str, compare: str | None, diff: str | None) -> list[str]:
    """Return the names of the templates that are asked for."""
    if compare is None and diff is None:
        return [template]
    option, given = ("--compare", compare) if compare is not None else ("--diff", diff or "")
    names = [name.strip() for name in (given or "").split(",") if name.strip()]
    if len(names) < 2 or (diff is not None and len(names) > 2):
        many = "two templates" if diff is not None else "two templates or more"
        raise UsageError(
            f"{option} {clip(given)}: give {many}, with a comma between: alpaca,chatml"
        )
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"{option} {clip(given)}: {clip(twice[0])} stands there twice")
    return names


def _view(tokens: bool, compare: str | None, diff: str | None) -> "View":
    from curate.prompts.preview import beside_view, diff_view, text_view, tokens_view

    if tokens:
        return tokens_view
    if compare is not None:
        return beside_view
    return text_view if diff is None else diff_view


def _write_page(page: "PreviewPage", rows: "list[list[Rendering]]") -> None:
    from curate.reporting.preview_page import account
    from curate.reporting.terminal import talk

    page.write(rows)
    talk(f"written: {page.path}")
    click.echo(account(rows))


def _print_json(encoder: "Encoder", records: "Iterable[Record]") -> None:
    from curate.prompts.preview import preview_rows
    from curate.reporting.terminal import print_json, talk

    for row in preview_rows(encoder, records):
        if "id" in row and "dropped" in row:
            talk(f"{row['id']}: left out: {row['tokens']} tokens, at most {row['max_length']}")
        else:
            print_json(row, indent=False)
