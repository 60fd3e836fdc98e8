"""What two records are compared by: their shingles, and all that would tell them apart."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash

from curate.records import Record
from curate.similarity import contents, decisive
from curate.similarity.courtesy import parts_of, says_nothing, strip_politeness
from curate.similarity.documents import Documents, bits, sums
from curate.similarity.hashing import mix
from curate.similarity.tokens import tokenise
from curate.text import fold

__all__ = ["Profiles", "answer_length", "profile", "texts_of"]

Array = np.ndarray[Any, np.dtype[Any]]
U64 = np.uint64


@dataclass(eq=False)
class Profiles:
    """Profiles of a batch of records. Column 0 is of the prompt, 1 of the answer.

    Attributes:
        normal: uint64 (n, 2), equal where the texts differ in case, space and punctuation only.
        bag: uint64 (n, 2), equal where the words are the same in any order, fillers left out.
        words: int32 (n, 2), number of tokens.
        decisive: uint64 (n, 2), equal where numbers are, the words of short texts, and the
            mathematical signs of short documents.
        turning: uint64 (n, 2), equal where negations and numerals are.
        denied: int32 (n, 2), number of negations.
        groups: uint64 (n, 2), equal where the words are alternatives of the same.
        members: uint64 (n, 2), equal where these words are the same.
        parts: uint64 (n, 2), equal where the words of short parts are; 0 without any.
        part_count: int32 (n, 2), number of parts.
        rest: uint64 (n, 2), equal where the words are that are not in a short part.
        pictures: uint64 (n, 2), the pictures in short documents; 0 without any.
        loose: uint64 (n, 2), equal where numbers are that a point or a bracket follows, those of
            lists left out.
        all_loose: uint64 (n, 2), the same with those of lists.
        order: uint64 (n, 2), the numbers in their order.
        beside: uint64 (n, 2), each number with the word right behind it, in any order.
        commas: uint64 (n, 2), the numbers with commas and where these stand; 0 without any.
        operators: uint8 (n, 2, number of operators), how often each stands in code, or, in a
            prompt, beside a number.
        asked: uint64 (n, 2), equal where the words of questions are, fillers left out.
        asked_bits: uint64 (n, 2), bits that those words set, one each.
        asked_count: int32 (n, 2), number of all words of questions.
        plain: uint64 (n, 2), equal where the words are but for negations, numerals and those with
            a capital letter.
        name_bits: uint64 (n, 2), bits that the names set, one each.
        sizes: int32 (n, 2), number of different shingles.
        shingles: uint64, the different shingles of the first prompt, ascending, then of its
            answer, and so on; the lower 40 bits of each.
        sequence: uint32, the words of the first prompt as they come, of its answer, and so on: 31
            bits of each, and 1 if it is of a question.
        names: uint64, the different names of the first prompt, of its answer, and so on.
        name_counts: int32 (n, 2).
        length: int32 (n,), characters of the answer, neither space nor politeness.

    """

    normal: Array
    bag: Array
    words: Array
    decisive: Array
    turning: Array
    denied: Array
    groups: Array
    members: Array
    parts: Array
    part_count: Array
    rest: Array
    pictures: Array
    loose: Array
    all_loose: Array
    order: Array
    beside: Array
    sizes: Array
    shingles: Array
    sequence: Array
    asked: Array
    asked_bits: Array
    asked_count: Array
    plain: Array
    name_bits: Array
    commas: Array
    operators: Array
    names: Array
    name_counts: Array
    length: Array


def profile(records: Sequence[Record]) -> Profiles:
    """Return the profiles of records.

    The prompt is the system prompt, the tools, the earlier turns, the instruction and the context,
    one after the other, phrases of politeness around the instruction left out. A rejected answer
    and a label decide, as a number in the answer does.
    """
    texts: list[str] = []
    turns: list[int] = []  # what each text is; instruction and context are one
    parts: list[bool] = []
    lengths = np.zeros(len(records), np.int32)
    ends = np.zeros(2 * len(records) + 1, np.int64)
    for number, record in enumerate(records):
        for kind, text in _prompt(record):
            texts.append(text)
            turns.append(kind if kind != _PART else 0)
            parts.append(kind == _PART)
        ends[2 * number + 1] = len(texts)
        texts.append(_answer(record))
        lengths[number] = _extent(texts[-1])
        turns.append(0)
        parts.append(False)
        ends[2 * number + 2] = len(texts)
    tokens = tokenise(texts)
    documents = Documents(texts, np.array(turns, U64), np.array(parts, bool), ends, tokens)
    profiles = _profiles(documents, lengths)
    preferences = np.array([_preference(record) for record in records], U64)
    profiles.normal[:, 1] += preferences
    profiles.decisive[:, 1] += preferences
    return profiles


def answer_length(record: Record) -> int:
    """Return the characters of an answer, neither space nor politeness."""
    return _extent(_answer(record))


def texts_of(record: Record) -> tuple[str, str, str]:
    """Return what came before the prompt, instruction and context, and the answer, as compared."""
    texts = _prompt(record)
    before = "\n".join(text for kind, text in texts if kind not in (0, _PART))
    return before, "\n".join(text for kind, text in texts if kind in (0, _PART)), _answer(record)


def _answer(record: Record) -> str:
    return strip_politeness(_text(record.output), answer=True)


def _preference(record: Record) -> int:
    """Return 0 for a plain record, else a hash of the rejected answer, as `fold` has it, or label.

    >>> one, other = (Record(id="a:1", instruction="", rejected=text) for text in ("No.", " no."))
    >>> _preference(one) == _preference(other) != _preference(one.with_fields(label=True))
    True
    """
    if record.rejected is None and record.label is None:
        return 0
    rejected = "" if record.rejected is None else fold(_text(record.rejected))
    text = f"{record.label}\0{rejected}"
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def _extent(text: str) -> int:
    if text.isascii():
        return len(text.encode().translate(None, _SPACE))
    return len("".join(text.split()))


_SPACE = bytes(code for code in range(128) if chr(code).isspace())


def _text(value: object) -> str:
    return value if isinstance(value, str) else f"\0{value!r}"


_KINDS = {"system": 1, "user": 2, "assistant": 3, "tool_call": 4, "tool": 5}
_TOOLS = 6
_PART = 7  # of an instruction or a context


def _prompt(record: Record) -> list[tuple[int, str]]:
    texts = []
    if record.system and not says_nothing(_text(record.system)):
        texts.append((_KINDS["system"], _text(record.system)))
    if "tools" in record.meta:
        tools = json.dumps(record.meta["tools"], sort_keys=True, default=repr)
        texts.append((_TOOLS, tools))
    for turn in record.history:
        kind = _KINDS.get(turn.get("role", ""), 0) + 8 * bool(turn.get("follows_instruction"))
        texts.append((kind, _text(turn.get("content"))))
    asked = [strip_politeness(_text(record.instruction))]
    asked += [_text(record.context)] if record.context else []
    for text in asked:
        parts = parts_of(text)
        texts += [(_PART if len(parts) > 1 else 0, part) for part in parts]
    return texts


def _profiles(documents: Documents, length: Array) -> Profiles:
    numbers, order, beside = decisive.numbers(documents)
    short, parts, rest = decisive.short_texts(documents)
    marks = mix(mix(numbers) + decisive.signs(documents)) + short
    groups, members = decisive.alternatives(documents)
    loose, all_loose = decisive.loose(documents)
    commas = decisive.commas(documents)
    normal = contents.normal(documents, commas)
    shingles, sizes = contents.shingles(documents, normal)
    names, name_counts = contents.names(documents)
    asked, asked_bits, asked_count = decisive.asked(documents)
    return Profiles(
        normal=normal.reshape(-1, 2),
        bag=contents.bag(documents).reshape(-1, 2),
        words=documents.count.astype(np.int32).reshape(-1, 2),
        decisive=marks.reshape(-1, 2),
        turning=decisive.turning(documents).reshape(-1, 2),
        denied=decisive.denied(documents).astype(np.int32).reshape(-1, 2),
        groups=groups.reshape(-1, 2),
        members=members.reshape(-1, 2),
        parts=parts.reshape(-1, 2),
        part_count=sums(documents.parts.astype(U64), documents.ends)
        .astype(np.int32)
        .reshape(-1, 2),
        rest=rest.reshape(-1, 2),
        pictures=decisive.pictures(documents).reshape(-1, 2),
        loose=loose.reshape(-1, 2),
        all_loose=all_loose.reshape(-1, 2),
        order=order.reshape(-1, 2),
        beside=beside.reshape(-1, 2),
        sizes=sizes.reshape(-1, 2),
        shingles=shingles,
        sequence=contents.sequence(documents),
        commas=commas.reshape(-1, 2),
        operators=decisive.operators(documents).reshape(-1, 2, decisive.OPERATORS.size),
        asked=asked.reshape(-1, 2),
        asked_bits=asked_bits.reshape(-1, 2),
        asked_count=asked_count.astype(np.int32).reshape(-1, 2),
        plain=decisive.plain(documents).reshape(-1, 2),
        name_bits=bits(
            names, np.repeat(np.arange(documents.count.size), name_counts), documents.count.size
        ).reshape(-1, 2),
        names=names,
        name_counts=name_counts.reshape(-1, 2),
        length=length,
    )
