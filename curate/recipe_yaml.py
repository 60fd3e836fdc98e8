"""YAML with the line of every key, and pydantic's faults told in its terms."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from typing_extensions import is_typeddict

from curate.errors import UsageError, clip
from curate.safe_yaml import FAULTS, SafeLoader, parse_yaml, reason

__all__ = ["Document", "faults", "load", "override"]

FOREIGN_NAMES = {
    "adapter": "backend.method",
    "alpha": "backend.lora_alpha",
    "base_model": "model.model_name_or_path",
    "base_model_name": "model.model_name_or_path",
    "batch_size": "training.per_device_train_batch_size",
    "chat_template": "data.template",
    "checkpointing_steps": "training.save_steps",
    "cutoff_len": "data.max_length",
    "dataset_name": "data.dataset",
    "dataset_path": "data.dataset",
    "datasets": "data.dataset",
    "dropout": "backend.lora_dropout",
    "early_stopping_patience": "evaluation.patience",
    "epochs": "training.num_train_epochs",
    "eval_dataset": "evaluation.dataset",
    "eval_steps": "evaluation.every",
    "finetuning_type": "backend.method",
    "grad_accum_steps": "training.gradient_accumulation_steps",
    "load_in_4_bit": "model.load_in_4bit",
    "lora_rank": "backend.r",
    "lora_r": "backend.r",
    "lora_target": "backend.target_modules",
    "lora_target_linear": "backend.target_modules (all-linear)",
    "lora_target_modules": "backend.target_modules",
    "lr": "training.learning_rate",
    "lr_scheduler": "training.lr_scheduler_type",
    "max_epochs": "training.num_train_epochs",
    "max_seq_len": "data.max_length",
    "max_seq_length": "data.max_length",
    "micro_batch_size": "training.per_device_train_batch_size",
    "model": "model.model_name_or_path",
    "model_name": "model.model_name_or_path",
    "model_path": "model.model_name_or_path",
    "num_epochs": "training.num_train_epochs",
    "optimizer": "training.optim",
    "output_dir": "-o",
    "peft_type": "backend.method",
    "prompt_template": "data.template",
    "quantization_bit": "model.load_in_4bit or model.load_in_8bit",
    "random_seed": "seed",
    "rank": "backend.r",
    "revision": "model.model_revision",
    "sample_packing": "data.packing",
    "save_safetensors": "nothing: safetensors are all that is saved",
    "sequence_len": "data.max_length",
    "pref_beta": "training.beta",
    "pref_loss": "training.loss_type",
    "reward_funcs": "rewards",
    "reward_model": "rewards",
    "rl": "stage",
    "torch_dtype": "model.dtype",
    "train_dataset": "data.dataset",
    "train_on_inputs": "data.loss",
    "train_on_prompt": "data.loss",
    "use_dora": "backend.use_dora",
    "use_peft": "backend.method",
    "val_set_size": "nothing: `curate split` holds records out",
    "val_size": "nothing: `curate split` holds records out",
    "warmup_ratio": "training.warmup_steps (below 1 it is a share)",
}
"""Names of other tools, and what they are called here."""

_MOST_KEYS = 10_000
_MISSING = ("missing", "union_tag_not_found")
_FEW = 20  # names that are listed

Path_ = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """The values of a YAML file and where each stands."""

    values: dict[str, Any]
    places: dict[Path_, str] = field(default_factory=dict)

    def place(self, path: Path_) -> str:
        """Return `FILE:LINE` of a key, or of the nearest one around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, "recipe")

    def updated(self, other: "Document") -> "Document":
        """Return this document with the values of another laid over it, key by key."""
        return Document(_merged(self.values, other.values), self.places | other.places)


def load(path: Path) -> Document:
    """Return the mapping in a YAML file.

    Raises:
        UsageError: the file cannot be read, is not YAML, not a mapping, or repeats a key.
    """
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise UsageError(f"{path}:1: a recipe is a mapping of keys to values")
        places = _places(path, node)
        return Document(SafeLoader("").construct_document(node), places)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    except FAULTS as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise UsageError(f"{path}:{line}: not valid YAML: {reason(error)}") from error


def _places(path: Path, node: yaml.MappingNode) -> dict[Path_, str]:
    places: dict[Path_, str] = {(): f"{path}:1"}
    for where, line in _lines(node, ()):
        if where in places:
            raise UsageError(f"{path}:{line}: {_dotted(where)} is there twice ({places[where]})")
        if len(places) > _MOST_KEYS:
            raise UsageError(f"{path}:{line}: more than {_MOST_KEYS} keys and items: no recipe")
        places[where] = f"{path}:{line}"
    return places


