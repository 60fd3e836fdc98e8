"""The fields of TRL's configs and what each may be, known without importing TRL.

training_fields.json is written by `make docs` from the installed TRL, and compared by `make check`.
"""

import difflib
import functools
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from curate.prompts.stages import STAGES, Stage

__all__ = ["CONFIGS", "FIELDS", "OURS", "TrainingField", "stage_fields", "training_type"]

FIELDS = Path(__file__).with_name("training_fields.json")

CONFIGS: dict[Stage, str] = {
    "sft": "SFTConfig", "reward": "RewardConfig", "dpo": "DPOConfig", "kto": "KTOConfig",
    "grpo": "GRPOConfig",
}  # fmt: skip
"""The class of TRL that holds the settings of a stage."""

_START = "nothing: the reference is what the run starts from, and is looked at once, before it"
_NO_TOOLS = "nothing: answers are texts, and no tool is called"

OURS = {
    "output_dir": "-o",
    "seed": "seed",
    "data_seed": "seed",
    "max_length": "data.max_length",
    "truncation_mode": "data.over_length",
    "completion_only_loss": "data.loss",
    "assistant_only_loss": "data.loss",
    "dataset_kwargs": "data",
    "dataset_text_field": "data.template",
    "chat_template_path": "data.template",
    "eos_token": "data.template",
    "model_init_kwargs": "model",
    "resume_from_checkpoint": "--resume",
    "packing": "data.packing",
    "eval_packing": "nothing: held-out records are measured one a row",
    "padding_free": "data.packing",
    "eval_strategy": "evaluation.every",
    "eval_steps": "evaluation.every",
    "load_best_model_at_end": "evaluation.patience",
    "metric_for_best_model": "nothing: evaluation.patience goes by the held-out loss",
    "restore_callback_states_from_checkpoint": "nothing: what is resumed is as it was",
    "greater_is_better": "nothing: evaluation.patience goes by the held-out loss",
    "do_eval": "evaluation.every",
    "eval_on_start": "nothing: the base is measured before training",
    "remove_unused_columns": "nothing: the numbers of the records travel with the tokens",
    "push_to_hub": "nothing: a run stays on this machine",
    "trust_remote_code": "nothing: no code of a model is run",
    "precompute_ref_log_probs": _START,
    "precompute_ref_batch_size": _START,
    "sync_ref_model": _START,
    "ref_model_mixup_alpha": _START,
    "ref_model_sync_steps": _START,
    "chat_template_kwargs": "data.template",
    "max_tool_calling_iterations": _NO_TOOLS,
    "log_multimodal": _NO_TOOLS,
    "log_completions": "evaluation.generate: answers before and after stand in generations.jsonl",
    "log_completions_hub_repo": "nothing: a run stays on this machine",
    "num_generations_eval": "nothing: held-out records are answered before and after training",
}
"""Fields that Curate sets itself, and where the user says it instead."""

_OWN_GENERATION = "answers are generated with transformers, step by step"
_REFUSED = {
    "use_vllm": _OWN_GENERATION,
    "use_transformers_continuous_batching": _OWN_GENERATION,
    "use_transformers_paged": _OWN_GENERATION,
    "fsdp": "how weights are sharded is the launcher's: `accelerate launch --config_file FILE`",
    "deepspeed": "DeepSpeed is not supported; use FSDP: `accelerate launch --config_file FILE`",
}
_LEAST = {
    "adam_epsilon": 0, "gradient_accumulation_steps": 1, "learning_rate": 0, "max_grad_norm": 0,
    "per_device_eval_batch_size": 1, "per_device_train_batch_size": 1, "save_total_limit": 1,
    "warmup_steps": 0, "weight_decay": 0, "beta": 0, "max_completion_length": 1,
    "num_generations": 2,
}  # fmt: skip
_ABOVE_ZERO = ("logging_steps", "num_train_epochs", "save_steps", "temperature")
_WORDS = {
    "bool": "true or false", "int": "a whole number", "float": "a number", "str": "text",
    "list": "a list of texts", "numbers": "a list of numbers", "dict": "a mapping", "none": "null",
}  # fmt: skip
_SCHEMA = {"bool": "boolean", "int": "integer", "float": "number", "str": "string",
           "list": "array", "numbers": "array", "dict": "object", "none": "null"}  # fmt: skip
_FEW = 20  # words that are listed


