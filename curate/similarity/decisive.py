"""What can tell two documents apart although most words are the same: numbers and the like."""

import unicodedata
from typing import Any

import numpy as np

from curate.similarity.characters import Signs, signs_among
from curate.similarity.documents import BITS, POWERS, Documents, bits, owners, ranks, sums
from curate.similarity.hashing import mix
from curate.similarity.tokens import ASKED, FILLER, LAST, NEGATION, NUMBER, NUMERAL, SPACELESS

__all__ = ["OPERATORS", "SHORT", "alternatives", "asked", "commas", "denied", "loose", "numbers",
           "operators", "pictures", "plain", "short_texts", "signs", "turning"]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64

SHORT = 12
"""A text of fewer different words than this, fillers not counted, is short: some 30 words."""

_SHORT_TOKENS = 64
_NUMBER, _BESIDE, _SYMBOL, _CONTENT, _TURN = map(U64, (11, 13, 17, 19, 23))
_CODE_SHARE = 12  # one symbol in so many characters: the text is code
_CATEGORIES = [(code, unicodedata.category(chr(code))) for code in (*range(0x80, 0x3000),
               *range(0x1F000, 0x1FB00))]  # fmt: skip
_SIGNS, _PICTURES = (
    signs_among("".join(chr(code) for code, kind in _CATEGORIES if kind in kinds))
    for kinds in (("Sm", "Sc"), ("So",))
)
OPERATORS = np.array(sorted(map(ord, "+-*/%<>=&|^~@$\\[](){}")), np.uint32)


def numbers(documents: Documents) -> tuple[Array, Array, Array]:
    """Return hashes of the numbers: in any order, in order, with the word behind each."""
    hashes = documents.tokens.hashes
    chosen = np.flatnonzero((documents.tokens.kinds & NUMBER) != 0)
    bounds = documents.bounds(chosen)
    values = mix(hashes[chosen] + _NUMBER)
    behind = np.zeros(chosen.size, U64)
    inside = documents.tokens.kinds[chosen] & LAST == 0
    behind[inside] = hashes[chosen[inside] + 1]
    return (
        sums(values, bounds),
        sums(values * POWERS[ranks(bounds)], bounds),
        sums(mix(values + behind * _BESIDE), bounds),
    )


def loose(documents: Documents) -> tuple[Array, Array]:
    """Return hashes of the loose numbers of each document: without those of lists, and of all."""
    tokens = documents.tokens
    bounds = np.searchsorted(tokens.loose_text, documents.ends)
    values = mix(tokens.loose + _NUMBER)
    return sums(values * ~tokens.counts, bounds), sums(values, bounds)


def commas(documents: Documents) -> Array:
    """Return the hash of the numbers with commas and of where these stand; 0 without any."""
    tokens = documents.tokens
    numbers = tokens.hashes[tokens.comma_token]
    values = mix(numbers + tokens.comma_place.astype(U64) * _BESIDE)
    return sums(values, documents.bounds(tokens.comma_token))


def turning(documents: Documents) -> Array:
    """Return the hash of the negations and numerals of each document."""
    tokens = documents.tokens
    chosen = np.flatnonzero((tokens.kinds & (NEGATION | NUMERAL)) != 0)
    negation = (tokens.kinds[chosen] & NEGATION) != 0
    values = np.where(negation, _NUMBER, mix(tokens.hashes[chosen]))
    return sums(values, documents.bounds(chosen))


def denied(documents: Documents) -> Array:
    """Return the number of negations of each document."""
    return documents.sum(documents.tokens.kinds & NEGATION != 0)


def alternatives(documents: Documents) -> tuple[Array, Array]:
    """Return hashes of what may be replaced by an alternative, and of which it is.

    Alternatives are words like "left" and "right", and mathematical signs.
    """
    tokens = documents.tokens
    chosen = np.flatnonzero(tokens.group != 0)
    bounds = documents.bounds(chosen)
    signs, marks = _symbols(documents, _SIGNS)
    return (
        sums(tokens.group[chosen], bounds) + np.diff(marks).astype(U64) * _SYMBOL,
        sums(mix(tokens.member[chosen] + tokens.group[chosen]), bounds)
        + sums(mix(signs + _SYMBOL), marks),
    )


