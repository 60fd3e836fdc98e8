"""The command line: one small file a verb."""

import errno
import io
import os
import sys

import click

from curate import __version__
from curate.cli.audit import audit_command
from curate.cli.chat import chat_command
from curate.cli.clean import clean_command
from curate.cli.compare import compare_command
from curate.cli.convert import convert_command
from curate.cli.demo import demo_command
from curate.cli.diff import diff_command
from curate.cli.evaluate import evaluate_command
from curate.cli.explain import explain_command
from curate.cli.export import export_command
from curate.cli.generate import generate_command
from curate.cli.index import index_command
from curate.cli.inspect import inspect_command
from curate.cli.lint import lint_command
from curate.cli.merge import merge_command
from curate.cli.preview import preview_command
from curate.cli.push import push_command
from curate.cli.recipe import recipe_command
from curate.cli.report import report_command
from curate.cli.score import score_command
from curate.cli.split import split_command
from curate.cli.templates import templates_command
from curate.cli.train import train_command
from curate.cli.verify import verify_command
from curate.errors import CurateError

__all__ = ["main"]

_CURATE = (
    clean_command, index_command, merge_command, split_command, score_command, convert_command,
    push_command,
)  # fmt: skip
_TUNE = (
    recipe_command, train_command, verify_command, evaluate_command, compare_command,
    generate_command, chat_command, export_command,
)  # fmt: skip
STAGES: tuple[tuple[str, tuple[click.Command, ...]], ...] = (
    ("Look", (inspect_command, explain_command, diff_command, audit_command, report_command)),
    ("Curate", _CURATE),
    ("Prompt", (templates_command, lint_command, preview_command)),
    ("Tune", _TUNE),
    ("Start here", (demo_command,)),
)


class Stages(click.Group):
    """A group whose help shows the verbs by stage, and which turns our errors into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the stages."""
        return [command.name or "" for _, commands in STAGES for command in commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section a stage."""
        for stage, commands in STAGES:
            with formatter.section(stage):
                formatter.write_dl([(c.name or "", c.get_short_help_str(70)) for c in commands])

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; a fault that the user can mend is one line on stderr."""
        _mend_streams()
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except CurateError as error:
            rank = os.environ.get("RANK", "0")
            who = "curate" if rank == "0" else f"curate (process {rank})"
            click.echo(f"{who}: error: {'; '.join([str(error), *_notes(error)])}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt as error:
            for note in _notes(error):
                click.echo(f"\ncurate: {note}", err=True)
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # the reader went away: click ends the run quietly
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"curate: error: {where}{error.strerror or error}", err=True)
            _forget_stdout()
            ctx.exit(1)


def _notes(error: BaseException) -> list[str]:
    """Return what was added to an error on its way up."""
    return getattr(error, "__notes__", [])


def _mend_streams() -> None:
    """Make the standard streams take everything that we print."""
    if sys.stdout is None:  # closed by the shell: >&-
        sys.stdout = open(os.devnull, "w")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an ASCII terminal gets escapes
            stream.reconfigure(errors="backslashreplace")


def _forget_stdout() -> None:
    """Keep Python from failing once more at exit, on what stdout could not take."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=Stages, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="curate")
def main() -> None:
    """Curate instruction datasets and tune language models on them.

    Messy files in, a clean dataset directory out, every record accounted for; then training on
    exactly what was previewed.
    """


for _, verbs in STAGES:
    for verb in verbs:
        main.add_command(verb)
