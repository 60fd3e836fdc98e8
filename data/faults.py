"""The faults planted in the sample: what each does to a good row, how often, and what is expected.

`expect` names what the steps do about a row: "edited" (repaired and kept), "dropped",
"quarantined" (not readable as a row), "kept" (looks odd and is good) or "later" (a fault that no
step removes unless it is asked to, or none yet; the step `dedup` reports a "conflict").
"""

import json
import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Row:
    """A row before it has a layout; `raw` stands for the whole line where it is not JSON."""

    instruction: Any
    context: Any
    output: Any
    system: str = ""
    history: tuple[tuple[str, str], ...] = ()
    missing: str = ""
    raw: Callable[[bytes], bytes] | None = field(default=None, compare=False)
    kind: str = ""
    expect: str = ""


class Fault(NamedTuple):
    """`times` says how often in which file; `added` faults are rows beside the good one."""

    kind: str
    expect: str
    added: bool
    make: Callable[[Row, random.Random], Row]
    times: dict[str, int]


def _mojibake(text: str) -> str:
    return text.encode("utf-8").decode("cp1252")


def _shout(text: str) -> str:
    return text.upper()


def _spaced(text: str) -> str:
    return text.replace(" ", "  ", 1) + " "


def _with_break(row: Row, _: random.Random) -> Row:
    if ". " in row.context:
        return replace(row, context=row.context.replace(". ", ".\r\n"))
    return replace(row, instruction="Answer in one sentence.\r\n" + row.instruction)


def _garbled(row: Row, rng: random.Random) -> Row:
    opening = rng.choice(["Don’t guess. ", "At the café: ", "It’s a naïve question: "])
    return replace(row, instruction=_mojibake(opening) + row.instruction)


def _decomposed(row: Row, rng: random.Random) -> Row:
    opening = rng.choice(["At the café: ", "Señor, a question. "])
    return replace(row, instruction=unicodedata.normalize("NFD", opening) + row.instruction)


def _control(row: Row, rng: random.Random) -> Row:
    return replace(row, output=row.output + rng.choice(["<|endoftext|>", "</s>", "<|im_end|>"]))


def _marked(row: Row, _: random.Random) -> Row:
    return replace(row, instruction="\ufeff" + row.instruction)


def _split(row: Row, _: random.Random) -> Row:
    return replace(row, instruction=row.instruction.replace(" ", " \u200b", 1))


def _list(row: Row, _: random.Random) -> Row:
    return replace(row, instruction=row.instruction.split())


