"""Curate: instruction dataset curation and tuning, with every record accounted for."""

__version__ = "0.1.0"
