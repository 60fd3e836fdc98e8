"""What scores answers: rules that ship, functions of a file, reward models of our runs."""

import importlib.util
import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from curate.errors import UsageError, clip
from curate.prompts.encode import Encoder, Example
from curate.records import Record
from curate.tuning.finished import read_run
from curate.tuning.names import RUN
from curate.tuning.scoring import rouge_l

if TYPE_CHECKING:
    from curate.tuning.generate import Tuned

__all__ = ["REWARDS", "Reward", "load_rewards"]

Score = Callable[[Sequence[Record], Sequence[str]], Sequence[Any]]

_COLUMNS = ("id", "instruction", "context", "output", "system", "source")
"""Fields of a record that a function is given as columns."""


@dataclass(frozen=True, slots=True)
class Reward:
    """What scores answers.

    Attributes:
        name: what it is called.
        score: gives each record's answer a number.

    """

    name: str
    score: Score

    def __call__(self, records: Sequence[Record], answers: Sequence[str]) -> list[float]:
        """Return the score of each answer, in order.

        Raises:
            UsageError: the function fails, or does not give each answer a finite number.
        """
        if not records:
            return []
        try:
            found = [*self.score(records, answers)]
        except UsageError:
            raise
        except Exception as error:  # whatever a function of the user raises
            what = f"{type(error).__name__}: {clip(str(error), 200)}"
            raise UsageError(f"rewards: {self.name} failed: {what}{_line(error)}") from error
        if len(found) != len(records):
            raise UsageError(
                f"rewards: {self.name} gave {len(found):,} numbers for {len(records):,} answers"
            )
        for record, score in zip(records, found, strict=True):
            if not _is_number(score):
                raise UsageError(
                    f"rewards: {self.name} gave {clip(score)} for the answer to {clip(record.id)}; "
                    "it has to be a finite number"
                )
        return [float(score) for score in found]


def load_rewards(names: Sequence[str]) -> list[Reward]:
    """Return what a recipe's `rewards` names.

    Raises:
        UsageError: there is no such reward, or two of one name.
        DatasetError: a run is damaged.
    """
    found = [_load(name) for name in names]
    for reward in found:
        if sum(other.name == reward.name for other in found) > 1:
            raise UsageError(f"rewards: two are called {clip(reward.name)}")
    return found


def _load(name: str) -> Reward:
    if name in REWARDS:
        return Reward(name, REWARDS[name])
    path, colon, function = name.rpartition(":")
    if colon and path.endswith(".py"):
        return Reward(function, _by_columns(_function(Path(path), function)))
    if (Path(name) / RUN).is_file():
        return Reward(Path(name).resolve().name, _RewardModel(Path(name)))
    raise UsageError(
        f"rewards: {clip(name)}: is none of {', '.join(REWARDS)}, no FILE.py:FUNCTION and no run "
        "directory"
    )


def _exact(records: Sequence[Record], answers: Sequence[str]) -> list[float]:
    pairs = zip(records, answers, strict=True)
    return [float(record.output.strip() == answer.strip()) for record, answer in pairs]


def _similar(records: Sequence[Record], answers: Sequence[str]) -> list[float]:
    pairs = zip(records, answers, strict=True)
    return [rouge_l(record.output, answer) for record, answer in pairs]


REWARDS: dict[str, Score] = {"exact_match": _exact, "rouge_l": _similar}
"""Rules that ship; both go by the expected output."""


def _function(path: Path, name: str) -> Callable[..., Any]:
    """Return a function of a file, which is run."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UsageError(f"rewards: {path}: no such file")
    module: ModuleType = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a file of the user raises
        what = f"{type(error).__name__}: {clip(str(error), 200)}"
        raise UsageError(f"rewards: {path}: cannot be run: {what}{_line(error)}") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise UsageError(f"rewards: {path}: has no function {clip(name)}")
    return function  # type: ignore[no-any-return]


def _by_columns(function: Callable[..., Any]) -> Score:
    """Return a function that is called as TRL calls one: `completions`, `prompts` and columns."""
    taken = inspect.signature(function).parameters.values()
    takes_all = any(each.kind is each.VAR_KEYWORD for each in taken)
    names = {each.name for each in taken}

    def score(records: Sequence[Record], answers: Sequence[str]) -> Sequence[Any]:
        columns = {
            "completions": [*answers],
            "prompts": [record.instruction for record in records],
            **{name: [getattr(record, name) for record in records] for name in _COLUMNS},
        }
        given = {name: each for name, each in columns.items() if takes_all or name in names}
        return function(**given)  # type: ignore[no-any-return]

    return score


class _RewardModel:
    """The model that a run of stage reward made."""

    def __init__(self, run: Path) -> None:
        self._run = run
        stage = read_run(run)["recipe"]["stage"]
        if stage != "reward":
            raise UsageError(f"rewards: {run}: is a run of stage {stage}, not reward")

    @cached_property
    def _tuned(self) -> "Tuned":
        from curate.tuning.generate import Tuned

        return Tuned(self._run)

    def __call__(self, records: Sequence[Record], answers: Sequence[str]) -> list[float]:
        from curate.tuning.answers import pad_id
        from curate.tuning.judging import scores_of

        encoder: Encoder = self._tuned.encoder
        examples: list[Example] = []
        for record, text in zip(records, answers, strict=True):
            asked = record.sides()[0] if record.rejected is not None else record
            self._tuned.check(asked)
            examples.append(encoder.encode(asked.with_fields(output=text, label=None)))
        return scores_of(self._tuned.model, examples, pad=pad_id(encoder))


def _is_number(value: object) -> bool:
    if isinstance(value, str | bytes):
        return False
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False


def _line(error: Exception) -> str:
    """Return where in the user's file it happened."""
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    return f" ({Path(last.filename).name}:{last.lineno})"
