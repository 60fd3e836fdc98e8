"""`curate preview`."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from curate.cli.options import json_flag, layout_options, parse_map

if TYPE_CHECKING:
    from curate.records import Record

_SHOWN = 3


@click.command("preview")
@click.argument("source", metavar="SOURCE")
@click.option("-t", "--template", default="alpaca", show_default=True,
              help="Name or path of a template; `chat` is the model's own.")  # fmt: skip
@click.option("-m", "--model", help="Show tokens as this model's tokenizer makes them.")
@click.option("-n", "limit", type=click.IntRange(1, 10**9),
              help="Records to show; 3 on the terminal, all with --json.")  # fmt: skip
@click.option("--id", "wanted", help="Show the record with this id.")
@click.option("--max-length", type=click.IntRange(2), help="As data.max_length of a recipe.")
@click.option("--over-length", type=click.Choice(["drop", "truncate", "error"]),
              help="As data.over_length of a recipe.")  # fmt: skip
@click.option("--loss", type=click.Choice(["completion", "assistant", "all"]),
              help="As data.loss of a recipe.")  # fmt: skip
@layout_options
@json_flag
def preview_command(
    source: str,
    template: str,
    model: str | None,
    limit: int | None,
    wanted: str | None,
    max_length: int | None,
    over_length: str | None,
    loss: str | None,
    layout: str | None,
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what the model will see.

    The part that takes loss stands between ⟦ and ⟧. Of a dataset directory it is the train split
    that is shown. With --json the last line holds the digest that `curate train` says for the same
    records, template, model, --max-length, --over-length and --loss.

    Example: curate preview clean -t alpaca -m tiny -n 2
    """
    from curate.prompts.encode import Encoder, EncodeSettings
    from curate.prompts.preview import preview_rows, show
    from curate.prompts.templates import find_template
    from curate.prompts.tokenizer import load_tokenizer
    from curate.reporting.terminal import print_json, quiet_libraries, talk

    quiet_libraries()
    chosen = {"max_length": max_length, "over_length": over_length, "loss": loss}
    settings = EncodeSettings(**{k: v for k, v in chosen.items() if v is not None})
    encoder = Encoder(
        find_template(template), load_tokenizer(model) if model is not None else None, settings
    )
    records = _records(source, layout, columns, wanted)
    if as_json:
        for row in preview_rows(encoder, itertools.islice(records, limit)):
            if "id" in row and "dropped" in row:
                talk(f"{row['id']}: left out: {row['tokens']} tokens, at most {row['max_length']}")
            else:
                print_json(row, indent=False)
    else:
        show(encoder, itertools.islice(records, limit or _SHOWN))


def _records(
    source: str, layout: str | None, columns: tuple[str, ...], wanted: str | None
) -> Iterator["Record"]:
    """Yield the records of a source that can be rendered; say of the others that they cannot."""
    from curate.errors import SourceError, clip
    from curate.records import Record
    from curate.reporting.terminal import talk
    from curate.sources import Reader, resolve

    sources = resolve([source], layout=layout, mapping=parse_map(columns))
    if wanted is None:  # what `curate train` trains on
        sources = [s for s in sources if s.split in ("", "train")]
    found = False
    for item in itertools.chain.from_iterable(map(Reader, sources)):
        if not isinstance(item, Record):
            talk(f"{item.path}:{item.line}: left out: {item.error}")
        elif wanted is None or item.id == wanted:
            found = True
            yield item
    if not found:
        what = "has no readable record"
        if wanted is not None:
            what = (
                f"has no record {clip(wanted)!r}; `curate explain DIR ID` tells what became of it"
            )
        raise SourceError(f"{clip(source)}: {what}")
