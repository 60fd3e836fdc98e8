"""The dataset directory: write, read and audit it."""

from curate.dataset.audit import audit
from curate.dataset.diff import diff
from curate.dataset.explain import explain
from curate.dataset.manifest import read_manifest
from curate.dataset.names import (
    CLUSTERS,
    FILES,
    LEDGERS,
    MANIFEST,
    REFERENCES,
    RESTORED,
    SCHEMA_VERSION,
    SPLITS,
)
from curate.dataset.reader import KeptReferences, read_ledger, read_lines, read_records
from curate.dataset.writer import DatasetWriter

__all__ = [
    "CLUSTERS",
    "FILES",
    "LEDGERS",
    "MANIFEST",
    "REFERENCES",
    "RESTORED",
    "SCHEMA_VERSION",
    "SPLITS",
    "DatasetWriter",
    "KeptReferences",
    "audit",
    "diff",
    "explain",
    "read_ledger",
    "read_lines",
    "read_manifest",
    "read_records",
]
