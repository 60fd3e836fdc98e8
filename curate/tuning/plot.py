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
    for key, name in (("loss", "training"), ("held_out_loss", "held-out records")):
        points = [(row["step"], row[key]) for row in rows if key in row]
        if points:
            axes.plot(*zip(*points, strict=True), marker=".", label=name)
    axes.set(xlabel="step", ylabel="loss (nats per token)", ylim=(0, None))
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=120, metadata={"Software": None})
    pyplot.close(figure)
