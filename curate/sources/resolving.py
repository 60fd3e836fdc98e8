"""SOURCE arguments to sources: files found below folders and globs, each under its own name."""

import difflib
import glob
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from curate.errors import CurateError, SourceError, UsageError, clip
from curate.sources.cards import license_finder
from curate.sources.columnar import parts_of
from curate.sources.folders import SPLITS, LocalFolders, files_below
from curate.sources.layouts import LAYOUTS, TARGETS
from curate.sources.remote import RemoteFolders, check_url, is_hub, is_url
from curate.sources.source import FORMATS, PACKINGS, Source, file_format, stem

__all__ = ["SPLITS", "resolve", "split_name"]

_NAMED = re.compile(r"([^/=:\\]+)=(.+)", re.DOTALL)
_ALLOWED = (
    f"{', '.join('.' + suffix for suffix in FORMATS)}, "
    f"each also with {' or '.join('.' + suffix for suffix in PACKINGS)}"
)


@dataclass(frozen=True, slots=True)
class _File:
    """A file that an argument names, before it has its own name."""

    path: str
    given: str
    argument: str
    split: str = ""
    named: bool = False
    folder: str = ""

    def own_name(self, longer: bool = False) -> str:
        """Return the name that the file has by itself, with its folder in front for `longer`."""
        if self.path == "-":
            return "stdin"
        if is_hub(self.path):
            name, config, split, _ = parts_of(self.path)
            name = name.rpartition("/")[2]
            return "/".join(filter(None, (name, config, split))) if longer else name
        own = self.split or stem(self.path)
        if longer or (self.split and not self.given):
            own = f"{os.path.basename(os.path.dirname(os.path.abspath(self.path)))}/{own}"
        return own


def resolve(
    arguments: Sequence[str],
    *,
    layout: str | None = None,
    mapping: Mapping[str, str] | None = None,
    leave_out: str | os.PathLike[str] | None = None,
    unanswered: bool = False,
) -> list[Source]:
    """Return a source for each file that the SOURCE arguments name, in order, names unique.

    Args:
        arguments: each `[NAME=]PATH`.
        layout: the layout that every row must have; None: recognised by keys.
        mapping: our field to their column.
        leave_out: a folder that is no source where it lies below one: it is to be written.
        unanswered: rows may be questions without an answer.

    Raises:
        UsageError: an argument, the layout or the mapping cannot be meant so.
        SourceError: a file is missing or has a name that is not UTF-8, or a folder or glob holds
            none.
    """
    mapping = dict(mapping or {})
    _check_options(layout, mapping)
    _check_utf8((*arguments, *mapping.values()), UsageError)
    out = None if leave_out is None else os.path.realpath(leave_out)
    files = [file for argument in arguments for file in _files(argument, out)]
    _check_utf8((file.path for file in files), SourceError)
    _check_once(files)
    license_of = license_finder()
    return [
        Source(name, file.path, layout, mapping, license_of(file.path, file.folder), file.split,
               bool(file.split), file.named, unanswered, file.argument)
        for name, file in zip(_names(files), files, strict=True)
    ]  # fmt: skip


def _check_options(layout: str | None, mapping: Mapping[str, str]) -> None:
    known = [each.name for each in LAYOUTS]
    if layout is not None and layout not in known:
        raise UsageError(f"--layout {clip(layout)}: unknown{_nearest(layout, known)}. "
                         f"Known: {', '.join(known)}")  # fmt: skip
    for target in mapping:
        if target not in TARGETS:
            raise UsageError(f"--map {clip(target)}={clip(mapping[target])}: no such field"
                             f"{_nearest(target, TARGETS)}. Fields: {', '.join(TARGETS)}. "
                             "Our field stands left, the column right")  # fmt: skip


def _check_utf8(texts: Iterable[str], error: type[CurateError]) -> None:
    for text in texts:
        if not text.isascii() and text != text.encode("utf-8", "replace").decode():
            raise error(f"{clip(text, 200)}: is not UTF-8; rename it")


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def split_name(argument: str) -> tuple[str, str]:
    """Return NAME and PATH of a `[NAME=]PATH`, NAME empty where none is given.

    >>> split_name("facts=data/a.jsonl"), split_name("data/a=b.jsonl")
    (('facts', 'data/a.jsonl'), ('', 'data/a=b.jsonl'))
    """
    found = _NAMED.fullmatch(argument)
    if found and not os.path.lexists(argument):
        return found[1].strip(), found[2]
    return "", argument


