"""The errors a user can fix. Anything else is a bug and keeps its traceback."""

__all__ = [
    "AccountError", "CurateError", "DatasetError", "EngineError", "HubError", "ModelError",
    "SourceError", "TemplateError", "TrainingError", "UnknownTemplateError", "UsageError", "clip",
]  # fmt: skip


class CurateError(Exception):
    """The work failed or the data is bad. The command line prints it as one line and exits 1."""

    exit_code = 1


class UsageError(CurateError):
    """The command, its options or a recipe are wrong. Exits 2."""

    exit_code = 2


class SourceError(CurateError):
    """A source cannot be found, opened or recognised."""


class DatasetError(CurateError):
    """A dataset directory cannot be written, is unfinished, or does not hold what it says."""


class EngineError(CurateError):
    """A cluster cannot be reached, or does not do the work."""


class HubError(CurateError):
    """The Hugging Face Hub cannot be reached, or refuses what is asked of it."""


class AccountError(CurateError):
    """`read = kept + dropped + quarantined` does not hold."""


class TemplateError(CurateError):
    """A prompt template cannot be found, parsed or rendered."""


class UnknownTemplateError(TemplateError):
    """No template has that name. Exits 2."""

    exit_code = 2


class ModelError(CurateError):
    """A model or tokenizer cannot be found or loaded."""


class TrainingError(CurateError):
    """A training cannot go on."""


def clip(value: object, limit: int = 80) -> str:
    r"""Return `value` as one printable line of at most `limit` characters, for use in a message.

    >>> clip("a\nb")
    'a\\nb'
    >>> clip("x" * 100, limit=10)
    'xxxxxxxxx…'
    """
    text = value if isinstance(value, str) else repr(value)
    text = line = text[: limit + 1]
    if not text.isprintable():
        line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return line if len(line) <= limit else line[: limit - 1] + "…"
