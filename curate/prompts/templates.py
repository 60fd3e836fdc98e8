"""Where templates lie and what they are called."""

import difflib
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from curate.errors import TemplateError, UnknownTemplateError, clip
from curate.shipped import shipped

__all__ = ["CHAT", "Header", "Template", "find_template", "list_templates", "template_files"]

CHAT = "chat"
"""The name that stands for the tokenizer's own chat template."""

_COMMENT = re.compile(r"\{#[-+]?(.*?)[-+]?#\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Header:
    """What a template says of itself in the first comment of its file.

    What it does not say is empty.

    Attributes:
        purpose: what it is for, from the first line: `NAME: purpose`.
        origin: where the wording comes from: the paragraph that begins with `Origin:`.
        namesakes: how it differs from others of its name: the paragraph `Namesakes:`.
        text: the whole comment.

    """

    purpose: str = ""
    origin: str = ""
    namesakes: str = ""
    text: str = ""

    @classmethod
    def of(cls, source: str) -> "Header":
        r"""Return the header of a template's source.

        >>> Header.of("{# qa: a question.\n\nOrigin: this\nproject. #}Q:").origin
        'this project.'
        """
        found = _COMMENT.search(source)
        text = found[1].strip() if found else ""
        first, *paragraphs = re.split(r"\n[ \t]*\n", text)
        told: dict[str, str] = {}
        for paragraph in paragraphs:
            label, _, rest = " ".join(paragraph.split()).partition(": ")
            told.setdefault(label, rest)
        purpose = re.sub(r"^[\w.-]+:\s+", "", first.partition("\n")[0].strip())
        return cls(purpose, told.get("Origin", ""), told.get("Namesakes", ""), text)


_CHAT_HEADER = Header(
    "the model's own chat template, turns, tools and all; needs -m MODEL.",
    "the tokenizer of the model.",
)


@dataclass(frozen=True, slots=True)
class Template:
    """One prompt template.

    Attributes:
        name: file name without `.jinja`, or `chat`.
        text: the Jinja source. Empty for `chat` until a tokenizer supplies it.
        path: where it was found, for messages; empty for `chat`. It is part of no hash.

    """

    name: str
    text: str
    path: str = ""

    @property
    def hash(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @property
    def header(self) -> Header:
        """What the template says of itself; empty without a comment."""
        return _CHAT_HEADER if self.is_chat else Header.of(self.text)

    @property
    def identity(self) -> str:
        """Name and content hash: two templates of one name are told apart.

        >>> Template("qa", "{{ instruction }}").identity
        'qa@387e48e78a583e2c'
        """
        return f"{self.name}@{self.hash}"

    @property
    def is_chat(self) -> bool:
        """Whether this is a tokenizer's chat template and not a file."""
        return self.name == CHAT and not self.path


def find_template(name: str) -> Template:
    """Return the template of that name.

    A name is looked up as `templates/NAME.jinja` in the working directory and then among the
    shipped ones. A name that ends in `.jinja` is a path. `chat` is the tokenizer's own.

    Raises:
        TemplateError: no such template, or its file cannot be read as UTF-8 text.

    """
    if name == CHAT:
        return Template(CHAT, "")
    if name.endswith(".jinja"):
        if Path(name).is_file():
            return _read(Path(name))
        raise UnknownTemplateError(
            f"template {clip(name)}: no such file. Give the path of a .jinja file"
        )
    for folder in _folders():
        path = folder / f"{name}.jinja"
        if Path(name).name == name and path.is_file():
            return _read(path)
    raise UnknownTemplateError(_unknown(name))


def list_templates() -> list[Template]:
    """Return the templates that a name can find, by name; `chat` is not among them."""
    return [_read(path) for path in template_files().values()]


def template_files() -> dict[str, Path]:
    """Return where each name leads, by name; nothing is read."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for path in folder.glob("*.jinja"):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def _folders() -> list[Path]:
    """Return the folders where a name is looked up, in order."""
    return [Path("templates"), shipped("templates")]


def _read(path: Path) -> Template:
    """Return the template in a file; line ends become newlines, as Jinja itself has it."""
    try:
        return Template(path.stem, path.read_text(encoding="utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        raise TemplateError(
            f"template {path}: byte {error.start} is not UTF-8. Save the file as UTF-8"
        ) from None
    except OSError as error:
        raise TemplateError(f"template {path}: {error.strerror}") from None


def _unknown(name: str) -> str:
    """Return the message for a name that finds nothing: what is near, and where it looked."""
    known = sorted({*template_files(), CHAT})
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}."
    looked = ", ".join(str(folder) for folder in _folders())
    return (
        f"template {clip(name)!r} not found; {hint} Looked in {looked}. "
        "A template of your own: give the path of its .jinja file"
    )
