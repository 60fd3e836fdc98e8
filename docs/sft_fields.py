"""Write curate/tuning/sft_fields.json, the fields of TRL's SFTConfig; `--check` only compares."""

import dataclasses
import enum
import json
import sys
import types
import typing
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

FIELDS = Path(__file__).parents[1] / "curate" / "tuning" / "sft_fields.json"
_PLAIN = {bool: "bool", int: "int", float: "float", str: "str", type(None): "none"}
_WHOLE = {list: "list", dict: "dict", typing.Literal: "bool"}


def sft_fields() -> str:
    """Return, as JSON, the fields with the kinds of value and the words that each takes."""
    from curate.reporting.terminal import quiet_libraries

    quiet_libraries()
    from trl import SFTConfig

    hints = typing.get_type_hints(SFTConfig)
    fields = {
        field.name: {**_taken(hints[field.name]), "default": _default(field.default)}
        for field in dataclasses.fields(SFTConfig)
        if field.init
    }
    said = {"trl": version("trl"), "fields": dict(sorted(fields.items()))}
    return json.dumps(said, indent=1) + "\n"


def _taken(hint: object) -> dict[str, list[str]]:
    kinds: set[str] = set()
    choices: list[str] = []
    for arm in _arms(hint):
        if isinstance(arm, type) and issubclass(arm, enum.Enum):
            kinds.add("str")
            choices += [str(member.value) for member in arm]
        else:  # a class of some library is given as the mapping that it is made of
            kinds.add(_PLAIN.get(arm) or _WHOLE.get(typing.get_origin(arm) or arm, "dict"))
    said = {"kinds": sorted(kinds)}
    return {**said, "choices": choices} if choices else said


def _arms(hint: typing.Any) -> Iterator[typing.Any]:  # noqa: ANN401
    """Yield what a union is of."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        for arm in typing.get_args(hint):
            yield from _arms(arm)
    else:
        yield hint


def _default(value: object) -> object:
    if value is dataclasses.MISSING:
        return None
    return value.value if isinstance(value, enum.Enum) else value


def run(*, check: bool) -> int:
    """Write the file, or say that it is stale; return the exit code."""
    text = sft_fields()
    if not check:
        FIELDS.write_text(text, encoding="utf-8")
    elif not FIELDS.exists() or FIELDS.read_text(encoding="utf-8") != text:
        print(f"stale: {FIELDS.name}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(check="--check" in sys.argv[1:]))
