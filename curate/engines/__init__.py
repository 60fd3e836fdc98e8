"""Where steps run."""

from curate.engines.passing import Edit, Passage, run_record_steps

__all__ = ["Edit", "Passage", "run_record_steps"]
