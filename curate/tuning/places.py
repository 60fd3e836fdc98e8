"""Find what to adapt in a decoder by what its modules do, not by what they are called.

Each block is run twice on a few tokens, the second time with another first token. The attention is
the module that sees the same last token both times and makes something else of it: nothing else in
a block lets one position see another. What comes behind it and holds matrices is the feed-forward.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

__all__ = ["Places", "condensed", "find_experts", "find_linear", "find_places", "hidden_states",
           "one_block", "output_width"]  # fmt: skip

_TOKENS = 4
_VOCABULARY = 64


@dataclass(frozen=True, slots=True)
class Places:
    """Full names of modules, one a block where nothing else is said."""

    attention: list[str] = field(default_factory=list)
    """The attention's output projections."""
    projections: list[str] = field(default_factory=list)
    """Every linear layer of the attention, one or several a block."""
    feed_forward: list[str] = field(default_factory=list)
    """The feed-forward's output projections; for a mixture of experts, the whole of it."""
    whole: list[str] = field(default_factory=list)
    """The feed-forwards as one module, as far as the blocks have such a module."""
    layer_norms: list[str] = field(default_factory=list)
    """The norms of hidden states that the blocks hold."""


def output_width(module: nn.Module) -> int | None:
    """Return the output features of a linear layer of any make; None of another module."""
    if isinstance(module, BaseTunerLayer):
        module = module.get_base_layer()
    width = getattr(module, "out_features", getattr(module, "nf", None))
    return width if isinstance(width, int) else None


def find_places(model: nn.Module) -> Places:
    """Return the places of every block of a decoder.

    Raises:
        ValueError: there are no blocks, or one has no attention or no feed-forward to be found;
            the message says what was looked for.
    """
    if next(model.parameters()).is_meta:
        return _as_in_one_block(model)
    blocks = _find_blocks(model)
    calls = _calls(model, blocks)
    places = Places()
    for name, block in blocks:
        if name not in calls:
            raise ValueError(f"the block {name} is not run by the model's forward")
        _add_block(places, name, block, calls[name])
    return places


def _as_in_one_block(model: nn.Module) -> Places:
    """Return the places of a model without weights: those of a model of one such block, each time.

    Blocks of another kind than the first are passed over.
    """
    one, count = one_block(model)
    known = {name for name, _ in model.named_modules()}
    return Places(**{
        key: [
            name for at in range(count) for first in names
            if (name := re.sub(r"\.0\.", f".{at}.", first, count=1)) in known
        ]
        for key, names in asdict(find_places(one)).items()
    })  # fmt: skip


def one_block(model: nn.Module) -> tuple[nn.Module, int]:
    """Return a model with weights, of one block like the first and few words, and how many blocks.

    It serves where a model without weights is to be run.
    """
    config = copy.deepcopy(model.config)
    text = config.get_text_config(decoder=True)
    count, text.num_hidden_layers = text.num_hidden_layers, 1
    text.vocab_size, text.pad_token_id = _VOCABULARY, None
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:1]
    return type(model)(config), count


def _config(model: nn.Module) -> Any:
    return model.config.get_text_config(decoder=True)


def _find_blocks(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the decoder's blocks: the heaviest list of `num_hidden_layers` modules."""
    count = _config(model).num_hidden_layers
    lists = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == count
    ]
    if not lists:
        raise ValueError(f"found no list of {count} blocks (num_hidden_layers) in the model")
    name, blocks = max(lists, key=lambda item: sum(p.numel() for p in item[1].parameters()))
    return [(f"{name}.{place}", block) for place, block in enumerate(blocks)]


_Call = tuple[tuple[Any, ...], dict[str, Any]]


