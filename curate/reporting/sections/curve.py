"""How many records `dedup` would drop at each threshold."""

from collections.abc import Sequence
from typing import Any

from curate.reporting.material import Material
from curate.reporting.sections.section import Section

__all__ = ["curve"]

_GRID = tuple(round(0.5 + 0.02 * number, 2) for number in range(26))
_WIDTH, _HEIGHT = 600, 180
_TICKS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def curve(material: Material) -> Section | None:
    """Return the section with the curve; None where `dedup` did not run or its pairs are not here.

    `prompt_threshold` and `answer_threshold` stay as they are where they are set: it is the option
    `threshold` that goes from 0.5 to 1, and the records decided on are those that would go.
    """
    step, decision = material.step, material.decision
    if step is None or decision is None:
        return None
    entry = next(entry for entry in material.manifest["steps"] if entry["name"] == step.name)
    points = []
    for threshold in sorted({*_GRID, step.threshold}):
        policy = step.model_copy(update={"threshold": threshold}).policy()
        dropped = material.number_gone(decision.at(policy.thresholds))
        points.append({"threshold": threshold, "dropped": dropped, "kept": entry["in"] - dropped})
    figures = {
        "threshold": step.threshold,
        "prompt_threshold": step.prompt_threshold,
        "answer_threshold": step.answer_threshold,
        "in": entry["in"],
        "same_text": decision.repeated,
        "curve": points,
    }
    now = next(point for point in points if point["threshold"] == step.threshold)
    return Section(
        "curve",
        "Duplicates at each threshold",
        {**figures, "now": now, "picture": _picture(figures, now)},
        figures,
    )


def _picture(figures: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return where the lines and marks of the picture stand."""
    points: Sequence[dict[str, Any]] = figures["curve"]
    highest: int = max(1, *(point["dropped"] for point in points))

    def x(threshold: float) -> float:
        return round((threshold - 0.5) / 0.5 * _WIDTH, 1)

    def y(number: int) -> float:
        return round(_HEIGHT * (1 - number / highest), 1)

    places = [{**point, "x": x(point["threshold"]), "y": y(point["dropped"])} for point in points]
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "points": places,
        "line": " ".join(f"{place['x']},{place['y']}" for place in places),
        "floor": y(min(figures["same_text"], highest)),
        "now": {"x": x(now["threshold"]), "y": y(now["dropped"])},
        "across": [{"x": x(tick), "label": f"{tick:.1f}"} for tick in _TICKS],
        "up": [{"y": y(number), "number": number} for number in _round_numbers(highest)],
    }


def _round_numbers(highest: int) -> range:
    """Return round numbers up to the highest, six at most.

    >>> list(_round_numbers(1)), list(_round_numbers(12_883))
    ([0, 1], [0, 5000, 10000])
    """
    steps = (factor * 10**power for power in range(20) for factor in (1, 2, 5))
    return range(0, highest + 1, next(step for step in steps if highest < 5 * step + 1))
