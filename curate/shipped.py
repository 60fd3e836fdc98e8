"""Where the shipped files lie: templates, recipes, the sample, the tiny model."""

from pathlib import Path

__all__ = ["shipped"]

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """Return the path of a shipped file or folder, whatever the working directory.

    In a wheel they lie inside the package (`curate/_shipped`), in a checkout at its top.

    >>> shipped("templates").is_dir()
    True
    """
    inside = _PACKAGE / "_shipped"
    return (inside if inside.is_dir() else _PACKAGE.parent).joinpath(*parts)
