"""Preference pairs and labelled answers: how many, and whether length gives the better one away."""

from curate.records import Record

__all__ = ["PreferenceCounts", "bias"]

_PLAIN = 0.6
"""Share of pairs with the longer answer chosen from which on a model may learn length alone."""


class PreferenceCounts:
    """Counts pairs by which answer is longer, and labelled answers by label."""

    def __init__(self) -> None:
        self._longer = self._shorter = self._even = 0
        self._labels = {True: 0, False: 0}

    def add(self, record: Record) -> None:
        """Take in a record; what is no text counts as empty."""
        if record.label is not None:
            self._labels[record.label] += 1
        if record.rejected is None:
            return
        better, worse = (
            len(text) if isinstance(text, str) else 0 for text in (record.output, record.rejected)
        )
        self._longer += better > worse
        self._shorter += better < worse
        self._even += better == worse

    def figures(self) -> dict[str, int]:
        """Return the counts; empty where no record says which answer is preferred.

        >>> counts = PreferenceCounts()
        >>> counts.add(Record(id="a:1", instruction="Hi", output="Hello.", rejected="What?!"))
        >>> counts.figures()
        {'pairs': 1, 'chosen_longer': 0, 'rejected_longer': 0, 'desirable': 0, 'undesirable': 0}
        """
        pairs = self._longer + self._shorter + self._even
        if not pairs + sum(self._labels.values()):
            return {}
        return {
            "pairs": pairs, "chosen_longer": self._longer, "rejected_longer": self._shorter,
            "desirable": self._labels[True], "undesirable": self._labels[False],
        }  # fmt: skip


def bias(figures: dict[str, int]) -> str:
    """Return in words what the counts say; empty where there are no preferences.

    >>> bias({"pairs": 4, "chosen_longer": 3, "rejected_longer": 1, "desirable": 0,
    ...       "undesirable": 0})
    '4 preference pairs; the chosen answer is the longer one in 75%: a model may learn length alone'
    """
    told = []
    if pairs := figures.get("pairs", 0):
        share, other = (figures[name] / pairs for name in ("chosen_longer", "rejected_longer"))
        warning = ": a model may learn length alone" if max(share, other) >= _PLAIN else ""
        told.append(f"{pairs:,} preference pairs; the chosen answer is the longer one in "
                    f"{share:.0%}{warning}")  # fmt: skip
    if labels := figures.get("desirable", 0) + figures.get("undesirable", 0):
        told.append(f"{labels:,} labelled answers, {figures['desirable']:,} of them desirable")
    return "; ".join(told)
