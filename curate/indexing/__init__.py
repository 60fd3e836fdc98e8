"""An index on disk: records to compare others with, and all that a comparison needs of them."""

from curate.indexing.folder import INDEX, StoredIndex, is_index, open_index

__all__ = ["INDEX", "StoredIndex", "is_index", "open_index"]
