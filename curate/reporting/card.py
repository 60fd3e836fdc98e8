"""The dataset card: README.md with the front matter that `datasets.load_dataset` reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from curate import __version__
from curate.dataset import SPLITS, read_manifest
from curate.errors import DatasetError, clip
from curate.reporting.commands import commands
from curate.reporting.hub import languages, license_entry, size_category
from curate.reporting.licensing import licences_of, what_to_know
from curate.reporting.limits import limits
from curate.reporting.markdown import fenced, table, text
from curate.reporting.preferences import bias

__all__ = ["card", "check_card"]

_TEXTS = ("id", "instruction", "context", "output", "system")
_FEATURES = [
    *({"name": name, "dtype": "string"} for name in _TEXTS),
    {
        "name": "history",
        "list": [
            {"name": "role", "dtype": "string"},
            {"name": "content", "dtype": "string"},
            {"name": "follows_instruction", "dtype": "bool"},
        ],
    },
    *({"name": name, "dtype": "string"} for name in ("source", "origin", "license")),
    {"name": "meta", "dtype": "json"},
]
_SOURCE = ("source", "file", "layout", "rows", "quarantined", "licence")
_HERE = (
    "`dropped.jsonl` holds each dropped record with step, reason and evidence, `quarantine.jsonl` "
    "each row that could not be read, `edits.jsonl` each change. `curate explain DIR ID` tells the "
    "story of one record, `curate audit DIR` checks the whole."
)
_WITHHELD = (
    "What was dropped, quarantined and edited is not published; `manifest.json` has the hashes of "
    "those files under `withheld`. `curate audit DIR` checks what is here."
)
_LOAD = (
    "from datasets import load_dataset",
    "",
    'load_dataset("path/to/this/folder")  # or "OWNER/NAME", where it is on the Hub',
)


def card(manifest: dict[str, Any]) -> str:
    """Return the card of a dataset directory, made from its manifest alone."""
    counts = manifest["counts"]
    parts = [
        f"---\n{yaml.safe_dump(_front(manifest), sort_keys=False, allow_unicode=True)}---",
        "# Instruction dataset",
        f"{counts['read']:,} rows read = {counts['kept']:,} kept + {counts['dropped']:,} dropped + "
        f"{counts['quarantined']:,} quarantined.{_repeated(counts)} "
        f"Digest `{manifest['digest']}`.",
        "## Splits",
        table(["split", "records"], _splits(manifest)),
        *([f"{line}."] if (line := bias(manifest.get("preferences", {}))) else []),
        *_origins(manifest),
        *_removed(manifest),
        "## Use",
        fenced(_LOAD, "python"),
        "## Make it again",
        f"With curate {text(manifest['versions'].get('curate'))}, where the sources are found by "
        "their paths; if they are as they were (`manifest.json` has their SHA-256), the digest is "
        "the same.",
        fenced(commands(manifest), "sh"),
        "## Known limits",
        "\n".join(f"- {limit}" for limit in limits(manifest)),
    ]
    return "\n\n".join(parts) + "\n"


def check_card(directory: Path) -> str:
    """Return what was checked: the card is the one that the manifest makes.

    Raises:
        DatasetError: it is another one, or is not there.
    """
    manifest, path = read_manifest(directory), directory / "README.md"
    try:
        written = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    if (other := manifest["versions"].get("curate")) != __version__:
        return f"README.md not compared: written with curate {clip(other)}, which may word it anew"
    try:
        made = card(manifest)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise DatasetError(f"{directory}/manifest.json: is incomplete: {error!r}") from error
    if written != made.encode():
        raise DatasetError(f"{path}: is not the card that the manifest makes: it was changed")
    return "README.md is the card that the manifest makes"


def _repeated(counts: Mapping[str, int]) -> str:
    if "repeated" not in counts:
        return ""
    return f" {counts['repeated']:,} more lines repeat some of those kept, as a merge was asked to."


def _front(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the front matter, in words that the Hub knows."""
    found = languages(manifest["languages"])
    files = [{"split": split, "path": f"{split}.jsonl"} for split, _ in _splits(manifest)]
    return {
        **license_entry(manifest["licenses"]),
        **({"language": found} if found else {}),
        "task_categories": ["text-generation"],
        "tags": ["instruction-tuning", "curate"],
        "size_categories": [size_category(sum(number for _, number in _splits(manifest)))],
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {"features": _FEATURES + _preference_features(manifest)},
    }


