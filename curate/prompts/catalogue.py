"""Which templates there are, and what each makes of a few records."""

from dataclasses import dataclass
from typing import TextIO

from curate.errors import TemplateError
from curate.prompts.encode import Encoder
from curate.prompts.preview import renderings, show
from curate.prompts.sandbox import reads
from curate.prompts.templates import CHAT, Template, find_template, template_files
from curate.records import Record

__all__ = ["SAMPLES", "Entry", "catalogue", "show_samples"]

SAMPLES = (
    Record(id="instruction", instruction="Name a red planet.", output="Mars."),
    Record(
        id="context",
        instruction="Which of them is red?",
        context="Mars is red. Venus is white.",
        output="Mars.",
    ),
    Record(
        id="system, history and a tool",
        instruction="What does Mars weigh?",
        output="About 6.4e23 kg.",
        system="You are brief.",
        history=[
            {"role": "user", "content": "Name a red planet."},
            {"role": "assistant", "content": "Mars."},
            {
                "role": "tool_call",
                "content": '{"name": "mass", "arguments": {"of": "Mars"}}',
                "follows_instruction": True,
            },
            {"role": "tool", "content": "6.4e23 kg", "follows_instruction": True},
        ],
    ),
)
"""Records that show what a template does with each field."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list of templates.

    Attributes:
        name: what `-t` takes.
        hash: as `Template.hash`; empty for `chat` and for a file that cannot be read.
        purpose: what it is for; empty where the file does not say.
        origin: where its wording comes from; empty where the file does not say.
        path: its file; empty for `chat`.
        fault: what is wrong with the file; empty if nothing is.

    """

    name: str
    hash: str = ""
    purpose: str = ""
    origin: str = ""
    path: str = ""
    fault: str = ""


def catalogue() -> list[Entry]:
    """Return the templates that a name can find, `chat` too, by name; broken ones as well."""
    names = sorted({*template_files(), CHAT})
    return [_entry(name) for name in names]


def _entry(name: str) -> Entry:
    path = str(template_files().get(name, "")) if name != CHAT else ""
    try:
        template = find_template(name)
    except TemplateError as error:
        return Entry(name, path=path, fault=str(error))
    header = template.header
    shown = "" if template.is_chat else template.hash
    return Entry(name, shown, header.purpose, header.origin, path, _fault(template))


def _fault(template: Template) -> str:
    """Return what is wrong with a template, short of running it."""
    if template.is_chat:
        return ""
    try:
        reads(template, "output")
    except TemplateError as error:
        return str(error)
    if not template.header.purpose:
        start = f"{{# {template.name}: what it is for. #}}"
        return f"template {template.path}: no header. Begin the file with {start}"
    return ""


def show_samples(template: Template, file: TextIO | None = None) -> None:
    """Print what a template file makes of the sample records, as `curate preview` does."""
    show(renderings([Encoder(template)], SAMPLES), file=file)
