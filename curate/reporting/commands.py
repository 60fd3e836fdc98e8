"""The commands that make a dataset again, from its manifest alone."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from curate.merging import BY_DEFAULT
from curate.safe_yaml import parse_yaml
from curate.steps import STEPS
from curate.steps.decontaminate import Decontaminate
from curate.steps.dedup import Dedup
from curate.steps.licenses import Licenses
from curate.steps.mix import Mix

__all__ = ["commands"]

Entry = Mapping[str, Any]
_KNOWN = {step.name: step for step in STEPS}
_SPLIT = "split"
_OUT = "dataset"
_AGAINST = {"--against": Dedup.name, "--against-eval": Decontaminate.name}


def commands(manifest: Entry) -> list[str]:
    """Return the commands, a line each, in their order: the last one makes the dataset.

    Sources are called as they were, so that the lines are for the folder in which they were. Every
    option that is not the default is there.
    """
    settings = {step["name"]: step["settings"] for step in manifest["steps"]}
    split = settings.pop(_SPLIT, None)
    rounds = manifest.get("rounds", [])
    versions = [each["dedup"] for each in rounds if "dedup" in each]
    if versions:
        versions.append(settings[Dedup.name])
        settings[Dedup.name] = versions.pop(0)
    lines = [_first(manifest, settings)]
    for each in rounds:
        if "restore" in each:
            options = [("--restore", name) for name in each["restore"]]
        else:
            options = [*_changed(Dedup.name, each["dedup"], versions.pop(0))]
        lines.append(["curate", "clean", *_flat(options)])
    if split is not None:
        lines.append(["curate", _SPLIT, *_flat(_plain(split))])
    return [shlex.join(line) for line in _chained(lines)]


def _chained(lines: Sequence[list[str]]) -> Iterator[list[str]]:
    """Yield the commands, each with where it writes, and from the second on what it reads."""
    before = ""
    for number, (program, verb, *rest) in enumerate(lines, 1):
        out = _OUT if number == len(lines) else f"step{number}"
        read = [before] if before else []
        sources = rest.index("--") if "--" in rest else len(rest)  # what begins with a dash
        yield [program, verb, *read, *rest[:sources], "-o", out, *rest[sources:]]
        before = out


def _first(manifest: Entry, settings: Mapping[str, Entry]) -> list[str]:
    """Return the command that reads the sources."""
    entries = manifest["sources"]
    sources = [*dict.fromkeys(_argument(entry) for entry in entries)]
    forced = dict.fromkeys(e["forced"] for e in entries if "forced" in e)
    mapping = {field: column for e in entries for field, column in e.get("mapping", {}).items()}
    options = [("--layout", layout) for layout in forced]
    options += [("--map", f"{field}={column}") for field, column in mapping.items()]
    references = manifest.get("references") or []
    for option, step in _AGAINST.items():
        given = dict.fromkeys(e["argument"] for e in references if e["step"] == step)
        options += [(option, argument) for argument in given]
    settings = dict(settings)
    verb = "merge" if Mix.name in settings else "clean"
    usual = {name for name, step in _KNOWN.items() if step.on}
    if verb == "merge":
        sources += _licenses(entries, settings[Mix.name]["parts"])
        options += _merging(settings)
        usual = set(BY_DEFAULT)
    options += _steps(settings, {e["step"] for e in references}, usual, choice=verb == "clean")
    if len(sources) == 1 and all(value.startswith(f"{Dedup.name}.") for _, value in options):
        sources = [_as_any_source(entries[0], *sources)]
    if any(source.startswith("-") and source != "-" for source in sources):
        return ["curate", verb, *_flat(options), "--", *sources]
    return ["curate", verb, *sources, *_flat(options)]


def _argument(entry: Entry) -> str:
    return entry.get("argument") or f"{entry['name']}={entry['path']}"


def _licenses(entries: Sequence[Entry], parts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield, for each part of a merge whose sources have one licence, what gives it to them."""
    license_of = {entry["name"]: entry["license"] for entry in entries}
    for part, names in parts.items():
        held = {license_of[name] for name in names if name in license_of}
        if len(held) == 1 and (license := held.pop()):
            yield f"{part}.license={license}"


def _as_any_source(entry: Entry, argument: str) -> str:
    """Return an argument so that a dataset directory is read, and not decided on anew.

    With options of `dedup` alone `curate clean DIR` would do that.
    """
    folder, slash, _ = entry["name"].rpartition("/")
    recorded = "curate" in entry["layout"].split(",") and slash
    return f"{folder}={argument}" if recorded and "=" not in argument else argument


def _merging(settings: dict[str, Entry]) -> Iterator[tuple[str, str]]:
    """Yield the options of a merge, and take from the settings what they say."""
    mix = settings.pop(Mix.name)
    yield from (("--weight", f"{name}={weight}") for name, weight in mix["weights"].items())
    yield from (("--cap", f"{name}={cap}") for name, cap in mix["caps"].items())
    plain = {name: mix[name] for name in ("total", "temperature", "repeat", "seed")}
    yield from _plain({n: v for n, v in plain.items() if v != Mix.model_fields[n].default})
    allowed = settings.get(Licenses.name, {}).get("allow", ())
    if allowed and not any("," in name for name in allowed):
        del settings[Licenses.name]
        yield from (("--allow-licenses", name) for name in allowed)


def _steps(
    settings: Mapping[str, Entry], compared: set[str], usual: set[str], *, choice: bool
) -> Iterator[tuple[str, str]]:
    """Yield the options that make these steps run, with these settings, and no others.

    `usual` are those that run without a word; with a choice `--only` may say which.
    """
    skipped = [name for name in _KNOWN if name in usual and name not in settings]
    only = choice and 0 < len(settings) < len(skipped)
    yield from (("--only", name) for name in settings if only)
    yield from (("--skip", name) for name in skipped if not only)
    for name, values in settings.items():
        if name not in _KNOWN:
            continue
        default = _KNOWN[name].model_construct().model_dump(mode="json")
        changed = [*_changed(name, default, values)]
        if not (changed or only or name in usual or name in compared):
            field = next(iter(values))  # an option of its own makes it run
            changed = [("--set", f"{name}.{field}={_yaml(values[field])}")]
        yield from changed


def _changed(name: str, before: Entry, after: Entry) -> Iterator[tuple[str, str]]:
    for field, value in after.items():
        if value != before.get(field):
            yield "--set", f"{name}.{field}={_yaml(value)}"


def _yaml(value: object) -> str:
    """Return a value as `--set` reads it.

    >>> _yaml(0.9), _yaml(["en", "no"]), _yaml(None)
    ('0.9', "[en, 'no']", 'null')
    """
    kinds = (True, None), (False, None), (False, '"')
    texts = [_dump(value, readable, style) for readable, style in kinds]
    same = (text for text in texts if text.isprintable() and parse_yaml(text, "") == value)
    return next(same, texts[-1])


def _dump(value: object, readable: bool, style: str | None) -> str:
    dumped = yaml.safe_dump(
        [value],
        default_flow_style=True,
        default_style=style,
        allow_unicode=readable,
        width=1 << 30,
    )
    return dumped.strip()[1:-1]


def _plain(settings: Entry) -> Iterator[tuple[str, str]]:
    """Yield settings as options of the same names; of true a flag, of false and null nothing."""
    for name, value in settings.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            yield option, ""
        elif value is not None and value is not False:
            for each in value if isinstance(value, list) else [value]:
                yield option, str(each)


def _flat(options: Sequence[tuple[str, str]] | Iterator[tuple[str, str]]) -> list[str]:
    return [part for option in options for part in option if part]
