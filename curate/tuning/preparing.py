"""Everything of a run that needs no weights: settings, encoder, rows, held-out records."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from curate.dataset import audit
from curate.errors import DatasetError
from curate.prompts.encode import Encoder, Example
from curate.prompts.templates import find_template
from curate.prompts.tokenizer import load_tokenizer
from curate.recipe import Recipe
from curate.records import Record
from curate.tuning.collating import pack
from curate.tuning.measuring import held_out
from curate.tuning.models import require_tuning
from curate.tuning.names import CACHE
from curate.tuning.ranks import say
from curate.tuning.rows import Rows, encode_rows
from curate.tuning.rundir import RunDirectory
from curate.tuning.sft import sft_config

if TYPE_CHECKING:
    from trl import SFTConfig

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """A run that can start."""

    recipe: Recipe
    dataset: Path
    config: "SFTConfig"
    encoder: Encoder
    rows: Rows
    held_out: list[Record]

    @cached_property
    def measured(self) -> list[Example]:
        """The held-out records that are short enough."""
        items = self.encoder.encode_all(self.held_out)
        return [item for item in items if isinstance(item, Example)]

    @cached_property
    def places(self) -> list[list[int]]:
        """The examples of each row that is trained on."""
        sizes = [len(example.input_ids) for example in self.rows.examples]
        if self.recipe.data.packing:
            return pack(sizes, self.encoder.settings.max_length)
        return [[at] for at in range(len(sizes))]


def prepare(recipe: Recipe, run: Path | None, directory: RunDirectory | None = None) -> Prepared:
    """Return what the recipe asks for, the rows encoded or out of the cache of `run`.

    Raises:
        UsageError: a training field that does not exist or that Curate sets itself.
        DatasetError: the dataset is no sound dataset directory, or its rows are not those that
            were previewed, or not those of the run to resume.
        ModelError: the tokenizer cannot be loaded.
    """
    require_tuning()
    dataset = Path(recipe.data.dataset)
    audit(dataset)
    config = sft_config(recipe, run)
    encoder = Encoder(
        find_template(recipe.data.template),
        load_tokenizer(recipe.model.model_name_or_path, recipe.model.model_revision),
        recipe.data.encoding(),
    )
    cache = run / CACHE if run else None
    rows = encode_rows(encoder, dataset, cache=cache, workers=config.dataset_num_proc or 1)
    if recipe.data.digest not in (None, rows.digest):
        raise DatasetError(
            f"{dataset}: its rows have the digest {rows.digest}, data.digest is "
            f"{recipe.data.digest}: they are not those that were previewed"
        )
    how = "found encoded" if rows.cached else "encoded"
    say(f"{len(rows.examples):,} records {how}, digest {rows.digest}")
    if directory:
        directory.expect(recipe, rows.digest)
    prepared = Prepared(recipe, dataset, config, encoder, rows, held_out(recipe))
    if recipe.evaluation.every and not prepared.measured:
        raise DatasetError(
            "evaluation.every: no record is held out to measure on; split the dataset with "
            "`curate split`, or name a source as evaluation.dataset"
        )
    return prepared
