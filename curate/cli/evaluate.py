"""`curate evaluate`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from curate.cli.options import json_flag, layout_options, parse_map

F = TypeVar("F", bound=Callable[..., Any])


def measuring_options(command: F) -> F:
    """Add `--data`, `--reward`, `--generate` and `--max-new-tokens`."""
    data = click.option("--data", multiple=True, metavar="SOURCE",
                        help="Measure on these, not on what was held out. Repeatable.")  # fmt: skip
    generate = click.option("--generate", default=100, show_default=True, type=click.IntRange(0),
                            help="Records that are answered.")  # fmt: skip
    longest = click.option("--max-new-tokens", default=128, show_default=True,
                           type=click.IntRange(1), help="Longest answer, in tokens.")  # fmt: skip
    reward = click.option("--reward", "rewards", multiple=True, metavar="REWARD",
                          help="Score the answers: exact_match, rouge_l, FILE.py:FUNCTION or the "
                          "directory of a reward run. Repeatable.")  # fmt: skip
    return data(reward(generate(longest(command))))


@click.command("evaluate")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@measuring_options
@layout_options
@json_flag
def evaluate_command(
    run: Path, data: tuple[str, ...], rewards: tuple[str, ...], generate: int, max_new_tokens: int,
    layout: str | None, columns: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Measure a run, and what it started from, on held-out records.

    Loss and perplexity on all of them, exact match and ROUGE-L on the answers to some, each with
    its 95% interval, by source and by length. Of preference pairs also how many are told apart; of
    answers that a reward scores, how often the tuned one wins. The records are those that the run
    held out, or --data SOURCE, read as `inspect` reads it. Writes evaluation.json, evaluation.jsonl
    (a line for each record) and evaluation.html into RUN.

    Example: curate evaluate run
    """
    from curate.reporting.terminal import print_json, quiet_libraries

    quiet_libraries()
    from curate.tuning.evaluating import evaluate_run

    figures = evaluate_run(
        run, data, layout=layout, mapping=parse_map(columns), rewards=rewards, generate=generate,
        max_new_tokens=max_new_tokens,
    )  # fmt: skip
    if as_json:
        print_json(figures)
        return
    _show(figures)
    click.echo(f"page: {run / 'evaluation.html'}")


def _show(figures: dict[str, Any]) -> None:
    """Print the metrics, and what came of them by source and by length."""
    from curate.reporting.evaluation_page import (
        called,
        changed,
        grouped,
        outcome,
        told,
        with_interval,
        won,
    )
    from curate.reporting.terminal import print_table

    click.echo(outcome(figures))
    rows = [
        [called(name), with_interval(figures["before"], name),
         with_interval(figures["after"], name), changed(name, figures["change"][name])["text"]]
        for name in told(figures["after"]) if name in figures["change"]
    ]  # fmt: skip
    print_table("", ["", figures["start"], "tuned", "change"], rows)
    for name, rate in figures["win_rate"].items():
        click.echo(f"by reward {name} the tuned answer wins {won(rate)} of the time")
    for what, key in (("source", "by_source"), ("length of the answer", "by_length")):
        rows = [
            [row["name"], row["records"], row["cells"][0], row["asked"], *row["cells"][1:]]
            for row in map(grouped, figures[key])
        ]
        header = [what, "records", "loss", "answered", "exact match", "ROUGE-L"]
        if rows:
            print_table("", header, rows)
