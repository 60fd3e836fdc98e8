"""Where steps run."""

from curate.engines.engine import Engine
from curate.engines.passing import Edit, Passage, run_record_steps

__all__ = ["Edit", "Engine", "Passage", "run_record_steps"]
