"""Pairs just above and just below the threshold, side by side."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from curate.reporting.material import Found, Material
from curate.reporting.sections.section import Section
from curate.reporting.sections.texts import beside, fate

if TYPE_CHECKING:
    from curate.similarity.deciding import Decision
    from curate.similarity.ledger import Name

__all__ = ["border"]

_BAND, _NEAREST = 0.02, 60
"""Pairs so close to the threshold, or else so many of the closest: of these a few are chosen."""
_CHOSEN = 5

Pair = tuple[int, int, float, float]
"""Two records and the scores of their prompts and answers."""


def border(material: Material) -> Section | None:
    """Return the section with pairs near the threshold; None where there are none.

    The choice hangs on the ids alone.
    """
    decision = material.decision
    if decision is None or not decision.matches.first.size:
        return None
    above, below = (list(_chosen(decision, upper)) for upper in (True, False))
    name = decision.merits.name
    found = material.find({name(number) for pair in [*above, *below] for number in pair[:2]})
    values = {
        "sides": [
            {"name": side, "pairs": [_shown(pair, name, found) for pair in pairs]}
            for side, pairs in (("above", above), ("below", below))
        ],
        "scope": decision.policy.scope,
    }
    return Section("border", "Pairs near the threshold", values)


def _chosen(decision: "Decision", upper: bool) -> Iterator[Pair]:
    """Yield a few pairs close to the threshold, no record twice, the closest first."""
    import numpy as np

    matches, policy = decision.matches, decision.policy
    sides = {"both": slice(0, 2), "prompt": slice(0, 1), "answer": slice(1, 2)}[policy.scope]
    margin = (matches.scores - np.array(policy.thresholds))[:, sides].min(axis=1)
    on_side = np.flatnonzero((margin >= -1e-9) == upper)
    order = np.lexsort((matches.second[on_side], matches.first[on_side], abs(margin[on_side])))
    close = int(np.count_nonzero(abs(margin[on_side]) < _BAND))
    near = on_side[order[: max(close, _NEAREST)]]
    ids, used, pairs = decision.merits.ids, set[int](), list[int]()
    for place in sorted(near.tolist(), key=lambda place: _draw(ids, matches, place)):
        ends = {int(matches.first[place]), int(matches.second[place])}
        if used.isdisjoint(ends) and len(pairs) < _CHOSEN:
            used |= ends
            pairs.append(place)
    for place in near[np.isin(near, pairs)].tolist():
        one, other = int(matches.first[place]), int(matches.second[place])
        prompt, answer = matches.scores[place].tolist()
        yield one, other, prompt, answer


def _draw(ids: list[str], matches: Any, place: int) -> bytes:  # noqa: ANN401
    both = sorted((ids[matches.first[place]], ids[matches.second[place]]))
    return hashlib.blake2b("\t".join(both).encode(), digest_size=8).digest()


def _shown(
    pair: Pair, name: Callable[[int], "Name"], found: Mapping["Name", Found]
) -> dict[str, Any]:
    ends = [name(number) for number in pair[:2]]
    one, other = (found[end][0] for end in ends)
    return {
        "ends": [fate(end, found[end][1]) for end in ends],
        "prompt": pair[2],
        "answer": pair[3],
        "rows": list(beside(one, other)),
    }