@dataclass(frozen=True, slots=True)
class TrainingField:
    """A field of a config of TRL.

    Attributes:
        name: of the field.
        kinds: of value that it takes, keys of `_WORDS`.
        choices: the words that it takes; empty: any text.
        default: of TRL.

    """

    name: str
    kinds: Sequence[str]
    choices: Sequence[str] = ()
    default: object = None

    def check(self, value: Any) -> Any:  # noqa: ANN401
        """Return the value as the field has it.

        Raises:
            PydanticCustomError: it is none for this field, or Curate sets the field itself.
        """
        why = f"Curate sets this; use {OURS[self.name]}" if self.name in OURS else ""
        if value and (why := why or _REFUSED.get(self.name, "")):
            raise PydanticCustomError("ours", "{why}", {"why": why})
        if why:
            return value
        for kind in self.kinds:
            taken = self._taken(kind, value)
            if taken is not _NOT and self._is_enough(taken):
                return taken
        message = f"it has to be {self.expected}{self._hint(value)}"
        raise PydanticCustomError("kind", "{message}", {"message": message})

    def _taken(self, kind: str, value: Any) -> Any:  # noqa: ANN401
        """Return the value as this kind has it; `_NOT` if it is none."""
        if kind == "str":
            if value is False and "no" in self.choices:
                return "no"  # YAML makes a falsehood of the word
            return value if isinstance(value, str) and self._is_choice(value) else _NOT
        if kind in ("int", "float"):
            return _number(value, whole=kind == "int")
        if kind == "numbers":
            found = [_number(each, whole=False) for each in value] if _is_list(value) else [_NOT]
            return _NOT if _NOT in found else found
        of: Any = {"bool": bool, "list": list, "dict": dict, "none": type(None)}[kind]
        if not isinstance(value, of):
            return _NOT
        is_texts = kind != "list" or all(isinstance(each, str) for each in value)
        return value if is_texts else _NOT

    def _hint(self, value: object) -> str:
        """Return which word may be meant."""
        if not (isinstance(value, str) and value):
            return ""
        near = [choice for choice in self.choices if choice.startswith(value)]
        near += difflib.get_close_matches(value, self.choices, 1)
        return f"; did you mean {near[0]!r}?" if near else ""

    def _is_choice(self, value: str) -> bool:
        return not self.choices or value in self.choices

    def _is_enough(self, value: Any) -> bool:  # noqa: ANN401
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        if self.name == "max_steps":
            return value == -1 or value >= 1
        if self.name in _ABOVE_ZERO:
            return value > 0
        return self.name not in _LEAST or value >= _LEAST[self.name]

    @property
    def expected(self) -> str:
        """What the field takes, in words."""
        words = [_WORDS[kind] for kind in self.kinds if kind != "str" or not self.choices]
        if self.choices:
            few = len(self.choices) <= _FEW
            words.append(f"one of {', '.join(self.choices)}" if few else "a name that TRL knows")
        bound = f", at least {_LEAST[self.name]}" if self.name in _LEAST else ""
        bound = ", above 0" if self.name in _ABOVE_ZERO else bound
        bound = ", at least 1, or -1 for whole epochs" if self.name == "max_steps" else bound
        return " or ".join(words) + bound

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the field."""
        if self.choices and len(self.kinds) == 1:
            return {"enum": [*self.choices]}
        return {"type": [_SCHEMA[kind] for kind in self.kinds]}


_NOT = object()


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _number(value: Any, *, whole: bool) -> Any:  # noqa: ANN401
    """Return a finite number, also one that is quoted; `_NOT` if it is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _NOT
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return _NOT
    if not whole or isinstance(value, int):
        return value
    return int(value) if value.is_integer() else _NOT


@functools.cache
def stage_fields(stage: Stage) -> dict[str, TrainingField]:
    """Return the fields of a stage by name."""
    said = json.loads(FIELDS.read_text(encoding="utf-8"))["fields"]
    return {
        name: TrainingField(name, kind["kinds"], kind.get("choices", ()), kind["default"])
        for name, kinds in said.items()
        for kind in kinds
        if stage in kind["stages"]
    }


@functools.cache
def training_type() -> Any:  # noqa: ANN401
    """Return the type of `training:` in a recipe: a mapping whose keys are fields of some stage.

    A value has to be one of any of the stages; which the recipe is of, it says beside.
    """
    found: dict[str, list[TrainingField]] = {}
    for stage in STAGES:
        for name, field in stage_fields(stage).items():
            found.setdefault(name, []).append(field)
    types = {
        name: Annotated[Any, AfterValidator(_any_of(fields)), WithJsonSchema(_schema_of(fields))]
        for name, fields in sorted(found.items())
    }
    made: Any = TypedDict("Training", types, total=False)  # type: ignore[misc]
    config = ConfigDict(extra="forbid", protected_namespaces=())
    made.__pydantic_config__ = config  # type: ignore[attr-defined]
    return made


def _any_of(fields: Sequence[TrainingField]) -> Callable[[Any], Any]:
    """Return what takes a value as the first field has it that takes it."""

    def check(value: Any) -> Any:  # noqa: ANN401
        faults = []
        for field in fields:
            try:
                return field.check(value)
            except PydanticCustomError as error:
                faults.append(error)
        raise faults[0]

    return check


def _schema_of(fields: Sequence[TrainingField]) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = []
    for field in fields:
        if field.schema not in kinds:
            kinds.append(field.schema)
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
