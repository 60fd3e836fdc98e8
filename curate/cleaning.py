"""Clean sources into a dataset directory: what `curate clean` and `curate merge` do."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.checkpoints import Checkpoint, Checkpoints
from curate.dataset import DatasetWriter
from curate.engines import Engine
from curate.errors import DatasetError, SourceError, UsageError
from curate.pipeline import run_pipeline
from curate.references import References, ReferenceSet
from curate.reporting.report import write_pages
from curate.resuming import described, find_checkpoint, find_finished
from curate.sources import Source
from curate.sources.remote import is_url
from curate.steps import Normalise, Step
from curate.steps.mix import Mix

__all__ = ["check_left", "clean"]


def clean(
    sources: Sequence[Source],
    steps: Sequence[Step],
    directory: Path,
    *,
    compared: Mapping[str, Sequence[ReferenceSet]] | None = None,
    engine: Engine | None = None,
    overwrite: bool = False,
    resume: bool = False,
    every: int | None = None,
    progress: Callable[[int], None] = lambda read: None,
    talk: Callable[[str], None] = lambda message: None,
) -> dict[str, Any]:
    """Write the dataset directory and return its manifest.

    Args:
        sources: what is read.
        steps: what is done with it.
        directory: the folder to write.
        compared: other sets that steps, by name, compare the records with.
        engine: where the steps run; None: in this process. The result is the same.
        overwrite: replace a dataset that the directory holds.
        resume: go on with a run that stopped; the result is the same.
        every: note a checkpoint after each so many records; None: as often as it costs little.
        progress: is told the number of rows read so far.
        talk: is told from where the run goes on.

    Raises:
        SourceError: a source cannot be read, or no record of any is left.
        ModelError: a step's model cannot be found.
        DatasetError: the directory is taken or cannot be written, or the run that stopped there
            was another one.
        UsageError: a run cannot go on so.
        EngineError: a cluster cannot be reached, or does not do the work.
        AccountError: a row was lost on the way.
    """
    compared, engine = compared or {}, engine or Engine()
    others = [source for sets in compared.values() for each in sets for source in each.sources]
    _check_apart([*sources, *others], directory)
    if resume:
        _check_resumable(sources, overwrite)
    for step in steps:
        step.check()
    manifest = find_finished(directory, sources, steps, compared) if resume else None
    if manifest is not None:
        talk(f"{directory}: is finished; nothing is left to do")
    else:
        run = described(sources, steps, compared)
        point = find_checkpoint(directory, run) if resume else None
        every = 0 if any(source.path == "-" for source in sources) else every
        sizes = None if point is None else point.files
        with DatasetWriter(directory, overwrite=overwrite, run=run, sizes=sizes) as writer:
            if resume:
                talk(_whence(directory, point))
            journal = Checkpoints(writer, point, every)
            normalise = next((step for step in steps if isinstance(step, Normalise)), None)
            references = {
                name: References(sets, normalise, talk) for name, sets in compared.items()
            }
            manifest = _write(sources, steps, references, writer, journal, engine, progress)
    check_left(manifest, directory)
    return manifest


def check_left(manifest: Mapping[str, Any], directory: Path) -> None:
    """Raise SourceError if the directory that was written holds no record."""
    counts = manifest["counts"]
    if counts["kept"] == 0:
        raise SourceError(
            f"no record is left: {counts['dropped']} of {counts['read']} dropped, "
            f"{counts['quarantined']} quarantined; {directory} says why"
        )


def _write(
    sources: Sequence[Source],
    steps: Sequence[Step],
    references: Mapping[str, References],
    writer: DatasetWriter,
    journal: Checkpoints,
    engine: Engine,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Run the steps, make the directory whole and return its manifest."""
    mix = next((step for step in steps if isinstance(step, Mix)), None)
    try:
        with engine.spread() as spread:
            account = run_pipeline(
                sources, steps, writer, references=references, spread=spread, progress=progress,
                journal=journal,
            )  # fmt: skip
            writer.gather()
            manifest = writer.manifest(
                command="clean" if mix is None else "merge",
                account={
                    "sources": [source.to_dict() for source in account.sources],
                    "references": [
                        {"step": name, **entry}
                        for name, each in references.items()
                        for entry in each.entries()
                    ],
                    "steps": [step.to_dict() for step in account.steps],
                    "counts": account.counts(),
                },
                seed=None if mix is None else mix.seed,
            )
            # a report reads the files that lie here
            write_pages(writer, manifest, spread if engine.name == "local" else map)
        writer.commit(manifest)
    except BaseException as error:
        if writer.staging.noted:
            error.add_note(
                f"{journal.records:,} records are settled and kept: the same command with "
                "--resume goes on from there"
            )
        raise
    return manifest


def _check_resumable(sources: Sequence[Source], overwrite: bool) -> None:
    """Raise where nothing can be gone on with, or both is asked for."""
    if overwrite:
        raise UsageError("--resume goes on with a run, --overwrite begins one anew: give one")
    if any(source.path == "-" for source in sources):
        raise UsageError(
            "--resume reads the sources again, and standard input can be read once only: save it "
            "to a file"
        )


def _whence(directory: Path, point: Checkpoint | None) -> str:
    """Return in words from where a run goes on."""
    if point is None:
        return f"{directory}: nothing to go on with; starting with the first record"
    return f"{directory}: going on after {point.records:,} settled records"


def _check_apart(sources: Sequence[Source], directory: Path) -> None:
    """Raise if a source lies in the directory that is to be written."""
    target = os.path.realpath(directory)
    for source in sources:
        if is_url(source.path):
            continue
        if Path(os.path.realpath(source.path)).is_relative_to(target):
            raise DatasetError(
                f"{directory}: holds the source {source.path}; name another folder with -o"
            )