@torch.no_grad()
def _calls(model: nn.Module, blocks: list[tuple[str, nn.Module]]) -> dict[str, _Call]:
    """Return with what arguments the model calls each block."""
    calls: dict[str, _Call] = {}
    hooks = []
    for name, block in blocks:

        def note(_: nn.Module, args: Any, kwargs: Any, name: str = name) -> None:
            calls[name] = (args, kwargs)

        hooks.append(block.register_forward_pre_hook(note, with_kwargs=True))
    was_training = model.training
    device = next(model.parameters()).device
    try:
        ids = torch.arange(1, _TOKENS + 1, device=device)[None] % _config(model).vocab_size
        model.eval()(input_ids=ids, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
        model.train(was_training)
    return calls


@dataclass(slots=True)
class _Seen:
    """One call of a module: its input and output, hidden states of shape [..., width]."""

    name: str
    given: torch.Tensor | None
    output: torch.Tensor


def _add_block(places: Places, block_name: str, block: nn.Module, call: _Call) -> None:
    width = _width(call)
    modules = dict(_named(block))
    was_training = block.training
    block.eval()
    try:
        first = _run(block, modules, call, width)
        second = _run(block, modules, _perturbed(call, width), width)
    finally:
        block.train(was_training)
    attention = _attention(first, second)
    if attention is None:
        raise ValueError(
            f"{block_name} ({type(block).__name__}): no module lets positions see each other"
        )
    inside = [s for s in first if s.name.startswith(f"{attention}.") and _is(modules, s, width)]
    if not inside:
        raise ValueError(
            f"{block_name} ({type(block).__name__}): the attention ({attention}) has no linear "
            f"layer with {width} outputs"
        )
    feed_forward, whole = _feed_forward(block_name, block, modules, first, attention, width)
    places.attention.append(f"{block_name}.{inside[-1].name}")
    places.projections.extend(f"{block_name}.{name}" for name in _linear(modules, attention))
    places.feed_forward.append(f"{block_name}.{feed_forward}")
    places.whole.extend([f"{block_name}.{whole}"] if whole else [])
    places.layer_norms.extend(f"{block_name}.{name}" for name in _norms(modules, attention, width))


def _width(call: _Call) -> int:
    args, kwargs = call
    tensors = [v for v in (*args, *kwargs.values()) if isinstance(v, torch.Tensor)]
    return int(next(t for t in tensors if t.is_floating_point() and t.dim() == 3).shape[-1])


def _named(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield every module below one; what adapters are made of belongs to what they adapt."""
    for name, child in module.named_children():
        yield f"{prefix}{name}", child
        if not isinstance(child, BaseTunerLayer):
            yield from _named(child, f"{prefix}{name}.")


@torch.no_grad()
def _run(block: nn.Module, modules: dict[str, nn.Module], call: _Call, width: int) -> list[_Seen]:
    """Return the calls of a block's modules in the order in which they end."""
    seen: list[_Seen] = []
    hooks = []
    for name, module in modules.items():

        def note(_: nn.Module, args: Any, kwargs: Any, out: Any, name: str = name) -> None:
            output = out[0] if isinstance(out, tuple) else out
            if isinstance(output, torch.Tensor):
                try:
                    given = hidden_states(args, kwargs, width)
                except ValueError:
                    given = None
                seen.append(_Seen(name, given, output))

        hooks.append(module.register_forward_hook(note, with_kwargs=True))
    try:
        args, kwargs = call
        block(*args, **kwargs)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _perturbed(call: _Call, width: int) -> _Call:
    """Return the call with other hidden states at the first position."""
    args, kwargs = call

    def other(value: Any) -> Any:
        if (
            not isinstance(value, torch.Tensor)
            or not value.is_floating_point()
            or value.shape[-1] != width
            or value.dim() != 3
            or value.shape[1] != _TOKENS
        ):
            return value
        changed = value.clone()
        changed[:, 0] = -changed[:, 0].flip(-1) + 1
        return changed

    return tuple(map(other, args)), {key: other(value) for key, value in kwargs.items()}


def _attention(first: list[_Seen], second: list[_Seen]) -> str | None:
    """Return the outermost module whose last position changed although its input there did not."""
    mixing = [
        old.name
        for old, new in zip(first, second, strict=True)
        if old.given is not None
        and new.given is not None
        and old.output.shape == new.output.shape
        and torch.equal(_last(old.given), _last(new.given))
        and not torch.equal(_last(old.output), _last(new.output))
    ]
    return min(mixing, key=lambda name: name.count("."), default=None)


def _last(states: torch.Tensor) -> torch.Tensor:
    return states.reshape(-1, states.shape[-1])[-1]


def _is(modules: dict[str, nn.Module], seen: _Seen, width: int) -> bool:
    """Return whether the call is of a linear layer that gives hidden states of every token."""
    module = modules[seen.name]
    return output_width(module) == width and seen.output.numel() == _TOKENS * width


def _linear(modules: dict[str, nn.Module], inside: str) -> list[str]:
    return [
        name
        for name, module in modules.items()
        if name.startswith(f"{inside}.") and output_width(module) is not None
    ]


def _feed_forward(
    block_name: str, block: nn.Module, modules: dict[str, nn.Module], seen: list[_Seen],
    attention: str, width: int,
) -> tuple[str, str | None]:  # fmt: skip
    """Return the names of the feed-forward's output and of the whole of it, if it is one module."""
    outside = [
        s for s in seen
        if "." not in s.name
        and s.name != attention.partition(".")[0]
        and s.output.shape[-1] == width
        and any(p.dim() > 1 for p in modules[s.name].parameters())
    ]  # fmt: skip
    if not outside:
        raise ValueError(
            f"{block_name} ({type(block).__name__}): no module beside the attention "
            f"({attention}) holds matrices and gives {width} features"
        )
    name = outside[-1].name
    if output_width(modules[name]) is not None:
        return name, None  # the block itself runs the layers of its feed-forward
    inside = [s for s in seen if s.name.startswith(f"{name}.")]
    linear = {s.name for s in inside if output_width(modules[s.name]) is not None}
    matrices = {p for p in modules[name].parameters() if p.dim() > 1}
    covered = {p for n in linear for p in modules[n].parameters()}
    ends = [s for s in inside if _is(modules, s, width)]
    if ends and matrices <= covered and ends[-1] is [s for s in inside if s.name in linear][-1]:
        return ends[-1].name, name
    return name, name  # experts: no single layer gives what all of them give together


def _norms(modules: dict[str, nn.Module], attention: str, width: int) -> list[str]:
    """Return the layer norms of hidden states: leaves with vectors of that width alone.

    What stands inside the attention norms queries and keys.
    """
    return [
        name
        for name, module in modules.items()
        if not name.startswith(f"{attention}.")
        and (shapes := [tuple(p.shape) for p in module.parameters()])
        and not list(module.children())
        and output_width(module) is None
        and all(shape == (width,) for shape in shapes)
    ]


def find_linear(model: nn.Module) -> list[str]:
    """Return the names of all linear layers but the output embeddings."""
    head = model.get_output_embeddings()
    modules = model.named_modules()
    return [name for name, m in modules if output_width(m) is not None and m is not head]


def find_experts(model: nn.Module) -> list[str]:
    """Return the names of the parameters that hold a matrix for each expert."""
    return [
        f"{name}.{parameter}"
        for name, module in model.named_modules()
        for parameter, value in module.named_parameters(recurse=False)
        if value.dim() == 3 and not isinstance(module, nn.Conv1d)
    ]


def condensed(model: nn.Module, names: list[str]) -> list[str]:
    """Return names without their block where that names the same, else as they are.

    It would name more where dense blocks stand among experts, or beside another tower.
    """
    ends = sorted({re.sub(r"^.*?\.\d+\.", "", name) for name in names})
    known = [name for name, _ in (*model.named_modules(), *model.named_parameters())]
    named = {name for name in known if any(name.endswith(f".{end}") for end in ends)}
    return ends if named == set(names) else sorted(names)


def hidden_states(args: tuple[Any, ...], kwargs: dict[str, Any], width: int) -> torch.Tensor:
    """Return the hidden states among the arguments of a module: the first tensor that wide."""
    for value in (*args, *kwargs.values()):
        if isinstance(value, torch.Tensor) and value.shape[-1] == width and value.dim() > 1:
            return value
    raise ValueError(f"no argument holds hidden states of width {width}")
