"""From where `curate clean --resume` goes on, and whether it may."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.checkpoints import Checkpoint
from curate.dataset import MANIFEST, read_manifest
from curate.dataset.staging import COMMIT, STAGING, Staging, read_state
from curate.dataset.writer import versions
from curate.errors import DatasetError, clip
from curate.references import ReferenceSet
from curate.sources import Source, stored_sha256
from curate.steps import Step

__all__ = ["described", "find_checkpoint", "find_finished"]


Compared = Mapping[str, Sequence[ReferenceSet]]


def described(
    sources: Sequence[Source], steps: Sequence[Step], compared: Compared
) -> dict[str, Any]:
    """Return what tells a run from others, beside what its sources hold. No path is part of it."""
    names = ("layout", "mapping", "license", "split", "recorded")
    return {
        "sources": [source.name for source in sources],
        "options": {s.name: {name: _plain(getattr(s, name)) for name in names} for s in sources},
        "references": [
            {"step": step, "set": each.name, "sources": [source.name for source in each.sources]}
            for step, sets in compared.items()
            for each in sets
        ],
        "steps": [step.name for step in steps],
        "settings": {step.name: step.model_dump(mode="json") for step in steps},
        "versions": versions(),
    }


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def find_checkpoint(directory: Path, run: Mapping[str, Any]) -> Checkpoint | None:
    """Return where the run that stopped in a directory left off; None if it noted nothing.

    Raises:
        DatasetError: it was another run, or its notes cannot be read.
    """
    state = read_state(directory)
    if not state:
        return None
    _check_run(directory, state, run)
    try:
        names = ("stage", "records", "digest", "steps", "files")
        return Checkpoint(**{name: state[name] for name in names})
    except KeyError as error:
        raise DatasetError(
            f"{directory / STAGING}: its checkpoint has no {error}; start over without --resume"
        ) from error


def _check_run(directory: Path, state: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    if difference := _difference(state.get("run"), run):
        raise DatasetError(
            f"{directory}: the run that stopped there was another one: {difference}. Give it what "
            "it had, or start over without --resume"
        )


def find_finished(
    directory: Path, sources: Sequence[Source], steps: Sequence[Step], compared: Compared
) -> dict[str, Any] | None:
    """Return the manifest of the same run, ended before; None if it is not at its end.

    A run that was stopped while it moved its files up is ended here.

    Raises:
        DatasetError: the directory holds a dataset, and it is not that of this run.
    """
    staging = Staging(directory, {})
    state = read_state(directory)
    if COMMIT in state:
        _check_run(directory, state, described(sources, steps, compared))
        staged = (staging.folder / MANIFEST).exists()
        manifest = read_manifest(staging.folder if staged else directory)
        _check_manifest(directory, manifest, sources, steps, compared)
        staging.publish(state[COMMIT])
    elif not state and (directory / MANIFEST).exists():
        manifest = read_manifest(directory)
        _check_manifest(directory, manifest, sources, steps, compared)
    else:
        return None
    staging.remove()
    return manifest


def _check_manifest(
    directory: Path,
    manifest: Mapping[str, Any],
    sources: Sequence[Source],
    steps: Sequence[Step],
    compared: Compared,
) -> None:
    """Raise unless the manifest is what a run with these sources and steps writes."""
    layouts = {source.name: source.layout for source in sources}
    try:
        was = {
            "sources": [entry["name"] for entry in manifest["sources"]],
            "source": {e["name"]: _entry(e, layouts.get(e["name"])) for e in manifest["sources"]},
            "references": [_reference(e) for e in manifest.get("references", [])],
            "steps": [step["name"] for step in manifest["steps"]],
            "settings": {step["name"]: step["settings"] for step in manifest["steps"]},
            "versions": manifest["versions"],
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{directory / MANIFEST}: is incomplete: {error!r}") from error
    now = {name: part for name, part in described(sources, steps, compared).items() if name in was}
    now["source"] = {source.name: _entry_of(source) for source in sources}
    now["references"] = [
        _reference({"step": step, "set": each.name, **_entry_of(source)})
        for step, sets in compared.items()
        for each in sets
        for source in each.sources
    ]
    if difference := _difference(was, now):
        raise DatasetError(
            f"{directory}: holds a dataset of another run: {difference}. Without --resume and "
            "with --overwrite it is replaced"
        )


def _entry(entry: Mapping[str, Any], layout: str | None) -> dict[str, Any]:
    """Return what a manifest says of a source; the layout only where one is forced now."""
    same = {name: entry[name] for name in ("path", "sha256", "license")}
    forced = None if layout is None else entry["layout"]
    return {**same, "layout": forced, "mapping": entry.get("mapping", {})}


def _reference(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of a file of a set that a step compared with."""
    return {name: entry[name] for name in ("step", "set", "path", "sha256")}


def _entry_of(source: Source) -> dict[str, Any]:
    """Return what the manifest of a run with this source will say of it."""
    same = {"path": source.path, "sha256": stored_sha256(source), "license": source.license}
    return {**same, "layout": source.layout, "mapping": dict(source.mapping)}


def _difference(was: Any, now: Any, place: str = "") -> str:  # noqa: ANN401
    """Return the first difference of two values in words; empty if there is none.

    >>> _difference({"a": {"b": 1}}, {"a": {"b": 2}})
    'a.b was 1, is 2'
    >>> _difference({"steps": ["x", "y"]}, {"steps": ["y", "z", "v"]})
    "steps was ['x'], is ['z', 'v']"
    """
    if was == now:
        return ""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *now]:
            if was.get(key) != now.get(key):
                return _difference(was.get(key), now.get(key), f"{place}.{key}".lstrip("."))
    if isinstance(was, list) and isinstance(now, list):
        if len(was) == len(now):
            index = next(i for i, (a, b) in enumerate(zip(was, now, strict=True)) if a != b)
            return _difference(was[index], now[index], f"{place}[{index}]")
        was, now = [x for x in was if x not in now], [x for x in now if x not in was]
    return f"{place or 'it'} was {clip(was)}, is {clip(now)}"