def signs(documents: Documents) -> Array:
    """Return the sum of the mathematical signs in short documents."""
    values, bounds = _symbols(documents, _SIGNS)
    return sums(mix(values + _SYMBOL), bounds) * (documents.count < _SHORT_TOKENS)


def pictures(documents: Documents) -> Array:
    """Return the sum of the pictures in short documents."""
    values, bounds = _symbols(documents, _PICTURES)
    return sums(mix(values + _SYMBOL), bounds) * (documents.count < _SHORT_TOKENS)


def _symbols(documents: Documents, wanted: Signs) -> tuple[Array, Array]:
    """Return the symbols of a kind, and where those of each document begin."""
    tokens = documents.tokens
    chosen = np.flatnonzero(tokens.symbols > 0x7F)
    chosen = chosen[wanted(tokens.symbols[chosen])]
    return tokens.symbols[chosen].astype(U64), np.searchsorted(
        tokens.symbol_text[chosen], documents.ends
    )


def operators(documents: Documents) -> Array:
    """Return how often each of OPERATORS counts in each document."""
    tokens, count = documents.tokens, OPERATORS.size
    bounds = np.searchsorted(tokens.symbol_text, documents.ends)
    characters = np.concatenate([[0], np.cumsum(tokens.characters)])[documents.ends]
    code = np.diff(bounds) * _CODE_SHARE > np.diff(characters)
    document = owners(bounds)
    sum = tokens.symbol_decisive & (document % 2 == 0)  # of an answer the numbers will do
    kind = np.searchsorted(OPERATORS, tokens.symbols)
    kind = np.minimum(kind, count - 1)
    chosen = (sum | code[document]) & (OPERATORS[kind] == tokens.symbols)
    found = np.bincount(document[chosen] * count + kind[chosen], minlength=bounds.size * count)
    return np.minimum(found[: documents.count.size * count], 255).astype(np.uint8)


def short_texts(documents: Documents) -> tuple[Array, Array, Array]:
    """Return what decides in the short texts of each document, by the hashes of their words.

    The first hash is of whole texts, the second of texts that are parts of one, the third of all
    words that are not in a short part.
    """
    tokens = documents.tokens
    length = np.diff(tokens.first)
    candidate = (length <= _SHORT_TOKENS) & (length > 0)
    text = owners(tokens.first)
    chosen = candidate[text] & (tokens.kinds & FILLER == 0)
    text, hashes = text[chosen], tokens.hashes[chosen]
    weight = np.where(tokens.kinds[chosen] & SPACELESS, 1, 2)
    order = np.argsort(text.astype(U64) << U64(BITS) | hashes >> U64(64 - BITS))
    text, hashes, weight = text[order], hashes[order], weight[order]
    new = np.ones(text.size, bool)
    new[1:] = (text[1:] != text[:-1]) | (hashes[1:] != hashes[:-1])
    text, hashes, weight = text[new], hashes[new], weight[new]
    bounds = np.searchsorted(text, np.arange(length.size + 1))
    short = candidate & (sums(weight.astype(U64), bounds) < 2 * SHORT)
    content = mix(sums(mix(hashes + _CONTENT), bounds)) * short
    content = mix(content + documents.turns * _TURN) * (content != 0)
    inside = (short & documents.parts)[owners(tokens.first)]
    return (
        sums(content * ~documents.parts, documents.ends),
        sums(content * documents.parts, documents.ends),
        documents.sum(mix(tokens.hashes) * ~inside),
    )


def plain(documents: Documents) -> Array:
    """Return the hash of the words that are neither decisive nor have a capital letter."""
    tokens = documents.tokens
    chosen = ~tokens.capital & (tokens.kinds & (NEGATION | NUMERAL) == 0)
    return documents.sum(mix(tokens.hashes) * chosen)


def asked(documents: Documents) -> tuple[Array, Array, Array]:
    """Return hash and bits of what questions turn on, and the number of all their words."""
    tokens = documents.tokens
    asked = np.flatnonzero(tokens.kinds >= ASKED)
    chosen = asked[tokens.kinds[asked] & FILLER == 0]
    bounds = documents.bounds(chosen)
    return (
        sums(mix(tokens.hashes[chosen]), bounds),
        bits(tokens.hashes[chosen], owners(bounds), documents.count.size),
        np.diff(documents.bounds(asked)),
    )
