"""How alike two texts are, by the measure of `dedup`."""

import numpy as np

from curate.records import Record
from curate.similarity.duplicates import find_matches
from curate.similarity.index import Index

__all__ = ["similarity"]


def similarity(one: str, other: str) -> float:
    """Return the similarity of two answers, 1 where case, space and punctuation differ.

    It is 0 where something decisive does.

    >>> similarity("It is red.", "it is RED"), similarity("It is 4.", "It is 5.")
    (1.0, 0.0)
    """
    index = Index()
    for id, text in (("one", one), ("other", other)):
        index.add(Record(id=id, instruction="", output=text))
    index.finish()
    matches = find_matches(index, np.arange(2), (1,), 2)
    if matches.normal[0] == matches.normal[1]:
        return 1.0
    return float(matches.scores[0, 1]) if matches.first.size else 0.0
