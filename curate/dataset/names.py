"""What a dataset directory is made of."""

__all__ = [
    "CLUSTERS",
    "COMMANDS",
    "FILES",
    "LEDGERS",
    "LEDGER_KEYS",
    "MANIFEST",
    "OPTIONAL",
    "REFERENCES",
    "RESTORED",
    "SCHEMA_VERSION",
    "SPLITS",
    "WITHHELD",
]

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
WITHHELD = "withheld"
"""The key of a manifest that lists the files that were not published."""
COMMANDS = ("clean", "merge", "split", "restore")
"""What writes a dataset directory."""
SPLITS = ("train", "validation", "test")
RESTORED = "restored.jsonl"
"""The verdicts that `--restore` set aside; there only if there are some."""
CLUSTERS = "clusters.jsonl"
"""What steps say of several records together: those that are alike, prompts with several answers,
evaluation sets and where their items are, what the parts of a mix gave."""
REFERENCES = "references.jsonl"
"""The records of other sets that steps compared with and named; there only if there are some."""
OPTIONAL = (RESTORED, REFERENCES)
"""The ledgers that a dataset directory need not have."""
LEDGER_KEYS = {
    "dropped.jsonl": ({"record", "step", "reason", "evidence"}, set[str]()),
    "quarantine.jsonl": ({"source", "path", "line", "offset", "error", "raw"}, {"raw_base64"}),
    "edits.jsonl": ({"id", "step", "field", "at", "removed", "inserted"}, set[str]()),
    CLUSTERS: (
        {"step", "kind", "ids"},
        {"same", "normalised", "pairs", "gone", "others"}
        | {"set", "items", "unusable", "template", "evidence"}
        | {"sources", "weight", "cap", "available", "planned", "realised", "times", "last", "seed"},
    ),
    REFERENCES: ({"step", "set", "record"}, set[str]()),
    RESTORED: ({"id", "step", "reason", "evidence"}, set[str]()),
}
"""The ledgers, with the keys that a line has and those that it may have."""
LEDGERS = tuple(name for name in LEDGER_KEYS if name not in OPTIONAL)
"""The ledgers that every dataset directory has."""
FILES = (
    *(f"{split}.jsonl" for split in SPLITS),
    *LEDGER_KEYS,
    "README.md",
    "report.html",
    MANIFEST,
)
"""Every name that a dataset directory may hold."""
