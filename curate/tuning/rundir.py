"""The run directory: what a training run leaves, run.json last."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from curate import __version__
from curate.errors import DatasetError
from curate.files import claim, replace_file, writing
from curate.prompts.cache import write_cache
from curate.prompts.chunks import Chunk
from curate.prompts.encode import Encoder
from curate.recipe import Recipe
from curate.tuning.card import model_card
from curate.tuning.names import (
    CACHE,
    LOSSES,
    METRICS,
    NAMES,
    RESOURCES,
    RUN,
    STARTED,
    TRAINING_LOSSES,
)
from curate.tuning.plot import plot_losses

if TYPE_CHECKING:
    from curate.tuning.measuring import Measurement

__all__ = ["SCHEMA_VERSION", "RunDirectory"]

SCHEMA_VERSION = 1


class RunDirectory:
    """A run in the making. `started.json` says what runs, `run.json` that it is done."""

    def __init__(self, path: Path, *, resume: bool, overwrite: bool) -> None:
        self.path = path
        self.resume = resume
        self._started = b""
        found = claim(path, NAMES, (RUN, STARTED), "run directory")
        if resume:
            self._check_resumable(found)
        elif found and not overwrite:
            what = "holds a finished run" if RUN in found else "holds a run that did not finish"
            raise DatasetError(
                f"{path}: {what}; pass --overwrite to replace it"
                + ("" if RUN in found else " or --resume to go on")
            )

    def _check_resumable(self, found: set[str]) -> None:
        if RUN in found:
            raise DatasetError(f"{self.path}: the run is finished, there is nothing to resume")
        if not self._checkpoints():
            raise DatasetError(
                f"{self.path}: holds no whole checkpoint; start anew with --overwrite"
            )

    def expect(self, recipe: Recipe, encoding_digest: str) -> None:
        """Take note of what is to run.

        Raises:
            DatasetError: it is to be resumed, and the recipe or its rows are others now.
        """
        said = {"recipe": recipe.model_dump(mode="json"), "encoding_digest": encoding_digest}
        self._started = _json(said)
        with writing(self.path):
            if self.resume and (self.path / STARTED).read_bytes() != self._started:
                raise DatasetError(
                    f"{self.path}: the recipe or its rows are not those of the run to resume"
                )

    def start(self) -> None:
        """Make the directory ready for the run that was noted."""
        with writing(self.path):
            if self.resume:
                self._rewind()
            else:
                self._clear()
                self.path.mkdir(parents=True, exist_ok=True)
                replace_file(self.path / STARTED, self._started)

    def _clear(self) -> None:
        """Remove what an earlier run left, its commit mark first.

        The cache may serve again: it says itself what it holds.
        """
        for name in sorted(NAMES - {CACHE}, key=lambda name: name != RUN):
            entry = self.path / name
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)

    def _rewind(self) -> None:
        """Take back what was logged after the last checkpoint: those steps are run again."""
        done = max(_step(path) for path in self._checkpoints())
        for path in (self.path / METRICS, self.path / TRAINING_LOSSES):
            lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
            whole = [line for line in lines if line.endswith(b"\n")]
            replace_file(path, b"".join(x for x in whole if orjson.loads(x)["step"] <= done))

    def last_checkpoint(self) -> str | None:
        """Return the newest whole checkpoint of a run to resume; None for a new run."""
        return str(max(self._checkpoints(), key=_step)) if self.resume else None

    def _checkpoints(self) -> list[Path]:
        """Return the whole checkpoints; a run that was killed can leave one that is not."""
        found = (self.path / "checkpoints").glob("checkpoint-*")
        return [path for path in found if _is_json(path / "trainer_state.json")]

    def log(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Append lines to one of the logs."""
        with writing(self.path), (self.path / name).open("ab") as file:
            file.write(b"".join(_json(row) for row in rows))

    def keep(self, key: str, chunk: Chunk) -> None:
        """Keep the encoded rows for a run that goes on or begins anew here."""
        with writing(self.path):
            write_cache(self.path / CACHE, key, chunk)

    def finish(
        self,
        *,
        recipe: Recipe,
        base: dict[str, str | None],
        dataset: dict[str, Any],
        encoder: Encoder,
        rows: dict[str, Any],
        trained: dict[str, int],
        before: "Measurement",
        after: "Measurement",
        resources: dict[str, Any],
    ) -> dict[str, Any]:
        """Write the answers, the picture, the card and, last, run.json; return what is known."""
        template = encoder.template
        run = {
            "schema_version": SCHEMA_VERSION,
            "recipe": recipe.model_dump(mode="json"),
            "base_model": base,
            "dataset": {
                "path": recipe.data.dataset,
                "digest": dataset["digest"],
                "counts": dataset["counts"],
                "sources": [
                    {key: s[key] for key in ("name", "rows", "license")} for s in dataset["sources"]
                ],
                "steps": dataset["steps"],
            },
            "template": {"name": template.name, "hash": template.hash},
            "encoding": rows,
            "seed": recipe.seed,
            "training": trained,
            "metrics": {"before": before.metrics, "after": after.metrics},
            "versions": _versions(),
        }
        replace_file(self.path / "template.jinja", template.text.encode())
        lines = [
            {
                "id": old.id,
                "prompt": prompt,
                "expected": old.expected,
                "before": old.text,
                "after": new.text,
            }
            for prompt, old, new in zip(before.prompts, before.answers, after.answers, strict=True)
        ]
        replace_file(self.path / "generations.jsonl", b"".join(_json(line) for line in lines))
        held_out = b"".join(_json(line) for line in _beside(before.losses, after.losses))
        replace_file(self.path / LOSSES, held_out)
        plot_losses(self.path / METRICS, self.path / "loss.png", recipe.stage)
        replace_file(self.path / "README.md", model_card(run).encode())
        replace_file(self.path / RESOURCES, _pretty(resources))
        (self.path / STARTED).unlink(missing_ok=True)
        replace_file(self.path / RUN, _pretty(run))
        return run | {"resources": resources}


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _is_json(path: Path) -> bool:
    """Return whether the file is whole; of a checkpoint, this one is written last."""
    try:
        orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def _json(row: dict[str, Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _pretty(said: dict[str, Any]) -> bytes:
    return orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _beside(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the lines of losses.jsonl: a held-out record with its loss before and after."""
    for old, new in zip(before, after, strict=True):
        said = {key: old[key] for key in ("id", "source", "tokens")}
        said |= {"before": old["loss"], "after": new["loss"]}
        if "margin" in old:
            said |= {"margin_before": old["margin"], "margin_after": new["margin"]}
        yield said


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("torch", "transformers", "peft", "trl")
    return {"curate": __version__, **{name: version(name) for name in names}}
