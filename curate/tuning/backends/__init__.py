"""The ways to tune a model, one file each; a recipe's `backend.method` picks one."""

from curate.tuning.backends.adapter import Adapter
from curate.tuning.backends.base import Backend
from curate.tuning.backends.full import Full
from curate.tuning.backends.lora import Lora
from curate.tuning.backends.prefix import Prefix

__all__ = ["BACKENDS", "Adapter", "Backend", "Full", "Lora", "Prefix"]

BACKENDS: tuple[type[Backend], ...] = (Lora, Adapter, Prefix, Full)
