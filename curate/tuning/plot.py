"""Pictures of a run."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from curate.dataset.reader import read_lines

__all__ = ["plot_losses"]


def plot_losses(metrics: Path, picture: Path) -> None:
    """Draw the training loss (nats per token) over steps."""
    with TemporaryDirectory() as folder:
        # matplotlib keeps its list of fonts in the home folder otherwise
        os.environ.setdefault("MPLCONFIGDIR", folder)
        _draw(metrics, picture)


def _draw(metrics: Path, picture: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = list(read_lines(metrics)) if metrics.exists() else []
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    axes.plot([row["step"] for row in rows], [row["loss"] for row in rows], marker=".")
    axes.set(xlabel="step", ylabel="training loss (nats per token)", ylim=(0, None))
    axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=120, metadata={"Software": None})
    pyplot.close(figure)
