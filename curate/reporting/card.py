"""The dataset card: README.md with the front matter that `datasets.load_dataset` reads."""

from pathlib import Path
from typing import Any

import yaml

from curate import __version__
from curate.dataset import SPLITS, read_manifest
from curate.errors import DatasetError, clip

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
_SOURCE = ["source", "file", "layout", "rows", "quarantined", "licence"]
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))


def card(manifest: dict[str, Any]) -> str:
    """Return the card of a dataset directory, made from its manifest alone."""
    rows = {output["path"]: output["rows"] for output in manifest["outputs"]}
    splits = [split for split in SPLITS if f"{split}.jsonl" in rows]
    files = [{"split": split, "path": f"{split}.jsonl"} for split in splits]
    front = {
        "task_categories": ["text-generation"],
        "tags": ["instruction-tuning", "curate"],
        "size_categories": [_size(manifest["counts"]["kept"])],
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {"features": _FEATURES},
    }
    counts = manifest["counts"]
    parts = [
        f"---\n{yaml.safe_dump(front, sort_keys=False)}---",
        "# Instruction dataset",
        f"{counts['read']} rows read = {counts['kept']} kept + {counts['dropped']} dropped + "
        f"{counts['quarantined']} quarantined. Digest `{manifest['digest']}`.",
        "## Splits",
        _table(["split", "records"], [[split, rows[f"{split}.jsonl"]] for split in splits]),
        "## Sources",
        _table(_SOURCE, _sources(manifest["sources"])),
        *_compared(manifest),
        "## Steps",
        _table(["step", "in", "kept", "edited", "dropped"], _steps(manifest)),
        "`dropped.jsonl` holds each dropped record with step, reason and evidence, "
        "`quarantine.jsonl` each row that could not be read, `edits.jsonl` each change. "
        "`curate explain DIR ID` tells the story of one record, `curate audit DIR` checks "
        "the whole.",
        "## Use",
        '```python\nfrom datasets import load_dataset\n\nload_dataset("path/to/this/folder")\n```',
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
    if written != card(manifest).encode():
        raise DatasetError(f"{path}: is not the card that the manifest makes: it was changed")
    return "README.md is the card that the manifest makes"


def _size(records: int) -> str:
    return next((name for limit, name in _SIZES if records < limit), "n>1M")


def _sources(entries: list[dict[str, Any]]) -> list[list[object]]:
    keys = ("name", "path", "layout", "rows", "quarantined")
    return [[*(entry[key] for key in keys), entry["license"] or "unknown"] for entry in entries]


def _compared(manifest: dict[str, Any]) -> list[str]:
    """Return the section on other sets, if steps compared the records with some."""
    entries = manifest.get("references", [])
    if not entries:
        return []
    rows = zip(entries, _sources(entries), strict=True)
    return [
        "## Compared with",
        "`references.jsonl` holds the records of these sets that `dropped.jsonl` names.",
        _table(["step", "set", *_SOURCE], [[e["step"], e["set"], *row] for e, row in rows]),
    ]


def _steps(manifest: dict[str, Any]) -> list[list[object]]:
    return [
        [
            step["name"],
            step["in"],
            step["kept"],
            step["edited"],
            ", ".join(f"{number} {reason}" for reason, number in step["dropped"].items()) or "0",
        ]
        for step in manifest["steps"]
    ]


def _table(header: list[str], rows: list[list[object]]) -> str:
    lines: list[list[object]] = [[*header], ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in row) + " |" for row in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())
