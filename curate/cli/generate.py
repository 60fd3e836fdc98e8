"""`curate generate`."""

from pathlib import Path

import click

from curate.cli.options import json_flag


@click.command("generate")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--instruction", required=True, help="What to ask.")
@click.option("--context", default="", help="The material that the instruction is about.")
@click.option("--system", default="", help="System prompt.")
@click.option("--max-new-tokens", default=128, show_default=True, type=click.IntRange(1),
              help="Longest answer, in tokens.")  # fmt: skip
@click.option("--base", is_flag=True, help="Let the base model answer, without the adapter.")
@json_flag
def generate_command(
    run: Path,
    instruction: str,
    context: str,
    system: str,
    max_new_tokens: int,
    base: bool,
    as_json: bool,
) -> None:
    """Ask a tuned model.

    The prompt is made by the template and the encoder of the training run.

    Example: curate generate run --instruction "What is the opposite of hot?"
    """
    from curate.records import Record
    from curate.reporting.terminal import print_json, quiet_libraries

    if not instruction.strip():
        raise click.BadParameter("is empty", param_hint="--instruction")
    quiet_libraries()
    from curate.tuning.generate import generate

    record = Record(id="ask:1", instruction=instruction, context=context, system=system)
    answer = generate(run, record, max_new_tokens=max_new_tokens, base=base)
    if as_json:
        print_json({"instruction": instruction, "answer": answer.text}, indent=False)
    else:
        click.echo(answer.text)
