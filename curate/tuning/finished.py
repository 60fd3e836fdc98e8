"""Read a finished run."""

from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from curate.errors import DatasetError
from curate.recipe import Recipe
from curate.tuning.names import RUN
from curate.tuning.rundir import SCHEMA_VERSION

__all__ = ["read_run"]


def read_run(path: Path) -> dict[str, Any]:
    """Return run.json; its recipe with every setting, those too that are newer than the run.

    Raises:
        DatasetError: there is no finished run.
    """
    file = path / RUN
    if not file.is_file():
        raise DatasetError(f"{path}: has no {RUN}, so it is no run directory or an unfinished one")
    try:
        run = orjson.loads(file.read_bytes())
    except ValueError as error:
        raise DatasetError(f"{file}: is not valid JSON: {error}") from error
    if not isinstance(run, dict) or run.get("schema_version") != SCHEMA_VERSION:
        raise DatasetError(f"{file}: is not a run of this version")
    template = run.get("template")
    if not isinstance(template, dict) or not {"name", "hash"} <= template.keys():
        raise DatasetError(f"{file}: names no template: it was changed")
    try:
        run["recipe"] = Recipe.model_validate(run.get("recipe")).model_dump(mode="json")
    except ValidationError as error:
        raise DatasetError(
            f"{file}: its recipe is not one: {error.error_count()} faults"
        ) from error
    return run
