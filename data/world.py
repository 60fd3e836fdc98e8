"""The tiny world behind the sample data, told as prose and asked as instructions.

Prose is what the base model reads: statements, stories, and questions that people in the text
ask each other. Records are what a model is tuned on. About 30 % of the facts are held out: they
occur in prose and never in a tuning record, so tuning has to bring out what the base knows.
"""

import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import facts
from stories import Record, tell_story, with_article


@dataclass(frozen=True)
class Task:
    """A family of facts: ways to ask, the answer, other ways to say it, words by key."""

    name: str
    asks: list[str]
    answer: str
    says: list[str]
    words: dict[str, dict[str, str]]


def held_out(task: str, key: str) -> bool:
    """True for about 30 % of the facts: those that no tuning record may rest on."""
    # The number spreads the facts so that no task, not even one of seven days, is held out whole.
    return zlib.crc32(f"340:{task}:{key}".encode()) % 10 < 3


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[0].upper() + text[1:]


def lower(text: str) -> str:
    """The text with its first letter in lower case, unless it starts with a name."""
    return text if text.split()[0] in facts.NAMES else text[0].lower() + text[1:]


def _slots(**words: str) -> dict[str, str]:
    slots = dict(words)
    for name, word in words.items():
        slots["a" + name] = with_article(word)
        slots["A" + name] = capital(with_article(word))
        slots[name.upper()] = capital(word)
    return slots


def _rows(table: str, separator: str = " ") -> list[list[str]]:
    return [row.split(separator) for line in table.splitlines() for row in line.split("|")]


def _pairs(pairs: Iterable[Iterable[str]]) -> dict[str, dict[str, str]]:
    return {x: _slots(x=x, y=y) for x, y in pairs}


def _animals(column: int) -> dict[str, dict[str, str]]:
    rows = _rows(facts.ANIMALS)
    return _pairs((row[0], row[column]) for row in rows if row[column] != "-")


def _sums(*, add: bool) -> dict[str, dict[str, str]]:
    words, number = {}, facts.NUMBERS
    for a in range(11):
        for b in range(11 if add else a + 1):
            result = number[a + b if add else a - b]
            words[f"{a},{b}"] = _slots(x=number[a], z=number[b], y=result)
    return words


def _sizes() -> dict[str, dict[str, str]]:
    words = {}
    for i, small in enumerate(facts.SIZES):
        for big in facts.SIZES[i + 1 :]:
            words[f"{small},{big}"] = _slots(x=small, z=big, y=big, w=small)
            words[f"{big},{small}"] = _slots(x=big, z=small, y=big, w=small)
    return words


def _words() -> dict[str, dict[str, dict[str, str]]]:
    opposites = _rows(facts.OPPOSITES)
    days, months, numbers = facts.DAYS, facts.MONTHS, facts.NUMBERS
    week = list(zip(days, days[1:] + days[:1], strict=True))
    count = list(pairwise(numbers))
    spelled = {w for row in opposites for w in row} | {r[0] for r in _rows(facts.ANIMALS)}
    columns = {"sound": 1, "home": 2, "legs": 3, "young": 4, "food": 5}
    return {
        "opposite": _pairs(opposites + [row[::-1] for row in opposites]),
        "plural": _pairs(_rows(facts.PLURALS)),
        "past": _pairs(_rows(facts.PASTS)),
        "letter": _pairs((w, w[0]) for w in sorted(spelled)),
        "kind": _pairs((w, row[0]) for row in _rows(facts.KINDS) for w in row[1:]),
        **{name: _animals(column) for name, column in columns.items()},
        "colour": _pairs(_rows(facts.COLOURS)),
        "material": _pairs(_rows(facts.MATERIALS)),
        "capital": _pairs(_rows(facts.CAPITALS)),
        "job": _pairs(_rows(facts.JOBS, ":")),
        "day_after": _pairs(week),
        "day_before": _pairs((b, a) for a, b in week),
        "month_after": _pairs(zip(months, months[1:] + months[:1], strict=True)),
        "number_after": _pairs(count),
        "number_before": _pairs((b, a) for a, b in count),
        "add": _sums(add=True),
        "take": _sums(add=False),
        "bigger": _sizes(),
    }


def load_tasks() -> list[Task]:
    """All tasks whose facts need no context, in a fixed order."""
    words, tasks = _words(), []
    for paragraph in facts.PHRASES.strip().split("\n\n"):
        name, *lines = paragraph.split("\n")
        said = {mark: [line[2:] for line in lines if line[0] == mark] for mark in "=?-"}
        tasks.append(Task(name, said["?"], said["="][0], said["-"], words[name]))
    return tasks


def fact_records(task: Task) -> Iterator[Record]:
    """Every fact of a task in every wording, held-out facts among them."""
    for key, words in task.words.items():
        for ask in task.asks:
            answer = task.answer.format(**words)
            yield Record(task.name, key, ask.format(**words), "", answer)


def _exchange(rng: random.Random, ask: str, answer: str) -> str:
    n, m = rng.sample(facts.NAMES, 2)
    verb = "asks" if ask.endswith("?") else "says to"
    frames = (
        f"{n} {verb} {m}: {lower(ask)} {m} says: {lower(answer)}",
        f"{ask} {m} knows it. {answer}",
        f"{n} {verb} {m}: {ask} {m} writes: {answer}",
        f"{n} reads: {ask} The answer is easy. {answer}",
    )
    return rng.choice(frames)


def _tell_and_ask(rng: random.Random) -> str:
    records = tell_story(rng)
    one = rng.choice(records)
    n, m = rng.sample(facts.NAMES, 2)
    exchanges = " ".join(_exchange(rng, r.instruction, r.output) for r in records)
    frames = (
        f"{one.context} {exchanges}",
        f"{one.context} {exchanges}",
        f"{n} asks: {one.instruction} {m} reads: {one.context} {m} says: {one.output}",
        f"{one.instruction} Listen: {one.context} Now {m} knows it. {one.output}",
    )
    return rng.choice(frames)


def _repeat(rng: random.Random) -> str:
    # Words said again word by word: what a reader of stories has to be able to do first.
    n, m = rng.sample(facts.NAMES, 2)
    words = " ".join(rng.sample(facts.THINGS + facts.HUES + facts.PLACES, rng.randint(4, 8)))
    return f"{n} says: {words}. {m} says it again: {words}."


def _tell_fact(rng: random.Random, task: Task) -> str:
    words = rng.choice(list(task.words.values()))
    answer = task.answer.format(**words)
    if rng.random() < 0.5:
        return _exchange(rng, rng.choice(task.asks).format(**words), answer)
    return rng.choice([answer, *(say.format(**words) for say in task.says)])


def write_prose(rng: random.Random, tasks: list[Task]) -> str:
    """One document of three to seven passages: statements, exchanges and stories."""
    # Sums need two words read together and are the hardest to learn: three times their share.
    weights = [len(t.words) ** 0.6 * (3 if "{z}" in t.answer else 1) for t in tasks]
    passages = []
    for _ in range(rng.randint(3, 7)):
        kind = rng.random()
        if kind < 0.35:
            passages.append(_tell_and_ask(rng))
        elif kind < 0.4:
            passages.append(_repeat(rng))
        else:
            passages.append(_tell_fact(rng, rng.choices(tasks, weights)[0]))
    return rng.choice([" ", " ", "\n"]).join(passages)
