"""What PEFT keeps of a bottleneck adapter in adapter_config.json."""

from dataclasses import dataclass, field

from peft.config import PeftConfig

__all__ = ["METHOD", "PLACEMENTS", "BottleneckConfig"]

PLACEMENTS = ("houlsby", "pfeiffer", "parallel")


class _Method(str):
    """A name that PEFT takes for a member of its enumeration of methods."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)

    name = value

    def __deepcopy__(self, memo: object) -> "_Method":
        return self

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return _Method, (str(self),)


METHOD = _Method("CURATE_BOTTLENECK")
"""Not `BOTTLENECK`: a later PEFT may have a method of that name."""


@dataclass
class BottleneckConfig(PeftConfig):
    """Settings of `curate.tuning.bottleneck.layer.BottleneckLayer`.

    Args:
        bottleneck_size: m, the width between the two projections.
        non_linearity: a key of `transformers.activations.ACT2FN`.
        dropout: probability of dropping a feature before the projection down, in training.
        scaling: factor on what the adapter adds.
        placement: `houlsby` (behind attention and feed-forward), `pfeiffer` (behind the
            feed-forward) or `parallel` (beside the feed-forward).
        train_layer_norm: also train a copy of every layer norm of the blocks.
        init_std: standard deviation of the projection down; the projection up starts at zero.
        target_modules: names of the modules that are adapted; found where None.
        exclude_modules: names that are left alone.
        layers_to_transform: indices of the blocks that are adapted; all where None.
        layers_pattern: name of the list of blocks, for `layers_to_transform`.
        modules_to_save: names of modules that are trained and saved whole.
    """

    bottleneck_size: int = 64
    non_linearity: str = "gelu"
    dropout: float = 0.0
    scaling: float = 1.0
    placement: str = "houlsby"
    train_layer_norm: bool = False
    init_std: float = 0.02
    target_modules: list[str] | set[str] | str | None = None
    exclude_modules: list[str] | set[str] | str | None = None
    layers_to_transform: list[int] | int | None = None
    layers_pattern: list[str] | str | None = None
    modules_to_save: list[str] | None = None
    trainable_token_indices: object = field(default=None, metadata={"help": "TRL asks for it."})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = METHOD
        if self.placement not in PLACEMENTS:
            raise ValueError(f"placement is {self.placement!r}, expected one of {PLACEMENTS}")
        if self.bottleneck_size < 1:
            raise ValueError(f"bottleneck_size is {self.bottleneck_size}, expected at least 1")
        for name in ("target_modules", "exclude_modules"):
            value = getattr(self, name)
            if isinstance(value, list):
                setattr(self, name, set(value))
