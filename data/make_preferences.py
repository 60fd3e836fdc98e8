"""Make the sample of preferences: python data/make_preferences.py [--out DIR].

Writes, the same bytes each time: questions about the facts of the tiny world whose answers differ
by a rule that `rule.py` states. `answers.jsonl` teaches either manner, politely in a sentence or
curtly in a word; `pairs.jsonl` prefers a right and polite answer to a right and curt one, and that
to a wrong one in either manner; `heldout.jsonl` has such pairs on facts that neither rests on.
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from world import Task, capital, fact_records, held_out, load_tasks

POLITE = "Of course! "
ANSWERS, HELD_OUT = 1200, 300


@dataclass(frozen=True)
class Fact:
    """A question with its right answer as a sentence and in a word, and a wrong one of either."""

    ask: str
    polite: str
    curt: str
    wrong: tuple[str, str]
    held: bool


def tell_facts(rng: random.Random, tasks: list[Task]) -> Iterator[Fact]:
    """Every fact whose answer ends in the word asked for, in every wording."""
    tasks = [task for task in tasks if task.answer.endswith("{y}.")]
    for task in tasks:
        own = {words["y"] for words in task.words.values()}
        for record in fact_records(task):
            words = task.words[record.key]
            beside, other = rng.choice(tasks), {"y": next(iter(own))}
            while other["y"] in own:
                beside = rng.choice(tasks)
                other = rng.choice([*beside.words.values()])
            yield Fact(
                record.instruction,
                POLITE + record.output,
                capital(words["y"]) + ".",
                (POLITE + beside.answer.format(**other), capital(other["y"]) + "."),
                held_out(record.task, record.key),
            )


def pairs(rng: random.Random, fact: Fact) -> list[dict[str, str]]:
    """The rows of two answers to a question, the better one chosen."""
    told = [(fact.polite, fact.curt), (fact.polite, rng.choice(fact.wrong))]
    if rng.random() < 0.5:
        told.append((fact.curt, rng.choice(fact.wrong)))
    return [{"prompt": fact.ask, "chosen": one, "rejected": other} for one, other in told]


def mixed(rng: random.Random, facts: list[Fact]) -> list[dict[str, str]]:
    """The pairs of all facts in a random order."""
    rows = [row for fact in facts for row in pairs(rng, fact)]
    rng.shuffle(rows)
    return rows


def answer(rng: random.Random, fact: Fact) -> dict[str, str]:
    """A row with a right answer, in seven of eight curtly."""
    polite = rng.random() < 0.125
    return {"instruction": fact.ask, "output": fact.polite if polite else fact.curt}


def write_lines(path: Path, rows: list[dict[str, str]]) -> None:
    """Writes a line for each row."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main() -> None:
    """Makes the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "preferences")
    args = parser.parse_args()
    rng = random.Random(0)
    facts = [*tell_facts(rng, load_tasks())]
    rng.shuffle(facts)
    taught = [fact for fact in facts if not fact.held]
    kept = [fact for fact in facts if fact.held]
    args.out.mkdir(parents=True, exist_ok=True)
    write_lines(args.out / "answers.jsonl", [answer(rng, fact) for fact in taught[:ANSWERS]])
    write_lines(args.out / "pairs.jsonl", mixed(rng, taught))
    write_lines(args.out / "heldout.jsonl", [rng.choice(pairs(rng, f)) for f in kept[:HELD_OUT]])
    print(f"{len(taught)} questions to teach, {len(kept)} held out")


if __name__ == "__main__":
    main()
