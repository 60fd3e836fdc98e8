"""Show a run while it goes, and log it."""

import sys
import time
from typing import TYPE_CHECKING, Any

from curate.reporting.terminal import talk
from curate.tuning.names import METRICS, TRAINING_LOSSES
from curate.tuning.ranks import is_main

if TYPE_CHECKING:
    from transformers import TrainerCallback

    from curate.tuning.losses import TrainingLosses
    from curate.tuning.rundir import RunDirectory

__all__ = ["make_progress"]

_LOGGED = {
    **{name: name for name in ("loss", "grad_norm", "learning_rate", "mean_token_accuracy", "epoch",
                               "accuracy", "margin", "reward", "reward_std", "kl", "entropy")},
    "rewards/accuracies": "accuracy",
    "rewards/margins": "margin",
    "completions/mean_length": "answer_tokens",
    "completions/clipped_ratio": "cut_off",
}  # fmt: skip
"""What TRL logs, and what it is called in metrics.jsonl."""


class _Bar:
    """A live bar with the last loss."""

    def __init__(self, steps: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        text = (
            TextColumn("training"),
            TextColumn("{task.completed}/{task.total}{task.fields[loss]}"),
        )
        columns = text[0], BarColumn(), text[1], TimeRemainingColumn()
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("training", total=steps, loss="")
        self._progress.start()

    def step(self, number: int) -> None:
        self._progress.update(self._task, completed=number)

    def loss(self, number: int, what: str, value: float, speed: float) -> None:
        said = f"  {what} {value:.3f}  {speed:,.0f} tokens/s"
        self._progress.update(self._task, completed=number, loss=said)

    def held_out(self, number: int, loss: float) -> None:
        self._progress.console.print(f"step {number}  held-out loss {loss:.3f}", highlight=False)

    def stop(self) -> None:
        self._progress.stop()


class _Nothing:
    """Another process shows the run."""

    def step(self, number: int) -> None:
        """Show nothing."""

    def loss(self, number: int, what: str, value: float, speed: float) -> None:
        """Show nothing."""

    def held_out(self, number: int, loss: float) -> None:
        """Show nothing."""

    def stop(self) -> None:
        """Nothing is open."""


class _Lines:
    """A plain line each time the loss is logged."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def step(self, number: int) -> None:
        """Nothing: a log is read later."""

    def loss(self, number: int, what: str, value: float, speed: float) -> None:
        talk(f"step {number}/{self._steps}  {what} {value:.3f}  {speed:,.0f} tokens/s")

    def held_out(self, number: int, loss: float) -> None:
        talk(f"step {number}/{self._steps}  held-out loss {loss:.3f}")

    def stop(self) -> None:
        """Nothing is open."""


def make_progress(directory: "RunDirectory", losses: "TrainingLosses") -> "TrainerCallback":
    """Return a callback: the logs always, and a bar on a terminal or plain lines elsewhere."""
    from transformers import TrainerCallback

    class Progress(TrainerCallback):  # type: ignore[misc]
        shown: _Bar | _Lines | _Nothing = _Nothing()
        began = 0.0

        def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            if is_main():
                self.shown = (_Bar if sys.stderr.isatty() else _Lines)(state.max_steps)
            self.began = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            lines = losses.take_step(state.global_step)
            if is_main():
                directory.log(TRAINING_LOSSES, lines)
            self.shown.step(state.global_step)

        def on_log(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            logs = rest.get("logs") or {}
            if "loss" in logs and is_main():
                row = {ours: logs[key] for key, ours in _LOGGED.items() if key in logs}
                row[f"{losses.what}_by_source"] = losses.take_sources()
                directory.log(METRICS, [{"step": state.global_step, **row}])
                speed = losses.seen / max(time.perf_counter() - self.began, 1e-9)
                self.shown.loss(state.global_step, losses.what, logs[losses.what], speed)
            if "eval_loss" in logs and is_main():
                row = {"held_out_loss": round(logs["eval_loss"], 6), "epoch": logs.get("epoch")}
                directory.log(METRICS, [{"step": state.global_step, **row}])
                self.shown.held_out(state.global_step, logs["eval_loss"])

        def on_train_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            self.shown.stop()

    return Progress()
