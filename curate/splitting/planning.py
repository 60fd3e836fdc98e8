"""Where every record of a dataset goes, and the proof that nothing is torn apart."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curate.dataset import SPLITS
from curate.errors import DatasetError, clip
from curate.records import Record
from curate.rerunning import rebuild
from curate.splitting.shares import Chooser, Shares, place_of
from curate.steps.dedup import Dedup

if TYPE_CHECKING:
    import numpy as np

    from curate.similarity.links import Links
    from curate.similarity.placing import Places

    Array = np.ndarray[Any, np.dtype[Any]]

__all__ = ["REASON", "STEP", "Plan", "comparison", "find_plan", "prove"]

STEP, REASON = "split", "between_splits"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where records go.

    Attributes:
        ids: of the records.
        links: among them.
        places: of them, as `curate split` decides.

    """

    ids: list[str]
    links: "Links"
    places: "Places"

    def split(self, number: int) -> str:
        """Return the split of a record; empty if it is dropped."""
        place = int(self.places.split[number])
        return SPLITS[place] if place < len(SPLITS) else ""

    def evidence(self, number: int) -> dict[str, str]:
        """Return, of a dropped record, the splits that it belongs to, by which records and why."""
        evidence = {}
        for split, (kind, other) in self.places.between[number].items():
            evidence[SPLITS[split]] = self.ids[other]
            evidence[f"{SPLITS[split]}_shares"] = kind
        return evidence


def comparison(manifest: Mapping[str, Any], where: str) -> Dedup:
    """Return the step `dedup` as it ran, or as it is by default: what a near-duplicate is."""
    entries = [entry for entry in manifest["steps"] if entry["name"] == Dedup.name]
    (step,) = rebuild(entries[-1:], lambda index: True, where) or [Dedup()]
    return step if isinstance(step, Dedup) else Dedup()


def find_plan(records: Iterable[Record], shares: Shares, dedup: Dedup) -> Plan:
    """Return where records go, which come in reading order."""
    import numpy as np

    from curate.similarity.links import LinkFinder
    from curate.similarity.placing import place

    finder, ids, places = LinkFinder(dedup.policy()), [], []
    for record in records:
        finder.add(record)
        ids.append(record.id)
        places.append(place_of(record, shares.seed))
    links = finder.finish()
    return Plan(ids, links, place(links, Chooser(shares, np.array(places))))


def prove(plan: Plan, split: "Array", dedup: Dedup, where: object) -> dict[str, Any]:
    """Return what the manifest says of what is shared across splits: nothing.

    Args:
        plan: the records and what they share.
        split: number of the split in which each is found.
        dedup: what a near-duplicate is.
        where: the directory, for the error.

    Raises:
        DatasetError: records of two splits share something.
    """
    from curate.similarity.links import KINDS
    from curate.similarity.placing import groups, torn

    found = list(torn(plan.links, split))
    if found:
        first, counts = found[0], Counter(link.kind for link in found)
        one, other = (f"{clip(plan.ids[n])} ({SPLITS[split[n]]})" for n in (first.one, first.other))
        said = {"near_duplicate": "are near-duplicates"}
        what = said.get(first.kind, f"share a {first.kind}")
        raise DatasetError(
            f"{where}: records {one} and {other} {what}, so the splits are not apart "
            f"({', '.join(f'{number} × {kind}' for kind, number in sorted(counts.items()))})"
        )
    thresholds = dict(zip(("prompt", "answer"), dedup.policy().thresholds, strict=True))
    sizes = groups(plan.links, split)
    return {
        "thresholds": thresholds,
        "scope": dedup.scope,
        "across": dict.fromkeys(KINDS, 0),
        "groups": int(sizes.size),
        "largest_group": int(sizes.max(initial=0)),
    }