def _lines(node: yaml.Node, path: Path_) -> Iterator[tuple[Path_, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, key.start_mark.line + 1
            yield from _lines(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from _lines(value, (*path, index))


def override(document: Document, text: str) -> None:
    """Lay one `KEY.KEY=VALUE` of the command line over the document.

    Raises:
        UsageError: it has no `=`, its value is not YAML, or a key on the way holds no keys.
    """
    dotted, equals, value = text.partition("=")
    keys = tuple(dotted.split("."))
    if not equals or not all(keys):
        raise UsageError(f"{clip(text)}: expected KEY=VALUE, e.g. training.max_steps=100")
    parsed = parse_yaml(value, clip(text))
    target = document.values
    for key in keys[:-1]:
        target = target.setdefault(key, {})
        if not isinstance(target, dict):
            raise UsageError(f"{clip(text)}: {key} holds a value, not keys")
    target[keys[-1]] = parsed
    document.places[keys] = clip(text)


def faults(
    error: ValidationError, document: Document, model: type[BaseModel], *, missing: bool = True
) -> list[str]:
    """Return a line for each fault that pydantic found, in the order of the document.

    That something is not there is a fault only where `missing` says so.
    """
    order = {place: at for at, place in enumerate(document.places.values())}
    found: list[tuple[int, str]] = []
    for fault in error.errors():
        if fault["type"] in _MISSING and not missing:
            continue
        path, known = _resolved(model, fault["loc"])
        place, name = document.place(path), _dotted(path)
        if fault["type"].startswith("union_tag"):
            line = _wrong_tag(document, path, fault["ctx"])
        elif fault["type"] == "extra_forbidden":
            line = f"{place}: {name}: no such key{_hint(path, known, model)}"
        elif fault["type"] == "ours":
            line = f"{place}: {name}: {fault['msg']}"
        elif fault["type"] == "missing":
            line = f"{place}: {name} is missing"
        else:
            line = f"{place}: {name} is {clip(fault['input'])}: {fault['msg']}"
        found.append((order.get(place, -1), line))
    return [line for _, line in sorted(found, key=lambda each: each[0])]


def _wrong_tag(document: Document, path: Path_, said: Mapping[str, Any]) -> str:
    """Return the line of a key that should say which of several kinds is meant."""
    path = (*path, said["discriminator"].strip("'"))
    place, name = document.place(path), _dotted(path)
    if "tag" not in said:
        return f"{place}: {name} is missing"
    expected = said["expected_tags"]
    near = difflib.get_close_matches(said["tag"], [e.strip("'") for e in expected.split(", ")], 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{place}: {name} is {clip(said['tag'])}: it has to be one of {expected}{hint}"


def _hint(path: Path_, known: list[str], model: type[BaseModel]) -> str:
    """Return what a key that is not known may stand for."""
    key, dotted = str(path[-1]), _dotted(path)
    if FOREIGN_NAMES.get(key, dotted) != dotted:
        return f"; here it is called {FOREIGN_NAMES[key]}"
    if near := difflib.get_close_matches(key, known, n=1):
        return f"; did you mean {near[0]!r}?"
    everywhere = _everywhere(model)
    if near := difflib.get_close_matches(key, everywhere, n=1, cutoff=0.8):
        return f"; did you mean {everywhere[near[0]]}?"
    few = len(known) <= _FEW
    return f"; allowed: {', '.join(known)}" if few else f"; it is not among the {len(known)} fields"


def _everywhere(model: type[BaseModel], prefix: str = "") -> dict[str, str]:
    """Return the dotted key of every field, by its last name."""
    found: dict[str, str] = {}
    for name, field_ in model.model_fields.items():
        for kind in get_args(field_.annotation) if field_.discriminator else (field_.annotation,):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found = _everywhere(kind, f"{prefix}{name}.") | found
            elif is_typeddict(kind):
                found = {key: f"{prefix}{name}.{key}" for key in kind.__annotations__} | found
        found.setdefault(name, f"{prefix}{name}")
    return found


def _resolved(model: type[BaseModel], path: Path_) -> tuple[Path_, list[str]]:
    """Return the keys of a fault's path, and the names of the fields beside the last of them.

    Where one of several kinds is meant, pydantic puts its name between the keys.
    """
    keys: list[str | int] = []
    parts = iter(path)
    current: Any = model
    known = list(model.model_fields)
    for part in parts:
        keys.append(part)
        if current is None:
            continue
        if is_typeddict(current):
            known, current = list(current.__annotations__), None
            continue
        known = list(current.model_fields)
        field_ = current.model_fields.get(str(part))
        current = _kind(field_, parts) if field_ else None
    return tuple(keys), known


def _kind(field_: FieldInfo, parts: Iterator[str | int]) -> Any:  # noqa: ANN401
    """Return what holds the keys of a field; of several, the one that the next part names."""
    kinds = get_args(field_.annotation) if field_.discriminator else (field_.annotation,)
    if field_.discriminator:
        tag = next(parts, None)
        kinds = tuple(k for k in kinds if k.model_fields[field_.discriminator].default == tag)
    kinds = tuple(
        inner for k in kinds for inner in get_args(k) or (k,)
    )  # of `Step | None` the step
    kind = kinds[0] if kinds else None
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return kind if is_model or is_typeddict(kind) else None


def _dotted(path: Path_) -> str:
    return ".".join(str(part) for part in path)


def _merged(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in top.items():
        old = both.get(key)
        nested = isinstance(old, dict) and isinstance(value, dict)
        both[key] = _merged(old, value) if nested else value  # type: ignore[arg-type]
    return both
