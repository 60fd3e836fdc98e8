"""Put bottleneck adapters into a model, as PEFT does it for its own methods."""

from typing import Any, ClassVar

from peft.mapping import (
    PEFT_TYPE_TO_CONFIG_MAPPING,
    PEFT_TYPE_TO_PREFIX_MAPPING,
    PEFT_TYPE_TO_TUNER_MAPPING,
)
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from torch import nn

from curate.tuning.bottleneck.config import METHOD, BottleneckConfig
from curate.tuning.bottleneck.layer import BottleneckLayer
from curate.tuning.places import Places, condensed, find_places, output_width

__all__ = ["BottleneckModel", "register"]

_PREFIX = "bottleneck_"


class BottleneckModel(BaseTuner):
    """A model with `BottleneckLayer`s in the places that the config names or asks to find."""

    prefix = _PREFIX
    tuner_layer_cls = BottleneckLayer
    target_module_mapping: ClassVar[dict[str, list[str]]] = {}

    def _prepare_adapter_config(
        self, peft_config: BottleneckConfig, model_config: object
    ) -> BottleneckConfig:
        """Fill in the places; a config that was saved names them and is left as it is."""
        self._check_beside(peft_config)
        if peft_config.target_modules is None:
            places = find_places(self.model)
            found = _targets(places, peft_config.placement)
            peft_config.target_modules = {
                n for names in found for n in condensed(self.model, names)
            }
            if peft_config.train_layer_norm:
                saved = peft_config.modules_to_save or []
                norms = condensed(self.model, places.layer_norms)
                peft_config.modules_to_save = [*saved, *norms]
        return peft_config

    def _check_beside(self, config: BottleneckConfig) -> None:
        """Raise ValueError if the model has adapters that hide the places of this one."""
        for name, other in self.peft_config.items():
            if (other.placement == "parallel") != (config.placement == "parallel"):
                raise ValueError(
                    f"the model has the adapter {name!r} with placement {other.placement!r}; one "
                    f"with {config.placement!r} cannot stand beside it"
                )

    def _create_and_replace(
        self,
        peft_config: BottleneckConfig,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
        **_: Any,
    ) -> None:
        if isinstance(target, BottleneckLayer):
            target.update_layer(adapter_name, peft_config)
            if adapter_name not in self.active_adapters:
                for part in (target.bottleneck_down, target.bottleneck_up):
                    part[adapter_name].requires_grad_(False)
            return
        width = output_width(target) or self.model.config.get_text_config(decoder=True).hidden_size
        layer = BottleneckLayer(target, adapter_name, peft_config, width)
        if adapter_name not in self.active_adapters:
            layer.requires_grad_(False)
        self._replace_module(parent, target_name, layer, target)

    def _replace_module(
        self, parent: nn.Module, child_name: str, new_module: nn.Module, child: nn.Module
    ) -> None:
        """Replace a module; PEFT's own asks a module for its weight, and a whole one has none."""
        base = child.get_base_layer() if isinstance(child, BaseTunerLayer) else child
        if hasattr(base, "weight"):
            super()._replace_module(parent, child_name, new_module, child)
        else:
            setattr(parent, child_name, new_module)


def _targets(places: Places, placement: str) -> list[list[str]]:
    """Return the names that a placement adapts, a list for each place in a block.

    Raises:
        ValueError: it is `parallel` and a block runs the layers of its feed-forward itself.
    """
    if placement == "houlsby":
        return [places.attention, places.feed_forward]
    if placement == "pfeiffer":
        return [places.feed_forward]
    if len(places.whole) < len(places.feed_forward):
        raise ValueError(
            "placement `parallel` needs a module that is the whole feed-forward; "
            f"{places.feed_forward[0]} is one layer of several that the block runs itself: "
            "use `houlsby` or `pfeiffer`"
        )
    return [places.whole]


def register() -> None:
    """Make the method known to PEFT, in the tables that it looks methods up in."""
    PEFT_TYPE_TO_CONFIG_MAPPING[METHOD] = BottleneckConfig
    PEFT_TYPE_TO_TUNER_MAPPING[METHOD] = BottleneckModel
    PEFT_TYPE_TO_PREFIX_MAPPING[METHOD] = _PREFIX
