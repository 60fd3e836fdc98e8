"""What `curate merge` is asked for: its parts, their weights, caps and licences, and its steps."""

import difflib
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from curate.errors import UsageError, clip
from curate.licences import canonical
from curate.records import Record
from curate.sources import Reader, Source, resolve
from curate.sources.resolving import split_name
from curate.steps import STEPS, Step, select_steps
from curate.steps.dedup import Dedup
from curate.steps.licenses import Licenses
from curate.steps.mix import Mix
from curate.steps.validate import Validate

__all__ = ["BY_DEFAULT", "find_parts", "find_sources", "find_steps", "numbers"]

BY_DEFAULT = (Validate.name, Dedup.name)
"""The steps that a merge has before it draws; others run where an option of them is set."""
_LICENSE = ".license"
_SEEN = (*(step for step in STEPS if step is not Mix),)

Parts = Mapping[str, Sequence[str]]
"""Names of the parts, and of the sources whose records each has."""


def find_sources(
    arguments: Sequence[str],
    *,
    layout: str | None = None,
    mapping: Mapping[str, str] | None = None,
    leave_out: str | os.PathLike[str] | None = None,
) -> list[Source]:
    """Return the sources of the arguments, of which `NAME.license=ID` gives a licence to a part.

    Raises:
        UsageError: an argument cannot be meant so, or there is no part of that name.
        SourceError: a file is missing.
    """
    stated: dict[str, str] = {}
    named: list[str] = []
    for argument in arguments:
        name, _, value = argument.partition(f"{_LICENSE}=")
        _, path = split_name(argument)
        is_path = f"{_LICENSE}=" in path and os.path.lexists(path)
        if is_path or not (name and value):
            named.append(argument)
            continue
        if stated.setdefault(name, value) != value:
            raise UsageError(f"{clip(argument)}: this source has a licence already; give it once")
    if not named:
        raise UsageError("there is no SOURCE to merge: give files, folders, globs or hf:OWNER/NAME")
    found = resolve(named, layout=layout, mapping=mapping, leave_out=leave_out)
    arguments_of = _arguments(found)
    _check_known(stated, arguments_of, _LICENSE)
    given = {arguments_of[name]: canonical(value) for name, value in stated.items()}
    return [
        replace(source, license=given[source.argument]) if source.argument in given else source
        for source in found
    ]


def _arguments(sources: Sequence[Source]) -> dict[str, str]:
    """Return the name of each part, and the SOURCE argument that it is."""
    arguments: dict[str, str] = {}
    for source in sources:
        name = _part_name(source)
        if arguments.setdefault(name, source.argument) != source.argument:
            raise UsageError(
                f"{clip(arguments[name])} and {clip(source.argument)} would both be called "
                f"{clip(name)}: give each a name of its own, NAME=PATH"
            )
    return arguments


def _part_name(source: Source) -> str:
    """Return how a part is called: as given, a file by its name, a folder by its own."""
    given, path = split_name(source.argument)
    if given:
        return given
    return os.path.basename(os.path.abspath(path)) if os.path.isdir(path) else (
        source.name if source.named else path
    )  # fmt: skip


def find_parts(sources: Sequence[Source]) -> dict[str, tuple[str, ...]]:
    """Return the parts: each SOURCE argument is one.

    The records of a dataset directory bear the names of what it was made of, which are looked up.

    Raises:
        UsageError: two of them have records of one name.
    """
    sources_of: dict[str, list[Source]] = {}
    for source in sources:
        sources_of.setdefault(source.argument, []).append(source)
    parts: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for name, argument in _arguments(sources).items():
        names = dict.fromkeys(inner for source in sources_of[argument] for inner in _inner(source))
        for inner in names:
            if (other := owner.setdefault(inner, name)) != name:
                raise UsageError(
                    f"{clip(other)} and {clip(name)} both hold records of a source {clip(inner)}, "
                    "so that they cannot be told apart: merge the original files, or clean them "
                    "under other names (NAME=PATH)"
                )
        parts[name] = tuple(names)
    return parts


def _inner(source: Source) -> Iterable[str]:
    """Return the names that the records of a source bear."""
    if not source.recorded:
        return (source.name,)
    rows = Reader(source)
    return (source.name, *sorted({row.source for row in rows if isinstance(row, Record)}))


def numbers(option: str, given: Iterable[str], parts: Parts, *, whole: bool) -> dict[str, float]:
    """Return what `NAME=NUMBER` options say of each part.

    Raises:
        UsageError: one is not so, is given twice or is of no part.
    """
    found: dict[str, float] = {}
    for entry in given:
        name, equals, text = entry.rpartition("=")
        try:
            number = int(text) if whole else float(text)
        except ValueError:
            number = math.nan
        if not (equals and name and math.isfinite(number) and number >= 0):
            what = "a whole number" if whole else "a number"
            raise UsageError(f"{option} {clip(entry)}: expected NAME={what}, at least 0")
        if name in found:
            raise UsageError(f"{option} {clip(name)}: is given twice; give it once")
        found[name] = number
    _check_known(found, parts, option)
    return found


def _check_known(names: Iterable[str], parts: Iterable[str], option: str) -> None:
    for name in names:
        if name not in parts:
            near = difflib.get_close_matches(name, list(parts), n=1)
            maybe = f" (did you mean {near[0]!r}?)" if near else ""
            what = f"{clip(name)}{option}=" if option == _LICENSE else f"{option} {clip(name)}"
            raise UsageError(
                f"{what}: no source is called so{maybe}; sources: "
                f"{clip(', '.join(parts), 300)}. A SOURCE gets a name with NAME=PATH"
            )


def find_steps(
    mix: Mix,
    *,
    settings: Sequence[str] = (),
    skip: Sequence[str] = (),
    prefer: Sequence[str] = (),
    allow: Sequence[str] = (),
) -> list[Step]:
    """Return the steps of a merge.

    Args:
        mix: the last step.
        settings: `STEP.FIELD=VALUE`.
        skip: names of steps to leave out.
        prefer: parts whose records stay rather than the duplicates of others, best first.
        allow: licences that stay.

    Raises:
        UsageError: a step, a field, a value or a part does not exist, or is said twice.
    """
    if own := [setting for setting in settings if setting.startswith(f"{Mix.name}.")]:
        raise UsageError(f"--set {clip(own[0])}: this is what --weight, --cap and the like say")
    _check_known(prefer, mix.parts, "--prefer")
    licences = dict.fromkeys(canonical(name) for name in allow)
    added = (
        ("--prefer", f"{Dedup.name}.prefer", [s for part in prefer for s in mix.parts[part]]),
        ("--allow-licenses", f"{Licenses.name}.allow", [*licences]),
    )
    asked = [*settings]
    for option, name, values in added:
        if values and any(setting.startswith(f"{name}=") for setting in settings):
            raise UsageError(f"{option} and --set {name} say the same; give one")
        asked += [f"{name}={json.dumps(values)}"] if values else []
    return [*select_steps(_SEEN, settings=asked, skip=skip, default=BY_DEFAULT), mix]
