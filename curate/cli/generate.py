"""`curate generate`."""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from curate.cli.options import NumberRange, json_flag, layout_options, parse_map

if TYPE_CHECKING:
    from curate.records import Record
    from curate.tuning.answers import Sampling
    from curate.tuning.generate import Tuned

F = TypeVar("F", bound=Callable[..., Any])


def sampling_options(command: F) -> F:
    """Add `--max-new-tokens`, `--temperature`, `--top-p` and `--seed`."""
    longest = click.option("--max-new-tokens", default=128, show_default=True,
                           type=click.IntRange(1), help="Longest answer, in tokens.")  # fmt: skip
    temperature = click.option(
        "--temperature", default=0.0, show_default=True, type=NumberRange(0, 100),
        help="0 takes the likeliest token each time; 1 draws as the model has it.",
    )  # fmt: skip
    top_p = click.option("--top-p", default=1.0, show_default=True,
                         type=NumberRange(0, 1, min_open=True),
                         help="Draw from the likeliest tokens that hold this much.")  # fmt: skip
    seed = click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1),
                        help="Seed of drawing.")  # fmt: skip
    return longest(temperature(top_p(seed(command))))


@click.command("generate")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@click.option("--instruction", help="What to ask.")
@click.option("--context", default="", help="The material that the instruction is about.")
@click.option("--system", default="", help="System prompt.")
@sampling_options
@click.option("--base", is_flag=True, help="Let the base model answer.")
@layout_options
@json_flag
def generate_command(
    run: Path,
    sources: tuple[str, ...],
    instruction: str | None,
    context: str,
    system: str,
    max_new_tokens: int,
    temperature: float,
    top_p: float,
    seed: int,
    base: bool,
    layout: str | None,
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    """Ask a tuned model.

    The prompt is made by the template and the encoder of the training run. With --instruction it
    is one question; with SOURCE, read as `inspect` reads it, every record is asked, and a line of
    JSON is printed for each: id, instruction, context, answer, expected.

    Example: curate generate run --instruction "What is the opposite of hot?"
    """
    from curate.records import Record
    from curate.reporting.terminal import print_json, quiet_libraries

    if (instruction is None) != bool(sources):
        raise click.UsageError("give either --instruction or a SOURCE")
    if instruction is not None and not instruction.strip():
        raise click.BadParameter("is empty", param_hint="--instruction")
    if sources and (context or system):
        raise click.UsageError("--context and --system go with --instruction")
    quiet_libraries()
    from curate.tuning.generate import Tuned

    options: dict[str, Any] = {
        "max_new_tokens": max_new_tokens, "sampling": sampling_of(temperature, top_p, seed)
    }  # fmt: skip
    if instruction is None:
        _ask_all(Tuned(run, base=base), _records(sources, layout, columns), options)
        return
    record = Record(id="ask:1", instruction=instruction, context=context, system=system)
    tuned = Tuned(run, base=base)
    if as_json:
        (answer,) = tuned.answer([record], **options)
        print_json({"instruction": instruction, "answer": answer.text}, indent=False)
    else:
        tuned.answer([record], stream=lambda text: click.echo(text, nl=False), **options)
        click.echo()


def sampling_of(temperature: float, top_p: float, seed: int) -> "Sampling | None":
    """Return how to draw; None for the likeliest token each time."""
    from curate.tuning.answers import Sampling

    return Sampling(temperature, top_p, seed) if temperature else None


def _records(
    sources: tuple[str, ...], layout: str | None, columns: tuple[str, ...]
) -> Iterator["Record"]:
    from curate.records import Record
    from curate.reporting.terminal import talk
    from curate.sources import Reader, resolve

    found = resolve(sources, layout=layout, mapping=parse_map(columns))
    for item in chain.from_iterable(map(Reader, found)):
        if isinstance(item, Record):
            yield item
        else:
            talk(f"{item.path}:{item.line}: left out: {item.error}")


def _ask_all(tuned: "Tuned", records: Iterator["Record"], options: dict[str, Any]) -> None:
    """Print a line of JSON for each record, in order; say at the end how many are exact."""
    from curate.reporting.terminal import print_json, talk
    from curate.tuning.answers import BATCH, exact_match

    answers = []
    fitting = (record for record in records if _fits(tuned, record))
    while some := tuple(islice(fitting, BATCH)):
        for record, answer in zip(some, tuned.answer(some, **options), strict=True):
            print_json(
                {"id": record.id, "instruction": record.instruction, "context": record.context,
                 "answer": answer.text, "expected": answer.expected},
                indent=False,
            )  # fmt: skip
            answers.append(answer)
    expecting = [answer for answer in answers if answer.expected.strip()]
    exact = f", {exact_match(expecting):.1%} of {len(expecting):,} exact" if expecting else ""
    talk(f"{len(answers):,} answers{exact}")


def _fits(tuned: "Tuned", record: "Record") -> bool:
    """Return whether the prompt is no longer than those of the training; say so if it is."""
    from curate.reporting.terminal import talk

    error = tuned.over_length(record)
    if error:
        talk(
            f"{record.id}: left out: {error.length} tokens, the run was trained with at most "
            f"{error.max_length}"
        )
    return error is None
