"""Where the parts of the pictures stand: pure geometry, rounded, the same on every machine."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from curate.reporting.before_after import Column
from curate.reporting.verbs import Verb

__all__ = ["curves", "funnel", "histogram", "sunburst"]

_HOLE, _MIDDLE, _RIM = 52, 150, 250  # radii of the sunburst
_LETTER = 6.6  # width of a letter there
_LEAST_ARC = 11  # length of an arc, in the middle of its ring, that has room for a line
_HUES = 6
_FEW = 16


def funnel(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the bars from read to kept: the share that is left, and that which went there.

    >>> steps = [{"name": "a", "in": 8, "kept": 8}, {"name": "b", "in": 8, "kept": 5}]
    >>> counts = {"read": 10, "kept": 5, "dropped": 3, "quarantined": 2}
    >>> [(bar["name"], bar["left"], bar["gone"], bar["width"], bar["lost"])
    ...  for bar in funnel({"counts": counts, "steps": steps})]
    [('read', 10, 0, 100.0, 0.0), ('readable', 8, 2, 80.0, 20.0), ('b', 5, 3, 50.0, 30.0)]
    """
    counts = manifest["counts"]
    widest = max(counts["read"], *(step["kept"] for step in manifest["steps"]), 1)
    bars = [("read", counts["read"], 0)]
    if lost := counts["quarantined"]:
        bars.append(("readable", counts["read"] - lost, lost))
    bars += [
        (step["name"], step["kept"], step["in"] - step["kept"])
        for step in manifest["steps"]
        if step["kept"] != step["in"]
    ]
    return [
        {"name": name, "left": left, "gone": gone, "width": round(100 * left / widest, 3),
         "lost": round(100 * max(gone, 0) / widest, 3)}
        for name, left, gone in bars
    ]  # fmt: skip


def histogram(columns: Sequence[Column]) -> dict[str, Any]:
    """Return bars for what is after, a line for what was before, and marks at round numbers.

    Across, a column is 1 wide; up, 100 is the highest. Over few columns 2 and 5 are marked too.

    >>> shown = histogram([Column(8, 9, 4, 2), Column(10, 11, 1, 1)])
    >>> shown["bars"], shown["line"]
    ([(0, 50.0), (1, 25.0)], '0,100 0,0.0 1,0.0 1,75.0 2,75.0 2,100')
    >>> shown["marks"]
    [{'at': 50.0, 'label': '10'}]
    """
    highest = max(1, *(max(column.before, column.after) for column in columns))
    marked = ("1", "2", "5") if len(columns) <= _FEW else ("1",)
    line = ["0,100"]
    for n, column in enumerate(columns):
        top = round(100 - 100 * column.before / highest, 2)
        line += [f"{n},{top}", f"{n + 1},{top}"]
    marks = [
        {"at": round(100 * n / len(columns), 2), "label": _short(column.low)}
        for n, column in enumerate(columns)
        if str(column.low).rstrip("0") in marked
    ]
    return {
        "width": len(columns),
        "bars": [(n, round(100 * column.after / highest, 2)) for n, column in enumerate(columns)],
        "line": " ".join([*line, f"{len(columns)},100"]),
        "highest": highest,
        "marks": marks,
    }


def curves(series: Mapping[str, Sequence[Sequence[float]]]) -> dict[str, Any] | None:
    """Return lines through points (x, y) with marks at round numbers; None if there is no point.

    >>> shown = curves({"a": [(0, 2.0), (10, 1.0)], "b": []})
    >>> shown["lines"]
    [{'name': 'a', 'points': '0.0,0.0 880.0,130.0'}]
    >>> shown["up"][-1], shown["across"][-1]
    ({'y': 0.0, 'label': '2'}, {'x': 880.0, 'label': '10'})
    """
    width, height = 880, 260
    drawn = {
        name: [(x, y) for x, y in points if math.isfinite(y)] for name, points in series.items()
    }
    points = [point for line in drawn.values() for point in line]
    if not points:
        return None
    right = max(1, *(x for x, _ in points))
    up = _ticks(max(max(y for _, y in points), 1e-9))
    across, top = _ticks(right), up[-1]
    return {
        "width": width,
        "height": height,
        "up": [{"y": round(height - height * y / top, 1), "label": f"{y:g}"} for y in up],
        "across": [
            {"x": round(width * x / right, 1), "label": f"{x:g}"} for x in across if x <= right
        ],
        "lines": [
            {"name": name, "points": " ".join(
                f"{round(width * x / right, 1)},{round(height - height * max(y, 0) / top, 1)}"
                for x, y in line)}
            for name, line in drawn.items() if line
        ],
    }  # fmt: skip


