"""Bottleneck adapters as a method of PEFT, which has none of its own.

Importing this package registers it: `get_peft_model`, `PeftModel.from_pretrained` and the rest of
PEFT work with it then. The modules import torch at their head; load them where a model is at hand.
"""

from curate.tuning.bottleneck.config import BottleneckConfig
from curate.tuning.bottleneck.model import BottleneckModel, register

__all__ = ["BottleneckConfig", "BottleneckModel"]

register()
