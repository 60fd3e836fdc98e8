"""Check what a manifest says of each source against the records and the rows themselves."""

from collections import Counter
from collections.abc import Container
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from curate.dataset.mixture import read_originals
from curate.dataset.order import is_recorded, read_dropped
from curate.dataset.reader import read_lines, read_records
from curate.errors import DatasetError, clip
from curate.reporting.languages import LanguageSample
from curate.reporting.preferences import PreferenceCounts

__all__ = ["check_kinds", "check_sources"]


def check_sources(directory: Path, manifest: dict[str, Any]) -> str:
    """Return what was checked: the rows of every source, and the place of every unreadable one.

    A record of a source that was a dataset directory bears the name of the source before that, so
    where there is one the records are not told apart.

    Raises:
        DatasetError: the first thing that does not hold.
    """
    names = Counter(source["name"] for source in manifest["sources"])
    if repeated := [name for name, times in names.items() if times > 1]:
        raise DatasetError(f"{directory}/manifest.json: source {clip(repeated[0])} is there twice")
    unread = _unread(directory / "quarantine.jsonl", names)
    kept = (record for _, record in read_originals(directory))
    dropped = (dropped.record for dropped in read_dropped(directory))
    found = Counter(record.source for record in chain(kept, dropped)) + unread
    sure = not is_recorded(manifest)
    if sure and (odd := found.keys() - names.keys()):
        raise DatasetError(f"{directory}: records are of {clip(min(odd))}, which is no source")
    for source in manifest["sources"]:
        for key, tally in (("quarantined", unread), ("rows", found)):
            number = tally[source["name"]]
            if number != source[key] and (sure or tally is unread):
                raise DatasetError(
                    f"{directory}: {key} of source {clip(source['name'])} is {source[key]}, "
                    f"recounted {number}"
                )
    return f"{len(names)} sources have the rows of the manifest"


def check_kinds(directory: Path, manifest: dict[str, Any]) -> str:
    """Return what was checked: licences, languages and preferences of the records that were kept.

    The languages only where the same version of the identifier is at hand.

    Raises:
        DatasetError: the first thing that does not hold.
    """
    licenses: Counter[str] = Counter()
    sample, preferences = LanguageSample(), PreferenceCounts()
    for _, record in read_records(directory):
        licenses[record.license] += 1
        sample.add(record)
        preferences.add(record)
    if licenses != manifest["licenses"]:
        raise DatasetError(
            f"{directory}: licenses are {clip(manifest['licenses'])}, recounted "
            f"{clip(dict(sorted(licenses.items())))}"
        )
    if preferences.figures() != manifest.get("preferences", {}):
        raise DatasetError(
            f"{directory}: preferences are {clip(manifest.get('preferences', {}))}, recounted "
            f"{clip(preferences.figures())}"
        )
    what = "licences"
    if manifest["versions"].get("py3langid") == version("py3langid"):
        what = "licences and languages"
        if (shares := sample.shares()) != manifest["languages"]:
            raise DatasetError(
                f"{directory}: languages are {clip(manifest['languages'])}, judged anew "
                f"{clip(shares)}"
            )
    return f"the records have the {what} of the manifest"


def _unread(path: Path, names: Container[str]) -> Counter[str]:
    """Return the unreadable rows of each source.

    Raises:
        DatasetError: a row is of no source, is nowhere, or is there twice.
    """
    unread: Counter[str] = Counter()
    places = set()
    for number, row in enumerate(read_lines(path), 1):
        if row["source"] not in names:
            raise DatasetError(f"{path}:{number}: {clip(row['source'])} is no source")
        nowhere = row["line"] == 0 and row["offset"] == -1  # the format has no lines
        if row["line"] < 1 and not nowhere:
            raise DatasetError(f"{path}:{number}: line is {row['line']}")
        place = row["source"], row["line"], row["offset"], row["error"] if nowhere else ""
        if place in places:
            raise DatasetError(f"{path}:{number}: the row is there twice")
        places.add(place)
        unread[row["source"]] += 1
    return unread