def _ticks(most: float) -> list[float]:
    """Return round numbers from 0 to the first that is at least `most`.

    >>> _ticks(2.7), _ticks(60), _ticks(0.05)
    ([0, 1, 2, 3], [0, 20, 40, 60], [0.0, 0.01, 0.02, 0.03, 0.04, 0.05])
    """
    power = 10 ** math.floor(math.log10(most))
    step = next(each * power for each in (0.2, 0.5, 1, 2, 5) if most <= 5 * each * power)
    return [round(at * step, 9) for at in range(math.ceil(round(most / step, 9)) + 1)]


def _short(number: int) -> str:
    """Return a round number with few letters.

    >>> _short(100), _short(20_000), _short(5_000_000)
    ('100', '20k', '5M')
    """
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number // size}{letter}"
    return str(number)


def sunburst(verbs: Sequence[Verb]) -> list[dict[str, Any]]:
    """Return the sectors: a verb in the inner ring, its objects outside of it, by share.

    What a verb has of other objects, or of none, is left blank outside.
    """
    total = sum(verb.records for verb in verbs)
    sectors, start = [], 0
    for n, verb in enumerate(verbs):
        inner = (start, start + verb.records)
        sectors.append(_sector(inner, total, _HOLE, _MIDDLE, verb.verb, verb.records, n))
        place = start
        for noun, number in verb.objects:
            ends = (place, place + number)
            sectors.append(_sector(ends, total, _MIDDLE, _RIM, f"{noun}", number, n, verb.verb))
            place += number
        start += verb.records
    return sectors


def _sector(
    ends: tuple[int, int], total: int, low: int, high: int, word: str, records: int, n: int,
    verb: str = "",
) -> dict[str, Any]:  # fmt: skip
    begin, end = (2 * math.pi * place / total - math.pi / 2 for place in ends)
    middle, radius = (begin + end) / 2, (low + high) / 2
    degrees = math.degrees(middle)
    is_left = math.cos(middle) < 0
    room = int((high - low - 10) / _LETTER)
    has_room = (end - begin) * (low + 0.35 * (high - low)) >= _LEAST_ARC
    label = word if len(word) <= room else f"{word[: room - 1]}…"
    return {
        "path": _path(begin, min(end, begin + 2 * math.pi - 1e-4), low, high),
        "class": f"h{n % _HUES}{' outer' if verb else ''}",
        "title": f"{verb} {word}" if verb else word,
        "records": records,
        "label": label if has_room else "",
        "turn": round(degrees + 180 if is_left else degrees, 2),
        "x": round(-radius if is_left else radius, 1),
    }


def _path(begin: float, end: float, low: int, high: int) -> str:
    """Return the outline of a sector, angles in radians."""
    large = int(end - begin > math.pi)
    corners = [(high, begin), (high, end), (low, end), (low, begin)]
    a, b, c, d = (f"{_near(r * math.cos(t))} {_near(r * math.sin(t))}" for r, t in corners)
    return f"M{a}A{high} {high} 0 {large} 1 {b}L{c}A{low} {low} 0 {large} 0 {d}Z"


def _near(place: float) -> str:
    """Return a number without the minus that rounding may leave of a zero."""
    return f"{round(place, 2) + 0.0:.2f}"