def _long(row: Row, _: random.Random) -> Row:
    return replace(row, output=(row.output + " ") * (120_000 // (len(row.output) + 1) + 1))


def _respelled(row: Row, _: random.Random) -> Row:
    opening = unicodedata.normalize("NFD", "At the café: ")
    return replace(row, instruction=row.instruction.replace("At the café: ", opening))


def _reworded(row: Row, rng: random.Random) -> Row:
    opening = rng.choice(["Please answer: ", "Tell me, ", "One question: "])
    return replace(row, instruction=opening + row.instruction[0].lower() + row.instruction[1:])


def _contradicted(row: Row, rng: random.Random) -> Row:
    words = row.output.rstrip(".").split()
    other = rng.choice([w for w in ("green", "ten", "glass", "water", "twelve") if w != words[-1]])
    return replace(row, output=" ".join([*words[:-1], other]) + ".")


def _merged(row: Row, _: random.Random) -> Row:
    second = "\n\n### Instruction:\nName a colour.\n\n### Response:\nRed is a colour."
    return replace(row, output=row.output + second)


def _contact(row: Row, _: random.Random) -> Row:
    more = " Write to mia.berg@example.org or call +1 202-555-0143."
    return replace(row, output=row.output + more)


def _separated(row: Row, _: random.Random) -> Row:
    if ". " in row.context:
        return replace(row, context=row.context.replace(". ", ".\u2028", 1))
    return replace(row, instruction="A question.\u2028" + row.instruction)


def _setting(**changes: Any) -> Callable[[Row, random.Random], Row]:  # noqa: ANN401
    return lambda row, _: replace(row, **changes)


def _both(change: Callable[[str], str]) -> Callable[[Row, random.Random], Row]:
    return lambda row, _: replace(
        row, instruction=change(row.instruction), output=change(row.output)
    )


def _raw(change: Callable[[bytes], bytes]) -> Callable[[Row, random.Random], Row]:
    return lambda row, _: replace(row, raw=change)


def _with_number(line: bytes) -> bytes:
    return line[:-1] + b', "score": NaN}'


def _with_key_twice(line: bytes) -> bytes:
    first = next(iter(json.loads(line)))
    return line[:-1] + f', "{first}": "Name a colour."}}'.encode()


def _on_output(change: Callable[[str], str]) -> Callable[[Row, random.Random], Row]:
    return lambda row, _: replace(row, output=change(row.output))


REFUSAL = "As an AI language model, I am not able to answer that."
FACTS, STORIES, SUMS = "facts.json", "stories.jsonl.gz", "sums.jsonl"
WORDS, CHATS = "words.jsonl", "chats.json"


def _times(facts: int, stories: int, sums: int, words: int, chats: int) -> dict[str, int]:
    return {FACTS: facts, STORIES: stories, SUMS: sums, WORDS: words, CHATS: chats}


FAULTS = [
    # Repaired in place.
    Fault("mojibake", "edited", False, _garbled, _times(12, 10, 6, 8, 4)),
    Fault("not_nfc", "edited", False, _decomposed, _times(6, 5, 3, 4, 2)),
    Fault("crlf", "edited", False, _with_break, _times(8, 10, 4, 6, 2)),
    Fault("trailing_space", "edited", False, _on_output(lambda t: t + "  "),
          _times(12, 10, 8, 6, 4)),
    Fault("control_token", "edited", False, _control, _times(10, 8, 6, 0, 6)),
    Fault("bom", "edited", False, _marked, _times(5, 4, 3, 3, 0)),
    # Nothing to train on.
    Fault("empty_instruction", "dropped", True, _setting(instruction=""), _times(4, 3, 3, 2, 0)),
    Fault("empty_output", "dropped", True, _setting(output=""), _times(5, 4, 3, 0, 3)),
    Fault("blank_output", "dropped", True, _setting(output=" \n\t "), _times(3, 3, 2, 2, 0)),
    Fault("null_output", "dropped", True, _setting(output=None), _times(3, 2, 2, 1, 0)),
    Fault("number_output", "dropped", True, _setting(output=7), _times(1, 1, 4, 0, 0)),
    Fault("list_instruction", "dropped", True, _list, _times(2, 1, 1, 1, 0)),
    Fault("too_long", "dropped", True, _long, _times(1, 1, 0, 0, 0)),
    # Said before.
    Fault("duplicate", "dropped", True, _setting(), _times(16, 12, 8, 10, 4)),
    Fault("duplicate_case", "dropped", True, _both(_shout), _times(6, 4, 4, 4, 2)),
    Fault("duplicate_space", "dropped", True, _both(_spaced), _times(5, 4, 3, 3, 0)),
    Fault("duplicate_unicode", "dropped", True, _respelled, _times(3, 2, 1, 0, 0)),
    # Rows that cannot be read.
    Fault("truncated", "quarantined", True, _raw(lambda b: b[: len(b) * 2 // 3]),
          _times(0, 2, 2, 1, 0)),
    Fault("invalid_utf8", "quarantined", True, _raw(lambda b: b.replace(b".", b"\xff.", 1)),
          _times(0, 1, 1, 2, 0)),
    Fault("nan", "quarantined", True, _raw(_with_number), _times(0, 1, 2, 1, 0)),
    Fault("duplicate_key", "quarantined", True, _raw(_with_key_twice), _times(0, 1, 1, 2, 0)),
    Fault("bare_string", "quarantined", True, _raw(lambda b: b'"Not a row, a text."'),
          _times(0, 1, 1, 0, 0)),
    Fault("bare_array", "quarantined", True, _raw(lambda b: b'["Not a row,", "an array."]'),
          _times(0, 0, 1, 1, 0)),
    Fault("missing_output", "quarantined", True, _setting(missing="output"),
          _times(2, 2, 1, 1, 0)),
    # Odd and good.
    Fault("line_separator", "kept", False, _separated, _times(0, 2, 1, 1, 0)),
    # Faults in what a row says.
    Fault("near_duplicate", "dropped", True, _reworded, _times(3, 2, 2, 2, 1)),
    Fault("conflict", "later", True, _contradicted, _times(3, 1, 2, 2, 0)),
    Fault("refusal", "dropped", True, _setting(output=REFUSAL), _times(2, 1, 1, 1, 1)),
    Fault("template_residue", "edited", False, _on_output(lambda t: "### Response:\n" + t),
          _times(2, 1, 0, 1, 0)),
    Fault("merged_instruction", "dropped", False, _merged, _times(2, 1, 0, 1, 0)),
    Fault("needs_image", "dropped", True, _setting(instruction="Look at the image. What is in it?"),
          _times(2, 1, 0, 0, 0)),
    Fault("contact", "later", False, _contact, _times(2, 1, 0, 0, 0)),
    Fault("echo", "dropped", True, lambda row, _: replace(row, output=row.instruction),
          _times(2, 0, 1, 1, 0)),
    Fault("context_noinput", "edited", False, _setting(context="<noinput>"), _times(3, 0, 0, 0, 0)),
    Fault("context_na", "edited", False, _setting(context="N/A"), _times(2, 0, 0, 0, 0)),
    Fault("context_none", "edited", False, _setting(context="None"), _times(2, 0, 0, 0, 0)),
    Fault("zero_width", "later", False, _split, _times(2, 1, 0, 0, 0)),
]  # fmt: skip
