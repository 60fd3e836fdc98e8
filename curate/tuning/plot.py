"""Pictures of a run."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from curate.dataset.reader import read_lines
from curate.prompts.stages import Stage

__all__ = ["plot_losses"]


_MEASURED: dict[Stage, str] = {
    "sft": "loss (nats per token)", "reward": "loss (nats per pair)", "dpo": "loss (nats per pair)",
    "kto": "loss (per answer)", "grpo": "mean reward of an answer",
}  # fmt: skip


def plot_losses(metrics: Path, picture: Path, stage: Stage = "sft") -> None:
    """Draw the training loss over steps, in stage grpo the rewards."""
    with TemporaryDirectory() as folder:
        # matplotlib keeps its list of fonts in the home folder otherwise
        os.environ.setdefault("MPLCONFIGDIR", folder)
        _draw(metrics, picture, stage)


def _draw(metrics: Path, picture: Path, stage: Stage) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = list(read_lines(metrics)) if metrics.exists() else []
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    drawn = "reward" if stage == "grpo" else "loss"
    for key, name in ((drawn, "training"), (f"held_out_{drawn}", "held-out records")):
        points = [(row["step"], row[key]) for row in rows if key in row]
        if points:
            axes.plot(*zip(*points, strict=True), marker=".", label=name)
    lowest = None if stage == "grpo" else 0  # a reward may be below
    axes.set(xlabel="step", ylabel=_MEASURED[stage], ylim=(lowest, None))
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=120, metadata={"Software": None})
    pyplot.close(figure)
