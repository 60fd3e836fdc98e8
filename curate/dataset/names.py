"""What a dataset directory is made of."""

__all__ = ["FILES", "LEDGERS", "LEDGER_KEYS", "MANIFEST", "SCHEMA_VERSION", "SPLITS"]

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
SPLITS = ("train", "validation", "test")
LEDGER_KEYS = {
    "dropped.jsonl": ({"record", "step", "reason", "evidence"}, set[str]()),
    "quarantine.jsonl": ({"source", "path", "line", "offset", "error", "raw"}, {"raw_base64"}),
    "edits.jsonl": ({"id", "step", "field", "at", "removed", "inserted"}, set[str]()),
}
"""The ledgers, with the keys that a line has and those that it may have."""
LEDGERS = tuple(LEDGER_KEYS)
FILES = (*(f"{split}.jsonl" for split in SPLITS), *LEDGERS, "README.md", "report.html", MANIFEST)
"""Every name that a dataset directory may hold."""
