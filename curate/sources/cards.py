"""The licence that a dataset card states: the front matter of a README.md, or of the hub."""

import functools
import os
import re
from collections.abc import Callable

import yaml

from curate.safe_yaml import FAULTS, SafeLoader
from curate.sources.columnar import parts_of
from curate.sources.remote import is_hub, is_url

__all__ = ["license_finder"]

_README = "README.md"
_MOST = 1 << 20  # bytes: front matter is short
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}")
_NONE = ("unknown", "other")


def license_finder() -> Callable[[str, str], str]:
    """Return a function that gives the licence of a source by its card; empty if none states it.

    It takes the path and the folder in which the file was found, empty for a file by itself. The
    nearest card that states one counts, from the file's own folder up to that one. Each card is
    read once.
    """
    stated, on_hub = functools.cache(_of_folder), functools.cache(_of_hub)

    def find(path: str, top: str) -> str:
        if path == "-" or is_url(path):
            return ""
        if is_hub(path):
            name, _, _, revision = parts_of(path)
            return on_hub(name, revision)
        folder, shortest = os.path.dirname(path), len(top.rstrip(os.sep))
        while not (license := stated(folder)) and top and len(folder) > shortest:
            folder = os.path.dirname(folder)
        return license

    return find


def _of_folder(folder: str) -> str:
    """Return the licence that the card of a folder states; empty if it states none.

    Only a plain identifier counts: what is a list, `other` or a sentence has to be read by people.
    A card that cannot be read states none.
    """
    path = os.path.join(folder, _README)
    if not os.path.isfile(path):
        return ""
    try:
        with open(path, "rb") as file:
            found = _FRONT.match(file.read(_MOST).decode("utf-8", "replace"))
        front = yaml.load(found[1], Loader=SafeLoader) if found else None
    except (OSError, *FAULTS):
        return ""
    return _stated(front.get("license")) if isinstance(front, dict) else ""


def _of_hub(name: str, revision: str) -> str:
    """Return the licence that the card of a hub dataset states; empty if it cannot be had."""
    from huggingface_hub import hf_hub_download

    try:
        path = hf_hub_download(name, _README, repo_type="dataset", revision=revision or None)
    except Exception:  # no card, no network, not in the cache: the rows are what is asked for
        return ""
    return _of_folder(os.path.dirname(path))


def _stated(value: object) -> str:
    r"""Return a licence in small letters, as the hub writes them; empty if it is no identifier.

    >>> _stated("Apache-2.0"), _stated("see LICENSE"), _stated(["mit"]), _stated(None)
    ('apache-2.0', '', '', '')
    """
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value.strip()):
        return ""
    license = value.strip().lower()
    return "" if license in _NONE else license
