"""Clean sources into a dataset directory: what `curate clean` does."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from curate.dataset import DatasetWriter
from curate.errors import DatasetError, SourceError
from curate.pipeline import run_pipeline
from curate.reporting.card import card
from curate.sources import Source
from curate.steps import Step

__all__ = ["clean"]


def clean(
    sources: Sequence[Source],
    steps: Sequence[Step],
    directory: Path,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda read: None,
) -> dict[str, Any]:
    """Write the dataset directory and return its manifest.

    Raises:
        SourceError: a source cannot be read, or no record of any is left.
        DatasetError: the directory is taken or cannot be written.
        AccountError: a row was lost on the way.
    """
    _check_apart(sources, directory)
    with DatasetWriter(directory, overwrite=overwrite) as writer:
        account = run_pipeline(sources, steps, writer, workers=workers, progress=progress)
        manifest = writer.manifest(
            command="clean",
            account={
                "sources": [source.to_dict() for source in account.sources],
                "steps": [step.to_dict() for step in account.steps],
                "counts": account.counts(),
            },
            seed=None,
        )
        writer.write_text("README.md", card(manifest))
        writer.commit(manifest)
    if account.kept == 0:
        raise SourceError(
            f"no record is left: {account.dropped} of {account.read} dropped, "
            f"{account.quarantined} quarantined; {directory} says why"
        )
    return manifest


def _check_apart(sources: Sequence[Source], directory: Path) -> None:
    """Raise if a source lies in the directory that is to be written."""
    target = directory.resolve()
    for source in sources:
        if Path(source.path).resolve().is_relative_to(target):
            raise DatasetError(
                f"{directory}: holds the source {source.path}; name another folder with -o"
            )
