"""YAML from users: safe types only, 5e-3 is a number, and every fault is one line."""

import re

import yaml

from curate.errors import UsageError, clip

__all__ = ["FAULTS", "SafeLoader", "parse_yaml", "reason"]


class SafeLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the floats of YAML 1.2."""


SafeLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)

# What PyYAML raises for bad input: its own errors, and those of int(), date() and recursion.
FAULTS = (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError, RecursionError)


def parse_yaml(text: str, where: str) -> object:
    """Return the value of a YAML text.

    Raises:
        UsageError: it is not valid; the message begins with `where`.
    """
    try:
        return yaml.load(text, Loader=SafeLoader)
    except FAULTS as error:
        raise UsageError(f"{where}: not valid YAML: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Return what is wrong, in one line."""
    if isinstance(error, yaml.MarkedYAMLError):
        return clip(error.problem or str(error), 200)
    return "nested too deeply" if isinstance(error, RecursionError) else clip(str(error), 200)
