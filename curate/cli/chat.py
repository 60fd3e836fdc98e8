"""`curate chat`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from curate.cli.generate import sampling_of, sampling_options


@click.command("chat")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--system", default="", help="System prompt.")
@sampling_options
@click.option("--base", is_flag=True, help="Let the base model answer.")
@click.option("--versus", is_flag=True, help="Let the base answer first, then the tuned model.")
def chat_command(
    run: Path,
    system: str,
    max_new_tokens: int,
    temperature: float,
    top_p: float,
    seed: int,
    base: bool,
    versus: bool,
) -> None:
    """Talk with a tuned model.

    A line is a question, and what was said before goes along, in the run's template. The oldest
    turns are forgotten where the prompt would be longer than those of the training. `/reset` begins
    a new conversation; an empty line is no question; end with Ctrl-D. Lines can come from a pipe.

    Example: curate chat run --temperature 0.7
    """
    from curate.errors import UsageError
    from curate.reporting.terminal import quiet_libraries, talk

    if base and versus:
        raise UsageError("--base and --versus: choose one")
    quiet_libraries()
    from curate.tuning.conversation import Conversation
    from curate.tuning.generate import Tuned

    tuned = Tuned(run, base=base)
    speakers = {"base": tuned.base(), "tuned": tuned} if versus else {"": tuned}
    sampling = sampling_of(temperature, top_p, seed)
    talks = {who: Conversation(model, system) for who, model in speakers.items()}
    for line in _lines():
        if line == "/reset":
            talks = {who: Conversation(model, system) for who, model in speakers.items()}
            talk("a new conversation")
            continue
        for who, conversation in talks.items():
            try:
                forgotten = conversation.forget_for(line)
            except UsageError as error:
                talk(str(error))
                break
            if forgotten:
                talk(f"{who or 'model'} forgot the oldest {forgotten} turns")
            click.echo(f"{who}: " if who else "", nl=False)
            conversation.ask(
                line, max_new_tokens=max_new_tokens, sampling=sampling,
                stream=lambda text: click.echo(text, nl=False),
            )  # fmt: skip
            click.echo()


def _lines() -> Iterator[str]:
    """Yield what is asked, from a terminal with a sign that it is one's turn."""
    asks = sys.stdin.isatty()
    while True:
        if asks:
            click.echo("> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            if asks:
                click.echo(err=True)
            return
        if line.strip():
            yield line.strip()
