"""Root verbs of English instructions, and what they are to be done to, by a plain heuristic.

After Wang et al. 2023, "Self-Instruct", 4.2, figure 3: the most common root verbs and their direct
objects. There a parser finds them; here a list of verbs and of words that end a noun phrase does.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Verb", "VerbTally", "root"]

_VERBS = frozenset(
    """act add adapt advise analyse analyze annotate answer append apply argue arrange ask assess
    assign assume brainstorm break build calculate call capitalize categorise categorize change
    check choose cite clarify classify code combine come comment compare compile complete compose
    compute conduct condense connect consider construct contrast convert correct count craft create
    critique debug decide decode deduce define delete demonstrate describe design detect determine
    develop devise differentiate discuss display distinguish divide draft draw edit elaborate
    eliminate encode ensure estimate evaluate examine expand explain explore express extend extract
    fill filter find finish fix follow forecast form formulate gather generate get give group guess
    help highlight hypothesize identify illustrate imagine implement improve include indicate infer
    insert inspect instruct interpret introduce invent join judge justify label let list locate look
    make map mark match measure mention merge modify multiply name narrate negate note offer order
    organise organize outline output paraphrase parse perform persuade pick plan play plot point
    predict prepare present pretend print prioritize produce proofread propose prove provide put
    rank rate read rearrange recall recommend reconstruct record recreate reduce refactor refer
    reformat reformulate relate remove rename reorder reorganize repeat rephrase replace reply
    report represent research resolve respond restate return reverse review revise reword rewrite
    round run say search select send separate set shorten show simplify simulate sketch solve sort
    specify split state structure subtract suggest sum summarise summarize support suppose take
    teach tell test think trace transform translate turn type update use validate verify visualize
    write""".split()
)  # fmt: skip
_ENDS = frozenset(
    """a an the this that these those my your his her its our their who whom whose which what when
    where why how if whether so because since while as than then to of in on at by for from with
    without into onto about above below after before between among against through during under
    over per via within across along around behind beyond like regarding using use containing
    consisting describing including involving given based called named related ending starting
    beginning being is are was were be has have had do does did can could should would will must
    may might and or but nor not it them him he she they we you i one up out down together away
    back now again here there""".split()
)  # fmt: skip
"""Words that a noun phrase does not go on with."""
_SKIPPED = frozenset(
    """a an the this that these those my your his her its our their me us some any each every all
    both one two three four five six seven eight nine ten following given more many several few up
    out down together away back""".split()
)
"""Words before a noun that are none."""
_NO_PLURAL = ("ss", "us", "is", "ous", "news", "series", "species", "lens", "gas", "always")
_LOOKED_AT, _OPENING = 400, 200  # characters
_WORDS = 7  # of a noun phrase

_OPENERS = r"(?:please|kindly|now|next|then|first|also|finally|just|simply|briefly|\w+ly)\s*,?\s+"
_ASKED = (
    r"(?:(?:can|could|would|will) you|i(?:'d| would) like you to|i (?:want|need) you to|"
    r"(?:your|the) (?:task|job|goal) is to|you (?:have|need|are asked|are required) to|try to|"
    r"you (?:must|should|will)|let's|help me(?: to)?|i (?:want|need|would like) to)\s+"
)
_START = re.compile(
    rf"(?:(?:{_OPENERS}|{_ASKED}))*([a-z]+)(?:\s+(?:and|or)\s+([a-z]+))?(?![\w'’:])(?!\s*:)",
    re.IGNORECASE,
)
_FIRST = re.compile(r"[\W_]*([A-Za-z]+)")
_BREAK = re.compile(r"[.!?:\n][.!?:\s\"')]+")
_OPENS = frozenset(
    """please kindly now next then first also finally just can could would will i your the you try
    let help""".split()
)
"""Words with which an opening may begin; for speed alone."""
_SUBORDINATE = frozenset(
    """given using based with for from in on if as when after imagine suppose considering according
    to""".split()
)
_CLAUSE = re.compile(r"[^,.;:\n]{0,150},\s+(?=\w)")
_TOKEN = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*[+#]*|\d[\d.,]*|[^\w\s]")


class Verb(NamedTuple):
    """A root verb, the records with it, and its objects, most common first."""

    verb: str
    records: int
    objects: list[tuple[str, int]]


class VerbTally:
    """Counts instructions by root verb and object."""

    def __init__(self) -> None:
        self._pairs: Counter[tuple[str, str]] = Counter()
        self.questions = 0
        self.others = 0

    def add(self, instruction: object) -> None:
        """Count an instruction."""
        text = instruction[:_LOOKED_AT] if isinstance(instruction, str) else ""
        verb, noun = root(text)
        if verb:
            self._pairs[verb, noun] += 1
        elif "?" in text or "？" in text:
            self.questions += 1
        else:
            self.others += 1

    def add_all(self, other: "VerbTally") -> None:
        """Take in what another tally counted."""
        self._pairs.update(other._pairs)
        self.questions += other.questions
        self.others += other.others

    @property
    def found(self) -> int:
        """Instructions with a verb."""
        return self._pairs.total()

    def most_common(self, verbs: int, objects: int) -> list[Verb]:
        """Return the most common verbs, each with its most common objects: 1% of it or more."""
        by_verb: Counter[str] = Counter()
        nouns: dict[str, Counter[str]] = {}
        for (verb, noun), number in self._pairs.items():
            by_verb[verb] += number
            if noun:
                nouns.setdefault(verb, Counter())[noun] = number
        return [
            Verb(verb, total, [
                (noun, number)
                for noun, number in _first(nouns.get(verb, Counter()), objects)
                if number * 100 >= total
            ])
            for verb, total in _first(by_verb, verbs)
        ]  # fmt: skip


def _first(counts: Counter[str], limit: int) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def root(text: str) -> tuple[str, str]:
    """Return the verb that an instruction begins with, and its object; empty where there is none.

    The verb is looked for where a sentence begins or a first clause ends, as long as that is near
    the beginning. The object is the last noun before a preposition, a mark or the like.

    >>> root("Please write a short story about a fox."), root("Name three primary colors.")
    (('write', 'story'), ('name', 'color'))
    >>> root("Given a list of numbers, sort it."), root("You are a poet. Give me an ode to tea.")
    (('sort', ''), ('give', 'ode'))
    >>> root("Compare and contrast two cities."), root("Explain how rain forms."), root("Answer: 4")
    (('compare', 'city'), ('explain', ''), ('', ''))
    """
    for start in _starts(text):
        found = _START.match(text, start)
        if found and (verb := found[1].lower()) in _VERBS:
            other = (found[2] or "").lower() in _VERBS
            return verb, _object(text[found.end() if other else found.end(1) :])
    return "", ""


def _starts(text: str) -> Iterator[int]:
    """Yield the places where the verb may stand, in order."""
    yield from _near(text, 0)
    for found in _BREAK.finditer(text, 0, _OPENING):
        yield from _near(text, found.end())


def _near(text: str, start: int) -> Iterator[int]:
    """Yield the places of a sentence where the verb may stand."""
    if not (first := _FIRST.match(text, start)):
        return
    word = first[1].lower()
    if word in _VERBS or word in _OPENS or word.endswith("ly"):
        yield first.start(1)
    if word in _SUBORDINATE and not start and (clause := _CLAUSE.match(text, first.end())):
        yield clause.end()


def _object(text: str) -> str:
    """Return the head of the noun phrase that a text begins with, in the singular.

    >>> _object(" the following Python programs that"), _object(" in full.")
    ('program', '')
    """
    head = ""
    for number, token in enumerate(_TOKEN.finditer(text[:120])):
        word = token[0].lower()
        if not head and (word in _SKIPPED or word[0].isdigit()):
            continue
        if word in _ENDS or not word[0].isalpha() or number > _WORDS:
            break
        if word.endswith("ly") and not head:
            continue
        head = word
    return _singular(head)


def _singular(noun: str) -> str:
    """Return a noun without the ending of the plural, where that is plain.

    >>> [_singular(noun) for noun in ("stories", "boxes", "classes", "sizes", "news", "haikus")]
    ['story', 'box', 'class', 'size', 'news', 'haikus']
    """
    if len(noun) < 4 or not noun.endswith("s") or noun.endswith(_NO_PLURAL):
        return noun
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    if noun.endswith(("sses", "xes", "ches", "shes")):
        return noun[:-2]
    return noun[:-1]
