"""Ctrl-C: the step is done and saved, and then the run stops."""

import signal
import threading
from typing import TYPE_CHECKING, Any

from curate.reporting.terminal import talk

if TYPE_CHECKING:
    from transformers import TrainerCallback

    from curate.tuning.losses import TrainingLosses

__all__ = ["make_stopper", "stopped"]


def make_stopper(losses: "TrainingLosses") -> "TrainerCallback":
    """Return a callback that notes a Ctrl-C in `losses.stopped`, and saves and ends the run then.

    Several processes do not hear of it at the same step, so that there it stops at once.
    """
    from transformers import TrainerCallback

    class Stopper(TrainerCallback):  # type: ignore[misc]
        before: Any = None

        def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            if args.world_size == 1 and threading.current_thread() is threading.main_thread():
                self.before = signal.signal(signal.SIGINT, self.stop)

        def stop(self, *_: object) -> None:
            """Let the step be done and saved; a second time stops at once."""
            losses.stopped = True
            self.restore()
            talk("stopping after this step; once more to stop at once and lose it")

        def restore(self) -> None:
            """Give the signal back."""
            if self.before is not None:
                signal.signal(signal.SIGINT, self.before)
                self.before = None

        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            if losses.stopped:
                control.should_save = control.should_training_stop = True

        def on_train_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            self.restore()

    return Stopper()


def stopped(done: int, whole: int) -> KeyboardInterrupt:
    """Return the interrupt that was held back until the step was done and saved."""
    error = KeyboardInterrupt()
    error.add_note(
        f"stopped after step {done} of {whole}, which is saved; the same command with --resume "
        "goes on"
    )
    return error
