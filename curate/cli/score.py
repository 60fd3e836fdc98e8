"""`curate score`."""

from pathlib import Path

import click

from curate.cli.options import check_path, json_flag, layout_options, parse_map, sources


@click.command("score")
@sources
@click.option("-m", "--model", required=True, help="`tiny`, a folder, or OWNER/NAME on the hub.")
@click.option("--revision", help="Commit, branch or tag of the model on the hub.")
@click.option("-t", "--template", default="alpaca", show_default=True,
              help="Name or path of a template; `chat` is the model's own.")  # fmt: skip
@click.option("--max-length", default=1024, show_default=True, type=click.IntRange(2),
              help="Longest record, in tokens; a longer one gets no score.")  # fmt: skip
@click.option("-o", "--out", "file", metavar="FILE", required=True,
              type=click.Path(path_type=Path), callback=check_path,
              help="File to write: .jsonl or .json, each also .gz or .zst.")  # fmt: skip
@click.option("--split", metavar="NAME", help="Of a dataset directory, the split to score; "
              "needed where it has several.")  # fmt: skip
@layout_options
@click.option("--overwrite", is_flag=True, help="Replace FILE; a source is never replaced.")
@json_flag
@click.pass_context
def score_command(
    ctx: click.Context, sources: tuple[str, ...], model: str, revision: str | None, template: str,
    max_length: int, file: Path, split: str | None, layout: str | None,
    columns: tuple[str, ...], overwrite: bool, as_json: bool,
) -> None:  # fmt: skip
    """Score records by a model, to choose by it.

    Writes the records as rows in the layout alpaca with two columns more: `perplexity` of the
    answer after its prompt, and `ifd`, instruction-following difficulty: the loss of the answer
    with the prompt over that without. Near 1 the prompt does not help; above, it misleads. `clean`
    keeps by them: --set scores.max_ifd=1 --set scores.top_ifd=10000.

    Example: curate score train.jsonl -m tiny -o scored.jsonl
    """
    from curate.converting import TARGETS, check_file, convert, of_split
    from curate.reporting.terminal import counting, print_json, quiet_libraries, talk
    from curate.sources import resolve

    quiet_libraries()
    target = next(each for each in TARGETS if each.name == "alpaca")
    found = of_split(resolve(sources, layout=layout, mapping=parse_map(columns)), split)
    check_file(file, target, found, overwrite=overwrite)
    from curate.tuning.scores import Scorer

    scorer = Scorer(model, revision=revision, template=template, max_length=max_length)
    with counting("rows read") as progress:
        account = convert(
            found, target, file, overwrite=overwrite, progress=progress, through=scorer
        )
    for line in account.lines():
        talk(line)
    for reason, number in sorted(scorer.left_out.items()):
        talk(f"not scored: {number:,} {reason}")
    if as_json:
        print_json({**account.to_dict(), "scored": scorer.scored})
    else:
        click.echo(f"{scorer.scored:,} of {account.written:,} rows in {file} have scores")
    if account.loses:
        ctx.exit(1)
