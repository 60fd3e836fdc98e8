"""Short stories of the tiny world, each with the questions that it answers."""

import random
from typing import NamedTuple

import facts


class Record(NamedTuple):
    """One instruction with its answer; `task` and `key` name the fact it rests on."""

    task: str
    key: str
    instruction: str
    context: str
    output: str


def with_article(word: str) -> str:
    """The word after "a" or "an"."""
    return ("an " if word[0] in "aeiou" else "a ") + word


def tell_story(rng: random.Random) -> list[Record]:
    """The questions that one new short story answers, each with the story as its context."""
    n, m = rng.sample(facts.NAMES, 2)
    s, t = rng.sample(facts.THINGS, 2)
    c, d = rng.sample(facts.HUES, 2)
    p, q = rng.sample(facts.PLACES, 2)
    tell = rng.choice([_tell_gift, _tell_owners, _tell_places, _tell_list])
    return tell([n, m], [s, t], [with_article(c), with_article(d)], [p, q])


def _tell_gift(names: list[str], things: list[str], hues: list[str], _: list[str]) -> list[Record]:
    (n, m), t, (c, _d) = names, things[0], hues
    story = f"{n} has {c} {t}. {n} gives the {t} to {m}. {m} is happy."
    hue = c.split()[1]
    return [
        Record("story_owner", f"{m} {t}", f"Who has the {t} now?", story, f"{m} has the {t}."),
        Record(
            "story_giver", f"{n} {t}", f"Who gives the {t} away?", story, f"{n} gives it to {m}."
        ),
        Record(
            "story_colour", f"{hue} {t}", f"Which colour is the {t}?", story, f"The {t} is {hue}."
        ),
    ]


def _tell_owners(
    names: list[str], things: list[str], hues: list[str], _: list[str]
) -> list[Record]:
    (n, m), (s, t), (c, d) = names, things, hues
    story = f"{n} has {c} {s}. {m} has {d} {t}. They play."
    return [
        Record("story_thing", f"{n} {s}", f"What does {n} have?", story, f"{n} has {c} {s}."),
        Record("story_thing", f"{m} {t}", f"What does {m} have?", story, f"{m} has {d} {t}."),
        Record("story_owner", f"{n} {s}", f"Who has the {s}?", story, f"{n} has the {s}."),
        Record("story_owner", f"{m} {t}", f"Who has the {t}?", story, f"{m} has the {t}."),
    ]


def _tell_places(
    names: list[str], _: list[str], _hues: list[str], places: list[str]
) -> list[Record]:
    (n, m), (p, q) = names, places
    story = f"{n} goes to the {p}. {m} goes to the {q}. It is a warm day."
    return [
        Record("story_place", f"{a} {b}", f"Where is {a}?", story, f"{a} is in the {b}.")
        for a, b in ((n, p), (m, q))
    ]


def _tell_list(_: list[str], things: list[str], hues: list[str], places: list[str]) -> list[Record]:
    words = [places[0], things[0], hues[0].split()[1], things[1], places[1]]
    story = f"The list: {', '.join(words)}."
    return [
        Record(f"list_{which}", word, f"Which word comes {which} in the list?", story,
               f"The {which} word is {word}.")
        for which, word in (("first", words[0]), ("last", words[-1]))
    ]  # fmt: skip
