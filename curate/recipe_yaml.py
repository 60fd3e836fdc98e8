"""YAML with the line of every key, and pydantic's faults told in its terms."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from curate.errors import UsageError, clip
from curate.safe_yaml import FAULTS, SafeLoader, parse_yaml, reason

__all__ = ["Document", "faults", "load", "override"]

FOREIGN_NAMES = {
    "base_model": "model.model_name_or_path",
    "batch_size": "training.per_device_train_batch_size",
    "cutoff_len": "data.max_length",
    "lora_rank": "backend.r",
    "lora_r": "backend.r",
    "lora_target": "backend.target_modules",
    "lora_target_modules": "backend.target_modules",
    "lr": "training.learning_rate",
    "max_seq_length": "data.max_length",
    "micro_batch_size": "training.per_device_train_batch_size",
    "num_epochs": "training.num_train_epochs",
    "rank": "backend.r",
    "sequence_len": "data.max_length",
    "alpha": "backend.lora_alpha",
}
"""Names of other tools, and what they are called here."""

_MOST_KEYS = 10_000

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


def faults(error: ValidationError, document: Document, model: type[BaseModel]) -> Iterator[str]:
    """Yield a line for each fault that pydantic found."""
    for fault in error.errors():
        path, known = _resolved(model, fault["loc"])
        place, name = document.place(path), _dotted(path)
        if fault["type"] == "refused":
            yield f"{document.place(fault.get('ctx', {}).get('at', path))}: {fault['msg']}"
        elif fault["type"].startswith("union_tag"):
            yield _wrong_tag(document, path, fault["ctx"])
        elif fault["type"] == "extra_forbidden":
            yield f"{place}: {name}: no such key{_hint(path, known)}"
        elif fault["type"] == "missing":
            yield f"{place}: {name} is missing"
        else:
            yield f"{place}: {name} is {clip(fault['input'])}: {fault['msg']}"


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


def _hint(path: Path_, known: list[str]) -> str:
    key = str(path[-1])
    if key in FOREIGN_NAMES:
        return f"; here it is called {FOREIGN_NAMES[key]}"
    near = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; allowed: {', '.join(known)}"


def _resolved(model: type[BaseModel], path: Path_) -> tuple[Path_, list[str]]:
    """Return the keys of a fault's path, and the names of the fields beside the last of them.

    Where one of several kinds is meant, pydantic puts its name between the keys.
    """
    keys: list[str | int] = []
    parts = iter(path)
    current: type[BaseModel] | None = model
    known = list(model.model_fields)
    for part in parts:
        keys.append(part)
        if current is None:
            continue
        known = list(current.model_fields)
        field = current.model_fields.get(str(part))
        current = _kind(field, parts) if field else None
    return tuple(keys), known


def _kind(field: FieldInfo, parts: Iterator[str | int]) -> type[BaseModel] | None:
    """Return the model that a field holds; of several, the one that the next part names."""
    kinds = get_args(field.annotation) if field.discriminator else (field.annotation,)
    if field.discriminator:
        tag = next(parts, None)
        kinds = tuple(k for k in kinds if k.model_fields[field.discriminator].default == tag)
    kind = kinds[0] if kinds else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _dotted(path: Path_) -> str:
    return ".".join(str(part) for part in path)


def _merged(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in top.items():
        old = both.get(key)
        nested = isinstance(old, dict) and isinstance(value, dict)
        both[key] = _merged(old, value) if nested else value  # type: ignore[arg-type]
    return both
