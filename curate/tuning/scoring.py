"""How good answers and losses are, and how sure that is.

Intervals are percentile bootstraps (Efron & Tibshirani 1993, "An introduction to the bootstrap",
13.3): records are drawn anew with repetition, so often, and the middle of what comes of it is told.
Two models are compared on the same draws (Koehn 2004, "Statistical significance tests for machine
translation evaluation", 3), which leaves out how hard the drawn records are.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["draws", "interval", "rouge_l"]

DRAWS = 2_000
_BLOCK = 1 << 22  # numbers of one block of draws
_WORD = re.compile(r"\w+")


def rouge_l(expected: str, text: str) -> float:
    """Return the F-measure of the longest common subsequence of words, 0 to 1.

    Words are runs of letters and digits of any script, case aside. Source: Lin 2004, "ROUGE: a
    package for automatic evaluation of summaries", 3, with beta = 1.

    >>> rouge_l("the cat sat", "The cat, she sat.")
    0.857143
    """
    from rapidfuzz.distance import LCSseq

    wanted, said = (_WORD.findall(each.casefold()) for each in (expected, text))
    if not wanted or not said:
        return float(wanted == said)
    shared: int = LCSseq.similarity(wanted, said)
    return round(2 * shared / (len(wanted) + len(said)), 6)


def draws(values: Sequence[float], weights: Sequence[float] | None = None) -> "np.ndarray":
    """Return the weighted mean of each draw: DRAWS numbers, the same draws for as many values.

    Args:
        values: of the records.
        weights: how much each counts; None: all the same.

    """
    import numpy as np

    found = np.asarray(values, dtype=np.float64)
    heavy = np.ones_like(found) if weights is None else np.asarray(weights, dtype=np.float64)
    size = len(found)
    generator = np.random.default_rng(0)
    means = []
    block = max(1, min(DRAWS, _BLOCK // size))
    for start in range(0, DRAWS, block):
        places = generator.integers(0, size, (min(block, DRAWS - start), size), dtype=np.int32)
        whole = heavy[places].sum(axis=1)
        means.append((found * heavy)[places].sum(axis=1) / np.where(whole > 0, whole, 1))
    return np.concatenate(means)


def interval(samples: "np.ndarray", *, level: float = 0.95) -> list[float]:
    """Return between which numbers this share of the samples lies."""
    import numpy as np

    tail = 50 * (1 - level)
    with np.errstate(invalid="ignore"):
        ends = np.percentile(samples, [tail, 100 - tail], method="nearest")
    return [round(float(end), 6) for end in ends]
