"""The words of documents: all of them in one hash, in their order, and as sets of shingles."""

from typing import Any

import numpy as np
import xxhash

from curate.similarity.documents import POWERS, Documents, owners, ranks, sets, sums
from curate.similarity.hashing import mix
from curate.similarity.tokens import ASKED, FILLER, NAME

__all__ = ["bag", "names", "normal", "sequence", "shingles"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

_SYMBOL, _TURN = map(U64, (17, 23))


def normal(documents: Documents, commas: Array) -> Array:
    """Return the hash of the words and symbols of each document in their order.

    `commas` is what `decisive.commas` returns.
    """
    tokens = documents.tokens
    words = documents.sum(tokens.hashes * POWERS[ranks(documents.first)])
    bounds = np.searchsorted(tokens.symbol_text, documents.ends)
    place = (tokens.symbol_token - documents.first[owners(bounds)]).astype(U64)
    signs = sums(mix(tokens.symbols + place * _SYMBOL) * POWERS[ranks(bounds)], bounds)
    spoken = sums(mix(documents.turns) * (documents.turns > 0), documents.ends)
    normal = mix(mix(words) + signs + commas + spoken * _TURN)
    for number in np.flatnonzero(documents.count == 0).tolist():
        normal[number] = _wordless(documents, number)
    return normal


def _wordless(documents: Documents, document: int) -> int:
    """Return the hash of a document without words: all of it counts."""
    texts = documents.texts[documents.ends[document] : documents.ends[document + 1]]
    text = "\0".join("".join(text.split()) for text in texts)
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) if text else 0


def bag(documents: Documents) -> Array:
    """Return the hash of the words of each document in any order, fillers left out."""
    tokens = documents.tokens
    return documents.sum(mix(tokens.hashes) * (tokens.kinds & FILLER == 0))


def sequence(documents: Documents) -> Array:
    """Return the words one after the other: 31 bits of each, and 1 if it is of a question."""
    words = (documents.tokens.hashes >> U64(32)).astype(np.uint32)
    return words & ~np.uint32(1) | (documents.tokens.kinds >= ASKED)


def shingles(documents: Documents, normal: Array) -> tuple[Array, Array]:
    """Return the sets of shingles and their sizes.

    A document without words has one shingle, its `normal` hash; an empty one has none.
    """
    hashes, count = documents.tokens.hashes, documents.count
    spread = np.concatenate([hashes, np.zeros(2, U64)])
    grams = mix(spread[:-2] * POWERS[0] + spread[1:-1] * POWERS[1] + spread[2:] * POWERS[2])
    document = owners(documents.first)
    whole = np.arange(hashes.size) + 2 < documents.first[document + 1]
    short = np.flatnonzero((count > 0) & (count < 3))
    at = documents.first[short]
    grams[at] = mix(hashes[at] + np.where(count[short] == 2, mix(spread[at + 1]), U64(0)))
    whole[at] = True
    wordless = np.flatnonzero((count == 0) & (normal != 0))
    grams = np.concatenate([grams[whole], normal[wordless]])
    return sets(grams, np.concatenate([document[whole], wordless]), count.size)


def names(documents: Documents) -> tuple[Array, Array]:
    """Return the names of each document, none where capital letters are its style."""
    named = np.flatnonzero((documents.tokens.kinds & NAME) != 0)
    bounds = documents.bounds(named)
    sober = np.diff(bounds) * 3 < documents.count
    document = owners(bounds)
    chosen = sober[document]
    hashes = documents.tokens.hashes[named[chosen]]
    return sets(hashes, document[chosen], documents.count.size)
