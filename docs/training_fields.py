"""Write curate/tuning/training_fields.json, the fields of TRL's configs; `--check` compares."""

import dataclasses
import enum
import json
import sys
import types
import typing
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

FIELDS = Path(__file__).parents[1] / "curate" / "tuning" / "training_fields.json"
_PLAIN = {bool: "bool", int: "int", float: "float", str: "str", type(None): "none"}
_NUMBERS = {list[float]: "numbers", list[int]: "numbers"}
_WHOLE = {list: "list", dict: "dict", typing.Literal: "bool"}


def training_fields() -> str:
    """Return, as JSON, what each field takes, once for all stages in which it is the same."""
    from curate.reporting.terminal import quiet_libraries

    quiet_libraries()
    import trl

    from curate.tuning.training_fields import CONFIGS

    found: dict[str, list[dict[str, typing.Any]]] = {}
    for stage, name in CONFIGS.items():
        config = getattr(trl, name)
        hints = typing.get_type_hints(config)
        for field in dataclasses.fields(config):
            if not field.init:
                continue
            said = {**_taken(hints[field.name]), "default": _default(field)}
            kinds = found.setdefault(field.name, [])
            same = next((kind for kind in kinds if {**kind, **said} == kind), None)
            if same is None:
                kinds.append({**said, "stages": [stage]})
            else:
                same["stages"].append(stage)
    whole = {"trl": version("trl"), "fields": dict(sorted(found.items()))}
    return json.dumps(whole, indent=1) + "\n"


def _taken(hint: object) -> dict[str, list[str]]:
    kinds: set[str] = set()
    choices: list[str] = []
    for arm in _arms(hint):
        if isinstance(arm, type) and issubclass(arm, enum.Enum):
            kinds.add("str")
            choices += [str(member.value) for member in arm]
        else:  # a class of some library is given as the mapping that it is made of
            kinds.add(_PLAIN.get(arm) or _NUMBERS.get(arm) or _of_class(arm))
    said = {"kinds": sorted(kinds)}
    return {**said, "choices": choices} if choices else said


def _of_class(arm: object) -> str:
    return _WHOLE.get(typing.get_origin(arm) or arm, "dict")


def _arms(hint: typing.Any) -> Iterator[typing.Any]:  # noqa: ANN401
    """Yield what a union is of."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        for arm in typing.get_args(hint):
            yield from _arms(arm)
    else:
        yield hint


def _default(field: "dataclasses.Field[typing.Any]") -> object:
    value = field.default
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    if value is dataclasses.MISSING:
        return None
    return value.value if isinstance(value, enum.Enum) else value


def run(*, check: bool) -> int:
    """Write the file, or say that it is stale; return the exit code."""
    text = training_fields()
    if not check:
        FIELDS.write_text(text, encoding="utf-8")
    elif not FIELDS.exists() or FIELDS.read_text(encoding="utf-8") != text:
        print(f"stale: {FIELDS.name}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(check="--check" in sys.argv[1:]))
