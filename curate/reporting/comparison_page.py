"""The page of a comparison: what runs took, what they do on the same records, what they answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from curate.reporting.charts import curves
from curate.reporting.evaluation_page import SHARES, called, shown, told
from curate.reporting.html import render_page
from curate.text import counted

__all__ = ["compared", "comparison_page", "standing", "table"]

_SAID_ELSEWHERE = ("perplexity", "kl", "start_perplexity", "margin")
"""What is no measure of how good a run is, or says what another metric does."""

_MOST_ANSWERS = 100
_MARK = "★"


def compared(metrics: Mapping[str, Any]) -> list[str]:
    """Return the metrics by which runs are compared, of those that were measured."""
    return [name for name in told(metrics) if name not in _SAID_ELSEWHERE]


def comparison_page(figures: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """Return the page.

    Args:
        figures: what comparison.json holds.
        lines: what comparison.jsonl holds, by record.

    """
    answered = [line for line in lines if "expected" in line]
    runs = figures["runs"]
    header, rows = table(figures)
    values = {
        "figures": figures,
        "standing": standing(figures),
        "is_sure": any(best["sure"] for best in figures["best"].values()),
        "header": header,
        "rows": rows,
        "runs": runs,
        "picture": curves({run["name"]: run["curve"] for run in runs}),
        "behind": [_behind(metric, best) for metric, best in figures["best"].items()],
        "answers": [
            {**line, "exact": [name for name, text in line["answers"].items()
                               if text.strip() == line["expected"].strip()]}
            for line in answered[:_MOST_ANSWERS]
        ],
        "more_answers": len(answered[_MOST_ANSWERS:]),
    }  # fmt: skip
    return render_page("comparison.html", values)


def standing(figures: Mapping[str, Any]) -> str:
    """Return in a sentence which run is best, and where that may be chance."""
    best, runs = figures["best"], figures["runs"]
    on = counted(figures["records"], "held-out record", "held-out records")
    if len(runs) == 1:
        return f"One run alone, on {on}: there is nothing to compare it with."
    sure = {metric: said["name"] for metric, said in best.items() if said["sure"]}
    if not sure:
        return f"On {on} no run is better than all others beyond chance."
    parts = [f"{name} in {called(metric)}" for metric, name in sure.items()]
    if len(set(sure.values())) == 1:
        names_of = [called(metric) for metric in sure]
        parts = [f"{next(iter(sure.values()))} in {' and '.join(names_of)}"]
    return f"On {on} better than all others beyond chance: {', '.join(parts)}."


def table(figures: Mapping[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the header and the rows of the table: name, what it took, what it does.

    A cell is its text and, for a metric, the interval.
    """
    metrics = compared(figures["runs"][0]["metrics"])
    header = ["run", "method", "trained", "tokens/s", "peak MB", *map(called, metrics)]
    rows = []
    if (base := figures["base"]) is not None:
        cells = [("", "")] * 4 + [_parts(base, metric) for metric in metrics]
        rows.append({"name": "base", "cells": cells})
    for run in figures["runs"]:
        speed, peak = run["tokens_per_second"], run["peak_memory_bytes"]
        took = [
            run["method"] if run["stage"] == "sft" else f"{run['stage']}, {run['method']}",
            f"{run['trainable_parameters'] / run['parameters']:.2%}",
            "" if speed is None else f"{speed:,.0f}",
            "" if peak is None else f"{peak / 1e6:,.0f}",
        ]
        cells = [(text, "") for text in took]
        for metric in metrics:
            best = figures["best"].get(metric, {})
            mark = f"{_MARK} " if best.get("sure") and best["name"] == run["name"] else ""
            value, ends = _parts(run["metrics"], metric)
            cells.append((mark + value, ends))
        rows.append({"name": run["name"], "cells": cells})
    return header, rows


def _parts(metrics: Mapping[str, Any], name: str) -> tuple[str, str]:
    low, high = metrics["intervals"][name]
    return shown(name, metrics[name]), f"{shown(name, low)} to {shown(name, high)}"


def _behind(metric: str, best: Mapping[str, Any]) -> dict[str, Any]:
    """Return how far the best run of a metric is ahead of each other one."""
    others = [
        {"name": name, "ahead": _ahead(metric, difference),
         "may_be_chance": not difference[1] * difference[2] > 0}
        for name, difference in best["ahead_of"].items()
    ]  # fmt: skip
    return {"metric": called(metric), "name": best["name"], "others": others}


def _ahead(metric: str, difference: Sequence[float]) -> str:
    value, low, high = difference
    if metric in SHARES:
        return f"{100 * value:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
    sign = "+" if value > 0 else ""
    return f"{sign}{shown(metric, value)} ({shown(metric, low)} to {shown(metric, high)})"
