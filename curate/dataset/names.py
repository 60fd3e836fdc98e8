"""What a dataset directory is made of."""

__all__ = ["FILES", "LEDGERS", "MANIFEST", "SCHEMA_VERSION", "SPLITS"]

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
SPLITS = ("train", "validation", "test")
LEDGERS = ("dropped.jsonl", "quarantine.jsonl", "edits.jsonl")
FILES = (*(f"{split}.jsonl" for split in SPLITS), *LEDGERS, "README.md", "report.html", MANIFEST)
"""Every name that a dataset directory may hold."""
