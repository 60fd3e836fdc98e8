"""5,000 real records against brute force: all products of their sets, and each pair by itself."""

import random
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from curate.records import Dropped, Record
from curate.similarity.index import Index
from curate.similarity.join import similar_pairs
from curate.similarity.profile import profile
from curate.sources import Reader, resolve
from curate.steps.dedup import Dedup

DATASETS = Path(__file__).parents[3] / "shared" / "datasets"

pytestmark = pytest.mark.skipif(not DATASETS.is_dir(), reason="the shared datasets are not here")


@pytest.fixture(scope="module")
def records():
    rows = [row for source in resolve([str(DATASETS)]) for row in Reader(source)]
    rows = [row for row in rows if isinstance(row, Record) and isinstance(row.output, str)]
    return random.Random(5).sample(rows, 5000)


def overlaps(records, side):
    """Return how many shingles each record shares with each, every one profiled by itself."""
    sets = []
    for record in records:
        alone = profile([record])
        first = int(alone.sizes[0, 0])
        sets.append(alone.shingles[first:] if side else alone.shingles[:first])
    sizes = np.array([values.size for values in sets])
    _, column = np.unique(np.concatenate(sets), return_inverse=True)
    row = np.repeat(np.arange(sizes.size), sizes)
    matrix = csr_array((np.ones(row.size, np.int32), (row, column)))
    shared = np.triu((matrix @ matrix.T).toarray(), 1)
    return shared / np.maximum(sizes[:, None] + sizes[None, :] - shared, 1)


@pytest.mark.parametrize("floor", [0.5, 0.8])
def test_the_join_finds_all_pairs_and_no_other(records, floor):
    index = Index()
    for record in records:
        index.add(record)
    index.finish()
    blocks = np.zeros(len(records), np.uint64)
    pairs = similar_pairs(index, np.arange(len(records)), blocks, (0, 1), floor)
    similar = [overlaps(records, side) >= floor - 1e-9 for side in (0, 1)]
    expected = np.argwhere(similar[0] & similar[1])
    assert len(expected) > 100
    assert np.stack([pairs.first, pairs.second], axis=1).tolist() == expected.tolist()


def test_a_pair_is_judged_the_same_among_others(records):
    results = list(Dedup().run(records))
    gone = [row for row in results if isinstance(row, Dropped)]
    assert len(gone) > 100
    of = {record.id: record for record in records}
    stay = {row.id for row in results if isinstance(row, Record)}
    for row in random.Random(6).sample(gone, 100):
        kept = of[row.evidence["kept"]]
        assert kept.id in stay
        alone = [r for r in Dedup().run([kept, row.record]) if isinstance(r, Dropped)]
        assert [r.reason for r in alone] == [row.reason]
