"""Drop records that hold items of evaluation sets."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from curate.errors import SourceError, clip
from curate.records import Dropped, Record, Reference
from curate.steps.base import Note, Row, SetStep, Spread

if TYPE_CHECKING:
    from curate.similarity.contamination import Hit
    from curate.similarity.evaluation import Item

__all__ = ["Decontaminate"]

_SHOWN = 400


class Decontaminate(SetStep):
    """Items of evaluation sets (`--against-eval`), question or answer: `contaminated`.

    An item is there if enough of its shingles of 3 words stand close together in one text of the
    record, whichever it is, or of a question `ngram` words in a row, and no number is another one.
    What many items of a set share does not count, what many records have counts less; a short item
    has to be there word by word, as sentences of its own.
    """

    name: ClassVar[str] = "decontaminate"
    on: ClassVar[bool] = False

    threshold: float = Field(
        0.5, ge=0.3, le=1, description="Least share of an item's shingles; of an answer 0.8."
    )
    ngram: int = Field(
        13,
        ge=5,
        le=100,
        description="So many words in a row are enough; an item of fewer has to be there whole.",
    )
    allow: tuple[str, ...] = Field(
        (), description="Ids of items, and texts, that are no contamination."
    )
    mode: Literal["drop", "report"] = Field(
        "drop", description="`report`: drop nothing, note the finds in clusters.jsonl."
    )

    def run(
        self,
        records: Iterable[Record],
        note: Note = lambda row: None,
        references: Iterable[Reference] = (),
        noted: Iterable[Row] | None = None,
        spread: Spread = map,
    ) -> Iterator[Record | Dropped]:
        """Yield each record, dropped if an item is in it; note the sets and what is template.

        Raises:
            SourceError: a set holds nothing that can be looked for.
        """
        from curate.similarity.contamination import Finder  # not for `--help`

        items, sets = self._read(references, noted)
        finder = Finder(items, self.threshold, self.ngram)
        named: list[Item] = []
        lines = []
        for record, hit in finder.find(records):
            if hit is None:
                yield record
                continue
            named.append(hit.item)
            evidence = _evidence(hit)
            if self.mode == "drop":
                yield Dropped(record, self.name, "contaminated", evidence)
            else:
                other = [evidence["set"], evidence["kept"]]
                lines.append({"ids": [record.id], "others": [other], "evidence": evidence})
                yield record
        for name, line in sets.items():
            note({**line, "template": _template(item for item in named if item.set == name)})
        for line in lines:
            note({"kind": "contamination", **line})

    def _read(
        self, references: Iterable[Reference], noted: Iterable[Row] | None
    ) -> tuple[list["Item"], dict[str, Row]]:
        """Return the items of all sets, and what is noted of each set."""
        import numpy as np

        from curate.similarity.contamination import is_usable
        from curate.similarity.evaluation import read_items

        if noted is not None:
            known = {line["set"]: dict(line) for line in noted if line["kind"] == "eval_set"}
            template = {
                name: np.array([int(shingle, 16) for shingle in line["template"]], np.uint64)
                for name, line in known.items()
            }
            return read_items(references, self.ngram, self.allow, template), known
        items = read_items(references, self.ngram, self.allow, None)
        sets = {}
        for name in dict.fromkeys(item.set for item in items):
            own = [item for item in items if item.set == name]
            usable = sum(is_usable(item) or item.allowed for item in own)
            if not usable:
                raise SourceError(
                    f"--against-eval {clip(name)}: none of its {len(own):,} items can be looked "
                    "for: they have no text, or all have the same one"
                )
            sets[name] = {"kind": "eval_set", "ids": [], "set": name, "items": len(own),
                          "unusable": len(own) - usable}  # fmt: skip
        return items, sets


def _template(items: Iterable["Item"]) -> list[str]:
    """Return the shingles that are template in some items, which `noted` brings back."""
    found = {int(s) for item in items for unit in item.units.values() for s in unit.template}
    return [f"{shingle:016x}" for shingle in sorted(found)]


def _evidence(hit: "Hit") -> dict[str, Any]:
    shown = hit.passage if len(hit.passage) <= _SHOWN else f"{hit.passage[:_SHOWN]} …"
    return {
        "kept": hit.item.record.id,
        "set": hit.item.set,
        "part": hit.part,
        "score": hit.score,
        "field": hit.field,
        "at": hit.at,
        "chars": len(hit.passage),
        "found": shown,
    }
