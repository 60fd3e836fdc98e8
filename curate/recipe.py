"""A recipe: YAML in, frozen settings out, every fault at once with its line."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from curate.errors import UsageError, clip
from curate.prompts.encode import EncodeSettings
from curate.prompts.stages import Stage
from curate.recipe_yaml import Document, faults, load, override
from curate.shipped import shipped
from curate.steps.settings import CleaningSettings
from curate.tuning.backends import BACKENDS, Backend
from curate.tuning.training_fields import CONFIGS, stage_fields, training_type

__all__ = ["DataSettings", "EvaluationSettings", "ModelSettings", "Recipe", "find_recipe",
           "load_cleaning", "load_recipe", "recipe_schema", "shipped_recipes"]  # fmt: skip

if TYPE_CHECKING:
    AnyBackend = Backend
    Training = dict[str, Any]
else:
    Training = training_type()
    AnyBackend = Annotated[Union[BACKENDS], Field(discriminator="method")]  # noqa: UP007

_METHOD = "backend.method="
_FROZEN = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class ModelSettings(BaseModel):
    """The base model."""

    model_config = _FROZEN

    model_name_or_path: str = Field(
        description="`tiny` (shipped), a local folder, OWNER/NAME on the hub, or a run directory: "
        "then training goes on from what that run made."
    )
    model_revision: str | None = Field(None, description="Commit, branch or tag on the hub.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="Type of the weights; auto is float32 without a GPU or where all are trained, "
        "else as saved, float16 as bfloat16.",
    )
    load_in_4bit: bool = Field(
        False, description="Keep the linear layers in 4 bits (NF4, bitsandbytes): QLoRA."
    )
    load_in_8bit: bool = Field(False, description="Keep them in 8 bits.")

    @property
    def quantized(self) -> str:
        """The setting that quantizes the weights; empty where none does."""
        return next((n for n in ("load_in_4bit", "load_in_8bit") if getattr(self, n)), "")


class DataSettings(EncodeSettings, CleaningSettings):
    """What is trained on, and how records become tokens."""

    dataset: str = Field(description="A dataset directory; its train split is trained on.")
    template: str = Field("alpaca", description="Template name or path; `chat` is the model's own.")
    packing: bool = Field(
        False, description="Put several records into a row of max_length tokens; none sees another."
    )
    digest: str | None = Field(
        None,
        description="Digest that `curate preview --json` ended in; any other rows are refused.",
    )

    def encoding(self) -> EncodeSettings:
        """Return the settings that decide the tokens."""
        return EncodeSettings(**{name: getattr(self, name) for name in EncodeSettings.model_fields})


class EvaluationSettings(BaseModel):
    """What is measured before and after training."""

    model_config = _FROZEN

    dataset: str | None = Field(
        None,
        description="A SOURCE of held-out records; else the validation split, if there is one.",
    )
    generate: int = Field(8, ge=0, description="Records answered before and after (exact match).")
    every: int | None = Field(
        None, ge=1, description="Measure the held-out loss in training too, each so many steps."
    )
    patience: int | None = Field(
        None, ge=1, description="Stop when it was not the lowest so often in a row; keep the best."
    )
    max_new_tokens: int = Field(64, ge=1, description="Longest generated answer, in tokens.")


class Recipe(BaseModel):
    """One training run."""

    model_config = _FROZEN

    stage: Stage = Field(
        "sft",
        description="What is learned: answers (sft), a reward model of pairs (reward), preferences "
        "from pairs (dpo) or labelled answers (kto), or what earns rewards (grpo).",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of initialisation and order.")
    model: ModelSettings
    data: DataSettings
    backend: AnyBackend
    training: Training = Field(
        default_factory=dict,
        description="Fields of TRL's config of the stage (SFTConfig …), under their own names.",
    )
    rewards: tuple[str, ...] = Field(
        (),
        description="What scores answers, in stage grpo and where they are measured: exact_match, "
        "rouge_l, FILE.py:FUNCTION, or the directory of a run of stage reward.",
    )
    evaluation: EvaluationSettings = EvaluationSettings()

    @field_validator("rewards", mode="before")
    @classmethod
    def _one_reward(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def conflicts(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the settings that do not go with others, each with the reason."""
        backend, model, training = self.backend, self.model, self.training
        yield from self._stage_conflicts()
        if self.data.packing and backend.cannot_pack:
            yield ("data", "packing"), f"backend.method is {backend.method}: {backend.cannot_pack}"
        if model.load_in_4bit and model.load_in_8bit:
            yield ("model", "load_in_8bit"), "model.load_in_4bit is true too: choose one"
        if model.dtype == "float16" and not backend.saves_adapter:
            yield (
                ("model", "dtype"),
                f"backend.method is {backend.method}, and float16 has too small a range to train "
                "the weights themselves in: use bfloat16 or float32",
            )
        if model.quantized and backend.cannot_quantize:
            yield ("model", model.quantized), backend.cannot_quantize
        if training.get("bf16") and training.get("fp16"):
            yield ("training", "fp16"), "training.bf16 is true too: choose one"
        if not self.evaluation.patience:
            return
        if not self.evaluation.every:
            yield ("evaluation", "patience"), "evaluation.every is missing: when to measure"
        for name in ("save_strategy", "save_steps"):
            if name in training:
                yield (
                    ("training", name),
                    "with evaluation.patience a checkpoint is saved whenever it is measured",
                )

    def _stage_conflicts(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the settings that are none of this stage."""
        stage, fields = self.stage, stage_fields(self.stage)
        for name, value in self.training.items():
            if name not in fields:
                of = [other for other in CONFIGS if name in stage_fields(other)]
                yield (
                    ("training", name),
                    f"stage is {stage}, and this is no field of {CONFIGS[stage]}; it is one of "
                    f"stage {', '.join(of)}",
                )
                continue
            try:
                fields[name].check(value)
            except PydanticCustomError as error:
                yield ("training", name), f"stage is {stage}: {error.message()}"
        if stage == "sft":
            return
        if self.data.packing:
            yield ("data", "packing"), f"stage is {stage}, which takes one answer a row"
        if self.data.loss != "completion":
            yield ("data", "loss"), f"stage is {stage}, which goes by the answer: use completion"
        if stage == "reward" and self.backend.cannot_reward:
            yield ("backend", "method"), f"stage is reward: {self.backend.cannot_reward}"
        if stage in ("kto", "grpo") and self.evaluation.patience:
            yield (
                ("evaluation", "patience"),
                f"stage is {stage}, where the held-out loss does not say when to stop",
            )
        if stage == "grpo" and not self.rewards:
            yield ("rewards",), "stage is grpo, and nothing says what an answer is worth"


def find_recipe(name: str) -> Path:
    """Return the path of a recipe: a file, or the name of one that ships.

    Raises:
        UsageError: there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    inside = shipped("recipes") / f"{name.removesuffix('.yaml')}.yaml"
    if "/" not in name and inside.is_file():
        return inside
    names = shipped_recipes()
    near = difflib.get_close_matches(name, names, n=1)
    maybe = f" (did you mean {near[0]!r}?)" if near else ""
    raise UsageError(
        f"{clip(name)}: no such recipe file{maybe}; shipped recipes: {', '.join(names)}"
    )


def shipped_recipes() -> list[str]:
    """Return the names of the recipes that ship."""
    return sorted(path.stem for path in shipped("recipes").glob("*.yaml"))


def recipe_schema() -> dict[str, Any]:
    """Return the JSON schema of a recipe file, for editors."""
    schema = Recipe.model_json_schema()
    extends = {"type": "string", "description": "A recipe that this one is laid over."}
    schema["properties"] = {"extends": extends, **schema["properties"]}
    schema.pop("required", None)  # what it is laid over can have it
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Return the recipe in a YAML file, with `KEY.KEY=VALUE` overrides applied.

    Where a recipe or an override names another `backend.method` than what it is laid over, the
    settings of that other method are forgotten.

    Raises:
        UsageError: every fault there is, one a line: where, what was found, what is allowed.
    """
    document = _load(path)
    for text in sorted(overrides, key=lambda text: not text.startswith(_METHOD)):
        if text.startswith(_METHOD):
            _switch(document, text.removeprefix(_METHOD))
        override(document, text)
    try:
        recipe = Recipe.model_validate(document.values)
    except ValidationError as error:
        found = faults(error, document, Recipe)
        data = document.values.get("data")
        if isinstance(data, dict) and "sources" in data and "dataset" not in data:
            found.append(
                f"{document.place(('data', 'sources'))}: data.sources are to be cleaned first: "
                f"`curate clean --recipe {path} -o DIR`, then data.dataset=DIR"
            )
        raise UsageError("\n".join(found)) from error
    conflicts = [f"{document.place(at)}: {'.'.join(at)}: {why}" for at, why in recipe.conflicts()]
    if conflicts:
        raise UsageError("\n".join(conflicts))
    return recipe


def load_cleaning(path: Path) -> CleaningSettings:
    """Return what a recipe says of cleaning; what training needs beside it may be missing.

    Raises:
        UsageError: every fault there is, one a line.
    """
    document = _load(path)
    try:
        return Recipe.model_validate(document.values).data
    except ValidationError as error:
        if found := faults(error, document, Recipe, missing=False):
            raise UsageError("\n".join(found)) from error
    data = document.values.get("data", {})
    return CleaningSettings(**{n: data[n] for n in CleaningSettings.model_fields if n in data})


def _load(path: Path) -> Document:
    """Return the document of a recipe, with the one that it extends under it."""
    document = load(path)
    parent = document.values.pop("extends", None)
    return document if parent is None else _extend(document, path, parent)


def _extend(document: Document, path: Path, parent: object) -> Document:
    base_path = path.parent / str(parent)
    if not base_path.is_file():
        try:
            base_path = find_recipe(str(parent))
        except UsageError as error:
            raise UsageError(f"{document.place(('extends',))}: extends {error}") from error
    base = load(base_path)
    if "extends" in base.values:
        raise UsageError(f"{base.place(('extends',))}: a recipe extends at most one level")
    backend = document.values.get("backend")
    if isinstance(backend, dict) and "method" in backend:
        _switch(base, backend["method"])
    return base.updated(document)


def _switch(document: Document, method: object) -> None:
    """Forget the backend's settings if they are those of another method."""
    backend = document.values.get("backend")
    if isinstance(backend, dict) and backend.get("method") != method:
        document.values["backend"] = {}