def _preference_features(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what only preferences have; a record without it has null there, once loaded."""
    found = manifest.get("preferences", {})
    labels = found.get("desirable", 0) + found.get("undesirable", 0)
    kinds = {"rejected": ("string", found.get("pairs", 0)), "label": ("bool", labels)}
    return [{"name": name, "dtype": kind} for name, (kind, number) in kinds.items() if number]


def _splits(manifest: dict[str, Any]) -> list[list[Any]]:
    rows = {output["path"]: output["rows"] for output in manifest["outputs"]}
    return [[split, rows[f"{split}.jsonl"]] for split in SPLITS if f"{split}.jsonl" in rows]


def _origins(manifest: dict[str, Any]) -> list[str]:
    """Return the sections on what went in: sources, licences, languages, sets compared with."""
    parts = ["## Sources", table(_SOURCE, _sources(manifest["sources"])), *_mixed(manifest)]
    parts += ["## Licences", *_licences(manifest["licenses"]), *_languages(manifest["languages"])]
    if entries := manifest.get("references"):
        rows = zip(entries, _sources(entries), strict=True)
        parts += [
            "## Compared with",
            "None of their records is part of this dataset.",
            table(
                ["step", "set", *_SOURCE], [[text(e["step"]), text(e["set"]), *r] for e, r in rows]
            ),
        ]
    return parts


def _sources(entries: list[dict[str, Any]]) -> list[list[object]]:
    return [
        [
            *(text(entry[key]) for key in ("name", "path", "layout")),
            entry["rows"],
            entry["quarantined"],
            text(entry["license"] or "not stated"),
        ]
        for entry in entries
    ]


def _mixed(manifest: dict[str, Any]) -> list[str]:
    """Return the section on the mix, if the dataset is one."""
    if "mixing" not in manifest:
        return []
    keys = ("available", "weight", "cap", "planned", "realised")
    rows = [
        [text(each["name"]), *("" if each.get(key) is None else each[key] for key in keys)]
        for each in manifest["mixing"]["sources"]
    ]
    return ["## Mix", table(["source", *keys], rows)]


def _licences(counts: dict[str, int]) -> list[str]:
    rows = [[text(name), number] for name, number in licences_of(counts)]
    said = [f"- {text(line, 300)}" for line in what_to_know(counts)]
    return [table(["licence", "records"], rows), *(["\n".join(said)] if said else [])]


def _languages(judged: dict[str, Any]) -> list[str]:
    named = languages(judged)
    if not named:
        return []
    found = judged["languages"]
    rows: list[list[object]] = [[text(name), found[name]] for name in named]
    if other := sum(number for name, number in found.items() if name not in named):
        rows.append(["others, each below 1%", other])
    if judged["unclear"]:
        rows.append(["too short or too mixed to tell", judged["unclear"]])
    return [
        "## Languages",
        f"Judged on {judged['sample']:,} of the records.",
        table(["language", "records"], rows),
    ]


def _removed(manifest: dict[str, Any]) -> list[str]:
    """Return the sections on what the steps did."""
    rows = [[text(s["name"]), s["in"], s["kept"], s["edited"]] for s in manifest["steps"]]
    drops = [
        [text(reason), text(step["name"]), number]
        for step in manifest["steps"]
        for reason, number in step["dropped"].items()
    ]
    drops.sort(key=lambda row: -row[2])
    removed = table(["reason", "step", "records"], drops) if drops else "Nothing was dropped."
    return [
        "## Steps",
        table(["step", "in", "kept", "edited"], rows),
        "## Removed",
        removed,
        _WITHHELD if manifest.get("withheld") else _HERE,
    ]
