"""Drop records that say the same as another one in other words."""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Self

from pydantic import Field, model_validator

from curate.records import Dropped, Record, Reference
from curate.steps.base import Note, Row, SetStep, Spread

__all__ = ["SemanticDedup"]


class SemanticDedup(SetStep):
    """Duplicates in other words: `semantic_duplicate`. Needs `pip install 'curate[semantic]'`.

    A model puts prompts and answers close together that mean the same. Such a record is dropped
    where nothing decisive differs: a number, a negation, an opposite, a name, what is quoted, a
    short answer, code, or what came before the prompt. It is compared with the records of the run
    alone. `audit` takes the pairs from clusters.jsonl and needs no model.
    """

    name: ClassVar[str] = "semantic_dedup"
    on: ClassVar[bool] = False

    model: str = Field(
        "", description="Model of sentence-transformers: a folder, or OWNER/NAME on the hub."
    )
    threshold: float = Field(
        0.9, ge=0.5, le=1, description="Least cosine of the prompts, and of the answers."
    )
    prefer: tuple[str, ...] = Field(
        (), description="Sources whose records stay rather than those of others, best first."
    )
    quality: str = Field(
        "quality_score", description="Column with a number: of duplicates the highest stays."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.model:
            raise ValueError(
                "model names no model of sentence-transformers, a folder or OWNER/NAME on the hub, "
                "as in --set semantic_dedup.model=sentence-transformers/all-MiniLM-L6-v2"
            )
        return self

    def check(self) -> None:
        """Download the model, if it is one of the hub.

        Raises:
            ModelError: it is not there, or the extra is not installed.
        """
        from curate.similarity.embedding import find_model

        find_model(self.model)

    def run(
        self,
        records: Iterable[Record],
        note: Note = lambda row: None,
        references: Iterable[Reference] = (),
        noted: Iterable[Row] | None = None,
        spread: Spread = map,
    ) -> Iterator[Record | Dropped]:
        """Yield each record, dropped if it says the same as one that stays; note the clusters.

        Raises:
            ModelError: the model cannot be loaded, or the extra is not installed.
        """
        from curate.similarity.deciding import Policy  # not for `--help`
        from curate.similarity.semantics import find_rewordings, recall_rewordings

        policy = Policy(
            thresholds=(self.threshold, self.threshold),
            scope="both",
            prefer=self.prefer,
            quality=self.quality,
            conflicts="keep_all",
        )
        if noted is None:
            decision = find_rewordings(records, policy, self.model)
        else:
            decision = recall_rewordings(records, noted, policy)
        for line in decision.lines():
            note(line)
        for record, verdict in decision.fates(records):
            if verdict is None:
                yield record
            else:
                yield Dropped(record, self.name, "semantic_duplicate", verdict.evidence)
