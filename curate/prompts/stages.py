"""What each stage of training learns from: which answers of a record the model sees."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, get_args

from curate.errors import DatasetError, clip
from curate.records import Record

__all__ = ["PAIRED", "STAGES", "Stage", "for_measuring", "for_stage"]

Stage = Literal["sft", "reward", "dpo", "kto", "grpo"]
STAGES: Sequence[Stage] = get_args(Stage)
PAIRED = ("reward", "dpo")
"""Stages that learn from pairs."""


def for_stage(stage: Stage, records: Iterable[Record], where: object) -> Iterator[Record]:
    """Yield the records as the stage takes them.

    `sft` takes the better answer of a pair. `reward` and `dpo` take pairs. `kto` takes labelled
    answers, and a pair as two of them, the rejected one with `:rejected` behind its id. `grpo`
    takes prompts alone.

    Args:
        stage: the stage.
        records: of a split or a source.
        where: what messages call these.

    Raises:
        DatasetError: a record has nothing that the stage learns from, or would teach what is bad.
    """
    for record in records:
        if stage == "grpo":
            yield record.sides()[0].with_fields(output="", label=None)
        elif stage == "kto":
            yield from _labelled(record, where)
        elif stage in PAIRED:
            if record.rejected is None:
                raise DatasetError(_lacks(record, where, stage, "rejected answer", "pairs"))
            yield record
        else:
            if record.label is False:
                raise DatasetError(
                    f"{where}: the answer of {clip(record.id)} is labelled as undesirable, and "
                    "stage sft would teach it; take stage kto, or leave such records out"
                )
            plain = record.rejected is None and record.label is None
            yield record if plain else record.sides()[0].with_fields(label=None)


def for_measuring(stage: Stage, records: Iterable[Record], where: object) -> Iterator[Record]:
    """Yield the records that a model of the stage is measured on.

    `reward` is measured on pairs. A model that answers is measured by the better answer, in a pair
    beside the other; what is labelled as undesirable is no answer to measure by.

    Raises:
        DatasetError: stage is reward, and a record is no pair.
    """
    if stage == "reward":
        yield from for_stage(stage, records, where)
    else:
        some = (record for record in records if record.label is not False)
        yield from (r if r.label is None else r.with_fields(label=None) for r in some)


def _labelled(record: Record, where: object) -> Iterator[Record]:
    if record.rejected is not None:
        better, worse = record.sides()
        yield better.with_fields(label=True)
        yield worse.with_fields(id=f"{record.id}:rejected", label=False)
    elif record.label is None:
        raise DatasetError(_lacks(record, where, "kto", "label", "labelled answers or pairs"))
    else:
        yield record


def _lacks(record: Record, where: object, stage: str, what: str, learns_from: str) -> str:
    return (
        f"{where}: {clip(record.id)} has no {what}: stage {stage} learns from {learns_from}. "
        "`curate inspect` tells how many there are"
    )
