"""The layer: h + scaling · up(act(down(h))).

Sources: Houlsby et al. 2019, "Parameter-Efficient Transfer Learning for NLP", section 2.1 (serial);
He et al. 2021, "Towards a Unified View of Parameter-Efficient Transfer Learning", section 3
(parallel).
"""

from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from transformers.activations import ACT2FN

from curate.tuning.bottleneck.config import BottleneckConfig
from curate.tuning.places import hidden_states

__all__ = ["BottleneckLayer"]


class BottleneckLayer(nn.Module, BaseTunerLayer):
    """A module with adapters behind it or, with placement `parallel`, beside it.

    The module takes and gives hidden states of shape [..., d], alone or as the first of a tuple.
    An adapter has 2·m·d + m + d parameters; several that are active follow on each other.
    """

    adapter_layer_names = ("bottleneck_down", "bottleneck_up")
    other_param_names = ("bottleneck_config", "bottleneck_act", "bottleneck_dropout")

    def __init__(
        self, base_layer: nn.Module, adapter_name: str, config: BottleneckConfig, width: int
    ) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.width = width
        self.bottleneck_down = nn.ModuleDict()
        self.bottleneck_up = nn.ModuleDict()
        self.bottleneck_act = nn.ModuleDict()
        self.bottleneck_dropout = nn.ModuleDict()
        self.bottleneck_config: dict[str, BottleneckConfig] = {}
        self.merged_adapters: list[str] = []
        self._disable_adapters = False
        self._active_adapter: str | list[str] = adapter_name
        self.update_layer(adapter_name, config)

    def update_layer(self, adapter_name: str, config: BottleneckConfig) -> None:
        """Add an adapter; what it adds is zero until it is trained."""
        down = nn.Linear(self.width, config.bottleneck_size)
        up = nn.Linear(config.bottleneck_size, self.width)
        if not down.weight.is_meta:
            nn.init.normal_(down.weight, std=config.init_std)
            for zeroed in (down.bias, up.weight, up.bias):
                nn.init.zeros_(zeroed)
        self.bottleneck_down[adapter_name] = down
        self.bottleneck_up[adapter_name] = up
        self.bottleneck_act[adapter_name] = ACT2FN[config.non_linearity]
        self.bottleneck_dropout[adapter_name] = nn.Dropout(config.dropout)
        self.bottleneck_config[adapter_name] = config
        self._follow_base(down, up)
        self.set_adapter(self.active_adapters, inference_mode=config.inference_mode)

    def _follow_base(self, *projections: nn.Linear) -> None:
        """Put the projections where the base is, in its type if that is one to compute in."""
        base = next(self.get_base_layer().parameters(), None)
        if base is None or base.is_meta or projections[0].weight.is_meta:
            return
        dtype = base.dtype if base.dtype.is_floating_point and base.dtype.itemsize > 1 else None
        for projection in projections:
            projection.to(device=base.device, dtype=dtype)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the module gives, adapted."""
        result = self.base_layer(*args, **kwargs)
        names = [name for name in self.active_adapters if name in self.bottleneck_down]
        if self.disable_adapters or not names:
            return result
        output = result[0] if isinstance(result, tuple) else result
        for name in names:
            is_parallel = self.bottleneck_config[name].placement == "parallel"
            adapted = hidden_states(args, kwargs, self.width) if is_parallel else output
            output = output + self._added(name, adapted).to(output.dtype)
        return (output, *result[1:]) if isinstance(result, tuple) else output

    def _added(self, name: str, hidden: torch.Tensor) -> torch.Tensor:
        down = self.bottleneck_down[name]
        narrow = down(self.bottleneck_dropout[name](hidden.to(down.weight.dtype)))
        wide = self.bottleneck_up[name](self.bottleneck_act[name](narrow))
        return wide * self.bottleneck_config[name].scaling

    def merge(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: the adapter is not linear.

        Raises:
            ValueError: always.
        """
        raise ValueError("a bottleneck adapter is not linear, so it cannot be merged into weights")

    unmerge = merge
