"""What an inspection comes to, in one line."""

from typing import Any

__all__ = ["strict_fault", "verdict"]

_REASONS = 3


def verdict(summary: dict[str, Any]) -> str:
    """Return whether something is wrong, and what `curate clean` would do.

    >>> counts = {"read": 3, "kept": 3, "dropped": 0, "quarantined": 0}
    >>> verdict({"counts": counts, "edited": 0, "new": {}, "baseline": None, "off": []})
    'Nothing is wrong: 3 of 3 rows can be read, and no step that is on would touch one.'
    """
    counts, new, baseline = summary["counts"], summary["new"], summary["baseline"]
    if not counts["read"]:
        return "No row was read: there is nothing to judge."
    if baseline is not None:
        found = f"{sum(new.values()):,} new: {_fates(new)}" if new else "Nothing new"
        return f"{found}. Known: {baseline['known']:,}; gone since: {baseline['gone']:,}."
    if not new:
        rows = f"{counts['kept']:,} of {counts['read']:,} rows"
        off = [f"{off['step']} {off['records']:,}" for off in summary["off"] if off["records"]]
        more = f" Steps that are off would touch some: {', '.join(off)}." if off else ""
        return (
            f"Nothing is wrong: {rows} can be read, and no step that is on would touch one.{more}"
        )
    kept = f"{counts['kept']:,} of {counts['read']:,} rows ({summary['edited']:,} edited)"
    parts = f"drop {counts['dropped']:,} and quarantine {counts['quarantined']:,}"
    return f"`curate clean` would keep {kept}, {parts}."


def strict_fault(summary: dict[str, Any]) -> str:
    """Return why `--strict` fails, with the most frequent reasons; empty where it does not.

    >>> counts = {"read": 3, "kept": 2, "dropped": 0, "quarantined": 1}
    >>> strict_fault({"counts": counts, "new": {"quarantined": 1}, "baseline": None,
    ...               "problems": []})
    '1 row unreadable'
    """
    if not summary["counts"]["read"]:
        return "no row was read"
    if not summary["new"]:
        return ""
    most = sorted(summary["problems"], key=lambda problem: -problem["records"])
    named = [f"{p['step']} {p['reason']} {p['records']:,}" for p in most[:_REASONS]]
    if len(most) > _REASONS:
        named.append(f"{len(most) - _REASONS} more")
    what = "new: " if summary["baseline"] is not None else ""
    return f"{what}{_fates(summary['new'])}" + (f" ({', '.join(named)})" if named else "")


def _fates(new: dict[str, int]) -> str:
    """Return how many there are of each fate.

    >>> _fates({"dropped": 1, "edited": 1200})
    '1 record dropped, 1,200 edits'
    """
    words = {"quarantined": ("row unreadable", "rows unreadable"),
             "dropped": ("record dropped", "records dropped"),
             "edited": ("edit", "edits")}  # fmt: skip
    told = ((fate, new.get(fate, 0)) for fate in words)
    return ", ".join(f"{number:,} {words[fate][number != 1]}" for fate, number in told if number)
