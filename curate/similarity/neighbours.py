"""Pairs of vectors that lie close together: all of them, or, of many vectors, nearly all."""

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["EXACT", "near_pairs"]

Array = np.ndarray[Any, np.dtype[Any]]

EXACT = 20_000
"""Of fewer vectors every pair is looked at."""
_BLOCK = 512
_NEAREST = 64  # how many neighbours of each of many vectors are looked at


def near_pairs(
    prompts: Array, answers: Array, least: float, exact: int = EXACT
) -> tuple[Array, Array, Array]:
    """Return the pairs of rows, the first below the second, that are close in both arrays.

    Args:
        prompts: float32 (n, d), rows of length 1, or 0: these are close to none.
        answers: the same.
        least: cosine.
        exact: with so many rows or more, neighbours are searched by an index (HNSW), which may miss
            some; the cosines are exact all the same.

    Returns:
        One, the other, and float64 (pairs, 2), the cosines.

    """
    find = _all if len(prompts) < exact else _nearest
    found = list(find(prompts, answers, least))
    one, other = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    scores = np.concatenate([pair[2] for pair in found])
    order = np.lexsort((other, one))
    return one[order], other[order], scores[order]


def _all(prompts: Array, answers: Array, least: float) -> Iterator[tuple[Array, Array, Array]]:
    yield _none()
    for start in range(0, len(prompts), _BLOCK):
        rows = slice(start, start + _BLOCK)
        close = prompts[rows] @ prompts[start:].T
        one, other = np.nonzero(close >= least - 1e-4)
        ahead = one < other
        yield _exact(prompts, answers, one[ahead] + start, other[ahead] + start, least)


def _nearest(prompts: Array, answers: Array, least: float) -> Iterator[tuple[Array, Array, Array]]:
    """Yield the pairs among the nearest of each: those of which the mean cosine is the highest."""
    from usearch.index import Index

    size = prompts.shape[1]
    index = Index(ndim=2 * size, metric="ip", dtype="f16")
    for start in range(0, len(prompts), _BLOCK):
        block = _joint(prompts, answers, start)
        index.add(np.arange(start, start + len(block)), block, threads=1)  # the same index each run
    seen = [np.zeros(0, np.int64)]
    for start in range(0, len(prompts), _BLOCK):
        block = _joint(prompts, answers, start)
        found = index.search(block, _NEAREST)
        keys = np.asarray(found.keys).reshape(len(block), -1).astype(np.int64)
        rows = np.arange(start, start + len(block))
        one, other = np.repeat(rows, keys.shape[1]), keys.ravel()
        near = (np.asarray(found.distances).ravel() <= 1 - least + 0.01) & (one != other)
        low, high = np.minimum(one, other)[near], np.maximum(one, other)[near]
        seen.append(low * len(prompts) + high)
    pairs = np.unique(np.concatenate(seen))
    yield _exact(prompts, answers, pairs // len(prompts), pairs % len(prompts), least)


def _joint(prompts: Array, answers: Array, start: int) -> Array:
    rows = slice(start, start + _BLOCK)
    return np.hstack([prompts[rows], answers[rows]]) / np.float32(np.sqrt(2))


def _exact(
    prompts: Array, answers: Array, one: Array, other: Array, least: float
) -> tuple[Array, Array, Array]:
    """Return those of some pairs that are close on both sides, with their cosines."""
    parts = [_none()]
    for start in range(0, one.size, _BLOCK * _BLOCK):
        a, b = (side[start : start + _BLOCK * _BLOCK] for side in (one, other))
        for vectors in (prompts, answers):
            close = _cosines(vectors, a, b) >= least - 1e-6
            a, b = a[close], b[close]
        scores = np.stack([_cosines(vectors, a, b) for vectors in (prompts, answers)], axis=1)
        parts.append((a, b, scores))
    a, b, scores = (np.concatenate([part[side] for part in parts]) for side in range(3))
    return a, b, scores


def _cosines(vectors: Array, one: Array, other: Array) -> Array:
    found = np.empty(one.size)
    for start in range(0, one.size, _BLOCK * 16):
        rows = slice(start, start + _BLOCK * 16)
        found[rows] = np.einsum("ij,ij->i", vectors[one[rows]], vectors[other[rows]])
    return np.minimum(found, 1.0)


def _none() -> tuple[Array, Array, Array]:
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2))
