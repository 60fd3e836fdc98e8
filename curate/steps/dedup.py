"""Drop records that are there already: equal, equal but for case and the like, or similar."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from curate.records import Dropped, Record, Reference
from curate.steps.base import Note, Row, SetStep, Spread

if TYPE_CHECKING:
    from curate.similarity.deciding import Policy

__all__ = ["Dedup"]


class Dedup(SetStep):
    """Duplicates: `exact_duplicate`, `normalised_duplicate`, `near_duplicate`; and contradictions.

    Of normalised ones case, space, punctuation and phrases of politeness differ. Near-duplicates
    are similar in the prompt and in the answer, and nothing decisive differs: a number, a negation,
    a name, a word of a short prompt, an operator of code. Each record that is dropped matches the
    one that stays. One prompt with several answers is a conflict: all stay, clusters.jsonl says so.

    Preference pairs are duplicates only where the rejected answers are the same, labelled answers
    where the labels are. A pair that is there the other way round too, and an answer that is
    labelled both ways, teach nothing: all of them go, as `contradicting_preference`.

    >>> a = Record(id="a:1", instruction="Name a colour.", output="Red.")
    >>> b = Record(id="a:2", instruction="Please name a colour!", output="red")
    >>> c = Record(id="a:3", instruction="Name a colour.", output="Blue.")
    >>> [r.evidence["kept"] if isinstance(r, Dropped) else r.id for r in Dedup().run([a, b, c])]
    ['a:1', 'a:1', 'a:3']
    """

    name: ClassVar[str] = "dedup"

    threshold: float = Field(
        0.8, ge=0.5, le=1, description="Least similarity of near-duplicates: Jaccard, 3 words."
    )
    prompt_threshold: float | None = Field(
        None, ge=0.5, le=1, description="The same for the prompt alone; empty: `threshold`."
    )
    answer_threshold: float | None = Field(
        None, ge=0.5, le=1, description="The same for the answer alone; empty: `threshold`."
    )
    scope: Literal["both", "prompt", "answer"] = Field(
        "both", description="What has to be the same: prompt and answer, or one of them."
    )
    prefer: tuple[str, ...] = Field(
        (), description="Sources whose records stay rather than those of others, best first."
    )
    quality: str = Field(
        "quality_score", description="Column with a number: of duplicates the highest stays."
    )
    conflicts: Literal["keep_all", "first", "longest", "prefer", "majority", "drop"] = Field(
        "keep_all", description="Which records stay of those with one prompt and unlike answers."
    )

    def run(
        self,
        records: Iterable[Record],
        note: Note = lambda row: None,
        references: Iterable[Reference] = (),
        noted: Iterable[Row] | None = None,
        spread: Spread = map,
    ) -> Iterator[Record | Dropped]:
        """Yield each record, dropped if it is a duplicate of one that stays; note the clusters."""
        from curate.similarity.clustering import find_clusters  # not for `--help`

        decision = find_clusters(records, self.policy(), references, spread)
        for line in decision.lines():
            note(line)
        for record, verdict in decision.fates(records):
            yield record if verdict is None else Dropped(record, self.name, *verdict)

    def policy(self) -> "Policy":
        """Return what the options say, as the comparison takes it."""
        from curate.similarity.deciding import Policy

        thresholds = (self.prompt_threshold, self.answer_threshold)
        return Policy(
            thresholds=tuple(self.threshold if t is None else t for t in thresholds),
            scope=self.scope,
            prefer=self.prefer,
            quality=self.quality,
            conflicts=self.conflicts,
        )
