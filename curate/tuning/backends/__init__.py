"""The ways to tune a model, one file each."""

from curate.tuning.backends.base import Backend
from curate.tuning.backends.lora import Lora

__all__ = ["Backend", "Lora"]
