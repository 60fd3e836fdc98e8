"""The words of documents: all of them in one hash, in their order, and as sets of shingles."""

from typing import Any

import numpy as np
import xxhash

from curate.similarity.decisive import commas
from curate.similarity.documents import BITS, POWERS, Documents, sums
from curate.similarity.tokens import ASKED, FILLER, NAME, mix

__all__ = ["bag", "names", "normal", "sequence", "shingles"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

_SYMBOL, _TURN = map(U64, (17, 23))


def normal(documents: Documents) -> Array:
    """Return the hash of the words and symbols of each document in their order."""
    tokens = documents.tokens
    document = np.repeat(np.arange(documents.count.size), documents.count)
    rank = (np.arange(document.size) - documents.first[document]) & (POWERS.size - 1)
    words = documents.sum(tokens.hashes * POWERS[rank])
    bounds = np.searchsorted(tokens.symbol_text, documents.ends)
    document = np.repeat(np.arange(documents.count.size), np.diff(bounds))
    place = (tokens.symbol_token - documents.first[document]).astype(U64)
    rank = (np.arange(document.size) - bounds[document]) & (POWERS.size - 1)
    signs = sums(mix(tokens.symbols + place * _SYMBOL) * POWERS[rank], bounds)
    spoken = sums(mix(documents.turns) * (documents.turns > 0), documents.ends)
    normal = mix(mix(words) + signs + commas(documents) + spoken * _TURN)
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


def shingles(documents: Documents) -> tuple[Array, Array]:
    """Return the sets of shingles and their sizes."""
    hashes, count = documents.tokens.hashes, documents.count
    spread = np.concatenate([hashes, np.zeros(2, U64)])
    grams = mix(spread[:-2] * POWERS[0] + spread[1:-1] * POWERS[1] + spread[2:] * POWERS[2])
    document = np.repeat(np.arange(count.size), count)
    whole = np.arange(hashes.size) + 2 < documents.first[document + 1]
    short = np.flatnonzero((count > 0) & (count < 3))
    at = documents.first[short]
    grams[at] = mix(hashes[at] + np.where(count[short] == 2, mix(spread[at + 1]), U64(0)))
    whole[at] = True
    grams, document = grams[whole] >> U64(64 - BITS), document[whole]
    wordless = [number for number in np.flatnonzero(count == 0).tolist()]
    extra = [(number, _wordless(documents, number)) for number in wordless]
    extra = [(number, value) for number, value in extra if value]
    if extra:
        at = np.searchsorted(document, [number for number, _ in extra])
        document = np.insert(document, at, [number for number, _ in extra])
        values = np.array([value for _, value in extra], U64) >> U64(64 - BITS)
        grams = np.insert(grams, at, values)
    keyed = np.sort(document.astype(U64) << U64(BITS) | grams)
    new = np.ones(keyed.size, bool)
    new[1:] = keyed[1:] != keyed[:-1]
    keyed = keyed[new]
    sizes = np.bincount((keyed >> U64(BITS)).astype(np.int64), minlength=count.size)
    return keyed & U64((1 << BITS) - 1), sizes.astype(np.int32)


def names(documents: Documents) -> tuple[Array, Array]:
    """Return the names of each document, none where capital letters are its style."""
    kinds = documents.tokens.kinds
    named = np.flatnonzero(kinds & NAME)
    bounds = documents.bounds(named)
    sober = np.diff(bounds) * 3 < documents.count
    document = np.repeat(np.arange(documents.count.size), np.diff(bounds))
    chosen = sober[document]
    document, hashes = document[chosen], documents.tokens.hashes[named[chosen]] >> U64(64 - BITS)
    keyed = np.unique(document.astype(U64) << U64(BITS) | hashes)
    counts = np.bincount((keyed >> U64(BITS)).astype(np.int64), minlength=documents.count.size)
    return keyed & U64((1 << BITS) - 1), counts.astype(np.int32)
