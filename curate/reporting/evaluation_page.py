"""The page of an evaluation: what a run's base does on held-out records, and what was tuned."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from curate.reporting.html import render_page
from curate.text import counted

__all__ = ["LOWER_IS_BETTER", "METRICS", "SHARES", "called", "changed", "evaluation_page",
           "grouped", "outcome", "shown", "told", "with_interval", "won"]  # fmt: skip

METRICS = {
    "loss": "loss", "perplexity": "perplexity", "accuracy": "pairs told apart",
    "margin": "margin of pairs", "exact_match": "exact match", "rouge_l": "ROUGE-L",
    "kl": "KL to the start", "start_perplexity": "perplexity of answers to the start",
}  # fmt: skip
"""What the metrics are called, in their order; those of rewards come behind them."""

LOWER_IS_BETTER = ("loss", "perplexity", "start_perplexity")
NEITHER = ("kl",)
"""Metrics of which neither more nor less is better."""

_REWARD = "reward:"
SHARES = ("accuracy", "exact_match")
_MOST_ANSWERS = 200


def evaluation_page(figures: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """Return the page.

    Args:
        figures: what evaluation.json holds.
        lines: what evaluation.jsonl holds, by record.

    """
    answered = [line for line in lines if "expected" in line]
    names = [name for name in told(figures["after"]) if name in figures["change"]]
    values = {
        "title": f"Evaluation of {figures['run']}",
        "figures": figures,
        "outcome": outcome(figures),
        "is_better": is_better(figures),
        "metrics": [
            {
                "name": called(name),
                "before": with_interval(figures["before"], name),
                "after": with_interval(figures["after"], name),
                "change": changed(name, figures["change"][name]),
            }
            for name in names
        ],
        "groups": [
            {"what": what, "rows": [grouped(row) for row in figures[key]]}
            for what, key in (("source", "by_source"), ("length of the answer", "by_length"))
            if figures[key]
        ],
        "won": {name: won(rate) for name, rate in figures["win_rate"].items()},
        "answers": [
            {
                **line,
                "scores": [
                    (called(name), " → ".join(shown(name, score) for score in line[name]))
                    for name in line
                    if name.startswith(_REWARD)
                ],
                "exact_words": _exact(line),
                "similar": " → ".join(
                    shown("rouge_l", line[f"rouge_l_{when}"]) for when in ("before", "after")
                ),
            }
            for line in answered[:_MOST_ANSWERS]
        ],
        "more_answers": len(answered[_MOST_ANSWERS:]),
    }  # fmt: skip
    return render_page("evaluation.html", values)


def called(name: str) -> str:
    """Return what a metric is called.

    >>> called("exact_match"), called("reward:polite")
    ('exact match', 'reward polite')
    """
    reward = name.removeprefix(_REWARD)
    return METRICS[name] if reward == name else f"reward {reward}"


def told(metrics: Mapping[str, Any]) -> list[str]:
    """Return the metrics that were measured, in their order."""
    there = metrics.get("intervals", {})
    rewards = [name for name in there if name.startswith(_REWARD)]
    return [name for name in METRICS if name in there] + rewards


def won(rate: Sequence[float]) -> str:
    """Return a win rate with its interval."""
    return f"{rate[0]:.1%} ({rate[1]:.1%} to {rate[2]:.1%})"


def outcome(figures: Mapping[str, Any]) -> str:
    """Return in a sentence what the evaluation says, and nothing that its intervals do not."""
    if rates := figures.get("win_rate"):
        asked = counted(figures["after"]["asked"], "answer", "answers")
        return " ".join(_won(name, rate, asked) for name, rate in rates.items())
    if "accuracy" in figures["after"] and figures["stage"] == "reward":
        pairs = counted(figures["after"]["pairs"], "held-out pair", "held-out pairs")
        return f"Of {pairs} {with_interval(figures['after'], 'accuracy')} are told apart."
    change, low, high = figures["change"]["loss"]
    before, after = (shown("loss", figures[when]["loss"]) for when in ("before", "after"))
    on = counted(figures["after"]["records"], "held-out record", "held-out records")
    if not low * high > 0:  # nor if one of them is not a number
        return f"On {on} the loss is {after} and was {before}: no difference that can be told."
    verb = "fell" if change < 0 else "rose"
    return f"On {on} the loss {verb} from {before} to {after} (95% interval of the change: " + (
        f"{low:+.3f} to {high:+.3f})."
    )


def _won(name: str, rate: Sequence[float], asked: str) -> str:
    """Return in a sentence whose answers a reward is for."""
    share, low, high = rate
    if low <= 0.5 <= high:
        told = "no difference that can be told"
    else:
        told = "it answers better" if share > 0.5 else "it answers worse"
    return f"By reward {name} the tuned model wins {won(rate)} of {asked}: {told}."


def is_better(figures: Mapping[str, Any]) -> bool:
    """Return whether the answers win, or else the loss is lower, beyond chance."""
    if rates := figures.get("win_rate"):
        return all(low > 0.5 for _, low, _ in rates.values())
    return bool(figures["change"]["loss"][2] < 0)


def shown(name: str, value: float) -> str:
    """Return a metric as it is shown.

    >>> shown("exact_match", 0.125), shown("loss", 2.34567), shown("perplexity", 123.456)
    ('12.5%', '2.346', '123.5')
    """
    if not math.isfinite(value):
        return "infinite" if value > 0 else "not a number"
    if name in SHARES:
        return f"{value:.1%}"
    return f"{value:,.1f}" if name.endswith("perplexity") and value >= 100 else f"{value:.3f}"


def with_interval(metrics: Mapping[str, Any], name: str) -> str:
    """Return a metric with its interval."""
    low, high = metrics["intervals"][name]
    return f"{shown(name, metrics[name])} ({shown(name, low)} to {shown(name, high)})"


def changed(name: str, change: Sequence[float]) -> dict[str, Any]:
    """Return what changed, and whether that is good, bad or may be chance."""
    value, low, high = change
    sign = -1 if name in LOWER_IS_BETTER else 1
    kind = "" if not low * high > 0 else "good" if sign * value > 0 else "bad"
    kind = "" if name in NEITHER else kind
    if name in SHARES:
        text, *ends = (f"{100 * number:+.1f}" for number in change)
        text += " points"
    else:
        text, *ends = (f"{number:+.3f}" for number in change)
    return {"text": f"{text} ({ends[0]} to {ends[1]})", "kind": kind}


def grouped(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a group of records: `cells` are loss, exact match and ROUGE-L."""
    metrics = {"loss": "loss", "exact": "exact_match", "rouge_l": "rouge_l"}
    cells = [
        f"{shown(name, row[f'{key}_before'])} → {shown(name, row[f'{key}_after'])}"
        if f"{key}_before" in row
        else ""
        for key, name in metrics.items()
    ]
    return {"name": row["name"], "records": row["records"], "asked": row["asked"], "cells": cells}


def _exact(line: Mapping[str, Any]) -> str:
    """Return which of the answers are the expected one."""
    before, after = line["exact_before"], line["exact_after"]
    if before and after:
        return "exact before and after"
    return "exact now" if after else "exact no longer" if before else ""
