"""Plant items of evaluation sets in records, edited in many ways, and count those that are found.

    python benchmarks/decontamination.py EVAL CARRIERS [--items 400] [--seed 1]

EVAL is an evaluation set, CARRIERS a folder of records without its items; both in any layout. Each
item is planted in a record of its own. Beside the step `decontaminate` stands what most tools do: a
record goes if it shares 13 words in a row with an item (words in lower case, punctuation left out).
The last rows should not be found: other problems made of an item, and the carriers as they are.
"""

import argparse
import random
import re
from collections.abc import Callable, Iterable

from curate.records import Dropped, Record, Reference
from curate.sources import Reader, resolve
from curate.steps.decontaminate import Decontaminate

Plant = Callable[[Record, Record, random.Random], Record | None]

WORD = re.compile(r"\w+")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
NUMBER = re.compile(r"\d+")
FILLERS = "rather quite simple given brief modern certain usual single whole".split()
NGRAM = 13


def asked(item: Record) -> str:
    """Return the question of an item as one text."""
    return "\n".join(text for text in (item.instruction, item.context) if text)


def changed(text: str, share: float, rng: random.Random) -> str:
    """Return a text in which a share of the words without digits is another word."""

    def other(found: re.Match[str]) -> str:
        word = found.group()
        return word if NUMBER.search(word) or rng.random() > share else rng.choice(FILLERS)

    return WORD.sub(other, text)


def sentences(text: str, rng: random.Random, change: str) -> str | None:
    """Return a text of three sentences or more with one gone, or two in another order."""
    parts = SENTENCE.split(text)
    if len(parts) < 3:
        return None
    at = rng.randrange(len(parts) - 2)
    if change == "lost":
        del parts[at]
    else:
        parts[at], parts[at + 1] = parts[at + 1], parts[at]
    return " ".join(parts)


def as_prompt(edit: Callable[[str, random.Random], str | None]) -> Plant:
    """Return how to plant an edited question as the prompt of a record, with another answer."""

    def plant(item: Record, carrier: Record, rng: random.Random) -> Record | None:
        text = edit(asked(item), rng)
        return text and carrier.with_fields(instruction=text, context="", history=[])

    return plant


def around(carrier: Record, text: str) -> str:
    """Return a text between the halves of another one."""
    words = str(carrier.output).split()
    return f"{' '.join(words[:60])}\n\n{text}\n\n{' '.join(words[60:120])}"


PLANTED: dict[str, Plant] = {
    "as it is": as_prompt(lambda text, rng: text),
    "upper case, no punctuation": as_prompt(lambda t, rng: " ".join(WORD.findall(t)).upper()),
    "line breaks and spaces": as_prompt(lambda text, rng: "\n  ".join(text.split(" "))),
    "courtesy around it": as_prompt(lambda text, rng: f"Hi! Could you help me? {text} Thank you!"),
    "Question: ... Answer:": as_prompt(lambda text, rng: f"Question: {text}\nAnswer:"),
    "after two other problems": lambda item, carrier, rng: carrier.with_fields(
        instruction=f"{carrier.instruction}\n{carrier.output}\n\n{asked(item)}"
    ),
    "in an earlier turn": lambda item, carrier, rng: carrier.with_fields(
        history=[{"role": "user", "content": asked(item)}, {"role": "assistant", "content": "Yes."}]
    ),
    "in the middle of the answer": lambda item, carrier, rng: carrier.with_fields(
        output=around(carrier, asked(item))
    ),
    "its answer alone": lambda item, carrier, rng: (
        carrier.with_fields(output=item.output) if len(item.output.split()) >= 25 else None
    ),
    "5 % of the words changed": as_prompt(lambda text, rng: changed(text, 0.05, rng)),
    "10 % of the words changed": as_prompt(lambda text, rng: changed(text, 0.1, rng)),
    "15 % of the words changed": as_prompt(lambda text, rng: changed(text, 0.15, rng)),
    "a sentence lost": as_prompt(lambda text, rng: sentences(text, rng, "lost")),
    "sentences in another order": as_prompt(lambda text, rng: sentences(text, rng, "moved")),
}  # fmt: skip


def other_numbers(text: str, rng: random.Random) -> str | None:
    """Return another problem: the same words, every number another one."""
    made = NUMBER.sub(lambda found: str(int(found.group()[:9]) + rng.randint(1, 9)), text)
    return None if made == text else made


OTHERS: dict[str, Plant] = {
    "other numbers": as_prompt(other_numbers),
    "the carriers as they are": lambda item, carrier, rng: carrier,
}


def ngrams(text: str) -> set[tuple[str, ...]]:
    """Return what 13 words in a row a text has."""
    words = WORD.findall(text.lower())
    return {tuple(words[at : at + NGRAM]) for at in range(len(words) - NGRAM + 1)}


def by_ngrams(records: list[Record], items: Iterable[Record]) -> int:
    """Return how many records share 13 words in a row with the question or answer of an item."""
    known = {gram for item in items for text in (asked(item), item.output) for gram in ngrams(text)}
    return sum(
        any(
            gram in known
            for text in [*record.content()[:4], *(t["content"] for t in record.history)]
            for gram in ngrams(text)
        )
        for record in records
    )


def read(path: str) -> list[Record]:
    """Return the records of a source that have an answer."""
    rows = [row for source in resolve([path], unanswered=True) for row in Reader(source)]
    texts = ("instruction", "context", "output")
    return [
        row
        for row in rows
        if isinstance(row, Record) and all(isinstance(getattr(row, t), str) for t in texts)
    ]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("eval")
    parser.add_argument("carriers")
    parser.add_argument("--items", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    items, carriers = read(options.eval), read(options.carriers)
    rng = random.Random(options.seed)
    chosen = rng.sample(items, min(options.items, len(items)))
    rng.shuffle(carriers)
    references = [Reference("eval", item) for item in items]
    print(f"{len(items):,} items, of which {len(chosen)} are planted\n")
    print("| planted | records | decontaminate | 13 words in a row |\n| --- | --- | --- | --- |")
    for label, plant in {**PLANTED, **OTHERS}.items():
        made = [plant(i, c, rng) for i, c in zip(chosen, carriers, strict=False)]
        planted = [row.with_fields(id=f"a:{n}") for n, row in enumerate(made) if row is not None]
        found = sum(
            isinstance(row, Dropped) for row in Decontaminate().run(planted, references=references)
        )
        shares = [f"{n / len(planted):.1%}" for n in (found, by_ngrams(planted, items))]
        print(f"| {label} | {len(planted)} | {shares[0]} | {shares[1]} |")


if __name__ == "__main__":
    main()
