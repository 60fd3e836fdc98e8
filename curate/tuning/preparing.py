"""Everything of a run that needs no weights: settings, encoder, rows, held-out records."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from curate.dataset import audit
from curate.errors import DatasetError
from curate.prompts.encode import Encoder, Example
from curate.prompts.stages import PAIRED
from curate.recipe import Recipe
from curate.records import Record
from curate.tuning.collating import pack
from curate.tuning.configuring import trainer_config
from curate.tuning.encoding import encoder_for
from curate.tuning.measuring import held_out
from curate.tuning.models import require_tuning
from curate.tuning.names import CACHE
from curate.tuning.ranks import say
from curate.tuning.rewards import Reward, load_rewards
from curate.tuning.rows import Rows, encode_rows
from curate.tuning.rundir import RunDirectory
from curate.tuning.starting import check_start

if TYPE_CHECKING:
    from transformers import TrainingArguments

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """A run that can start."""

    recipe: Recipe
    dataset: Path
    config: "TrainingArguments"
    encoder: Encoder
    rows: Rows
    held_out: list[Record]

    @cached_property
    def rewards(self) -> list[Reward]:
        """What scores answers."""
        return load_rewards(self.recipe.rewards)

    @cached_property
    def measured(self) -> list[Example]:
        """The held-out records that are short enough; in a stage of pairs, those that are pairs."""
        items = self.encoder.encode_all(self.held_out)
        examples = [item for item in items if isinstance(item, Example)]
        paired = self.recipe.stage in PAIRED
        return [example for example in examples if example.rejected is not None or not paired]

    @cached_property
    def places(self) -> list[list[int]]:
        """The examples of each row that is trained on."""
        sizes = [example.length for example in self.rows.examples]
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
    check_start(recipe)
    dataset = Path(recipe.data.dataset)
    audit(dataset)
    config = trainer_config(recipe, run)
    encoder = encoder_for(recipe)
    cache = run / CACHE if run else None
    workers = getattr(config, "dataset_num_proc", None) or 1
    rows = encode_rows(encoder, dataset, recipe.stage, cache=cache, workers=workers)
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
    if prepared.rewards and recipe.stage != "reward":
        say(f"answers are scored by {', '.join(reward.name for reward in prepared.rewards)}")
    if recipe.evaluation.every and not prepared.measured:
        raise DatasetError(
            "evaluation.every: no record is held out to measure on; split the dataset with "
            "`curate split`, or name a source as evaluation.dataset"
        )
    return prepared