def _files(argument: str, out: str | None) -> list[_File]:
    """Return the files of one `[NAME=]PATH`, without those in a folder below that is `out`."""
    given, path = split_name(argument)
    if not path:
        raise UsageError("a SOURCE is empty: give a file, a folder, a glob, hf:OWNER/NAME or -")
    if is_hub(path):
        parts_of(path)
    if path == "-" or is_hub(path):
        return [_File(path, given, argument, named=True)]
    if is_url(path):
        return _remote_files(path, given, argument)
    if os.path.isdir(path):
        files = [
            _File(p, given, argument, split, folder=path)
            for p, split in files_below(LocalFolders(), path, {out} - {os.path.realpath(path)})
        ]
        what = f"folder {path} holds no data file"
    elif not os.path.lexists(path) and glob.has_magic(path):
        matched = sorted(p for p in glob.glob(path, recursive=True) if not os.path.isdir(p))
        files = [_File(p, given, argument) for p in matched if file_format(p)[0]]
        what = f"no data file matches {path}"
    else:
        _check_file(path)
        return [_File(path, given, argument, named=True)]
    if not files:
        raise SourceError(f"{what} ({_ALLOWED})")
    return files


def _remote_files(url: str, given: str, argument: str) -> list[_File]:
    """Return the files of a URL."""
    check_url(url)
    folders = RemoteFolders(url)
    if file_format(url)[0] and not _has_magic(url):
        if not folders.is_file(url):
            raise SourceError(f"{url} does not exist")
        return [_File(url, given, argument, named=True)]
    if _has_magic(url):
        files = [_File(u, given, argument) for u in folders.glob(url) if file_format(u)[0]]
        what = f"no data file matches {url}"
    elif folders.is_folder(url):
        files = [_File(u, given, argument, s) for u, s in files_below(folders, url, set())]
        what = f"folder {url} holds no data file"
    elif folders.is_file(url):
        raise UsageError(f"{url}: unknown suffix. Allowed: {_ALLOWED}")
    else:
        raise SourceError(f"{url} does not exist")
    if not files:
        raise SourceError(f"{what} ({_ALLOWED})")
    return files


def _has_magic(url: str) -> bool:
    """Return whether a URL is a pattern; behind the `?` of a web address stands none."""
    return glob.has_magic(url.partition("?")[0] if url.startswith("http") else url)


def _check_file(path: str) -> None:
    """Raise where a path names no data file."""
    if not os.path.exists(path):
        if os.path.islink(path):
            raise SourceError(f"{path} is a link that leads nowhere")
        folder = os.path.dirname(path) or "."
        if not os.path.isdir(folder):
            raise SourceError(f"{path} does not exist: there is no folder {folder}")
        near = _nearest(os.path.basename(path), sorted(os.listdir(folder)))
        raise SourceError(f"{path} does not exist{near}")
    if not file_format(path)[0]:
        raise UsageError(f"{path}: unknown suffix. Allowed: {_ALLOWED}")


def _check_once(files: Sequence[_File]) -> None:
    """Raise where a file is named twice: its rows would count twice."""
    seen: dict[str, _File] = {}
    for file in files:
        is_local = not is_hub(file.path) and not is_url(file.path)
        real = os.path.realpath(file.path) if is_local else file.path
        if other := seen.get(real):
            raise UsageError(f"{file.path} (from {clip(file.argument)}) is the same file as "
                             f"{other.path} (from {clip(other.argument)}): its rows would count "
                             "twice. Name it once")  # fmt: skip
        seen[real] = file


def _names(files: Sequence[_File]) -> list[str]:
    """Return a unique name for each file: its stem, its folder in front, a number behind."""
    fixed = Counter(file.given for file in files if file.given and file.named)
    if repeated := [name for name, count in fixed.items() if count > 1]:
        raise UsageError(f"{repeated[0]}= names several sources: give each its own name")
    stems = Counter(_name(file) for file in files if not (file.given and file.named))
    taken = set(fixed)
    names: list[str] = []
    for file in files:
        name = _name(file)
        if not (file.given and file.named):
            if stems[name] > 1:
                name = _name(file, longer=True)
            numbered = (f"{name}#{number}" for number in itertools.count(2))
            name = name if name not in taken else next(n for n in numbered if n not in taken)
        taken.add(name)
        names.append(name)
    return names


def _name(file: _File, longer: bool = False) -> str:
    """Return the name that a file would have alone, below the one that the user gave."""
    if not file.given:
        return file.own_name(longer)
    return file.given if file.named else f"{file.given}/{file.own_name(longer)}"
