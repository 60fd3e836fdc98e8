"""Edits that make another record, alike in form: both should stay."""

import random
import re
from collections.abc import Callable, Sequence

from curate.records import Record

__all__ = ["DISTINCT"]

Edit = Callable[[Record, random.Random], Record | None]
Change = Callable[[str, random.Random], str]

WORD = re.compile(r"\w+")
NUMBER = re.compile(r"(?<![\w.,])\d+(?![\w,]|\.\d)")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")
CODE = re.compile(r"def \w+\(|function \w+\(|public |#include|=> \{|for \(|SELECT ")
NAMES = "Marlow Quito Ostrava Benedikt Yaxley Tunis Priya Hanoi".split()
SHORT, LONG = 30, 60  # words

OPPOSITES = (
    "more less,before after,increase decrease,increases decreases,increased decreased,"
    "minimum maximum,first last,left right,true false,ascending descending,encode decode,hot cold,"
    "largest smallest,highest lowest,higher lower,greater smaller,longest shortest,best worst,"
    "good bad,positive negative,start end,open close,buy sell,old new,early late,fast slow,"
    "high low,large small,big small,long short,up down,above below,inside outside,male female,"
    "men women,man woman,husband wife,mother father,king queen,import export,push pull,add remove,"
    "win lose,won lost,accept reject,love hate,always never,most least,advantages disadvantages,"
    "pros cons,strengths weaknesses,similarities differences,cause effect,formal informal,"
    "active passive,singular plural,even odd,horizontal vertical,upper lower,uppercase lowercase,"
    "day night,morning evening,summer winter,north south,east west,push pop,front back,"
    "success failure,safe dangerous,easy difficult,rich poor,strong weak,light dark,wet dry,"
    "min max,row column,rows columns,input output,prefix suffix,positive negative"
)
QUANTIFIERS = "all some,all none,any every,every no,each any,many few,both neither,some no"
UNITS = (
    "km miles,kilometers miles,meters feet,cm inches,kg pounds,pounds ounces,hours minutes,"
    "minutes seconds,days weeks,weeks months,months years,celsius fahrenheit,dollars euros,"
    "cents dollars,liters gallons,grams kilograms,hour minute,inches feet,miles yards,day week"
)
QUESTIONS = "who what,what when,when where,where who,what why,what how,which what,why how,how when"
MONTHS = (
    "January March,February May,April June,July August,September October,November December,"
    "Monday Friday,Tuesday Sunday,Wednesday Saturday,Thursday Tuesday"
)
LANGUAGES = (
    "Python Java,JavaScript Python,Java Ruby,English French,French German,Spanish Italian,"
    "Chinese Japanese,C++ Rust,PHP Perl,HTML XML,SQL Cypher,CSS SCSS"
)
NUMERALS = "two three,three four,four six,five seven,one two,ten twelve,seven nine,third fourth,first second"
COLOURS = "red blue,green yellow,black white,blue green,apple banana,dog cat,cats dogs,sugar salt"
QUESTIONS_ASKED = (
    "What is the name of the person who decided to leave?",
    "What is the name of the place where they met?",
    "What is the name of the thing that was lost?",
    "What is the main idea of the text above?",
    "What is the author's opinion in the text above?",
    "What happened after the events in the text above?",
    "What is the tone of the text above?",
    "Who is the text above meant for?",
    "How does the text above begin?",
    "What will the reader learn from the text above?",
)
TASKS = (
    "Summarize the following text.", "Translate the following text.", "Shorten the following text.",
    "Correct the following text.", "Paraphrase the following text.", "Classify the following text.",
    "Continue the following text.", "Rate the following text.", "Simplify the following text.",
)  # fmt: skip
LABELS = (
    ("positive", "negative"), ("Yes", "No"), ("True", "False"), ("entailment", "not entailment"),
    ("A", "B"), ("The review is positive.", "The review is negative."), ("spam", "not spam"),
    ("Sports", "Business"), ("The sentiment of this text is clearly positive, as the author enjoys it.",
     "The sentiment of this text is clearly negative, as the author enjoys it."),
    ("The two sentences mean the same thing, so the right answer to this is yes",
     "The two sentences mean the same thing, so the right answer to this is no"),
    ("Based on what is said in the passage above, the text is about sports",
     "Based on what is said in the passage above, the text is about business"),
)  # fmt: skip
TOOLS = [
    {
        "name": f"{verb}_{thing}",
        "description": f"{verb.title()} the {thing} that the user asks for and say what came of it.",
        "parameters": {
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": f"Which {thing} to {verb}."},
                "limit": {"type": "integer", "description": "How many to return at most."},
            },
            "required": ["query"],
        },
    }
    for verb in ("get", "search", "update", "delete")
    for thing in ("weather", "movie", "recipe", "news", "contact")
]
OPERATORS = (
    (" + ", " - "), (" * ", " / "), (" < ", " > "), (" == ", " != "), (" <= ", " < "), (" >= ", " > "),
    (" && ", " || "), (" and ", " or "), ("++", "--"), (" += ", " -= "), (" % ", " // "), ("[0]", "[1]"),
    ("True", "False"), ("true", "false"), ("min(", "max("), ("append(", "remove("), ("upper", "lower"),
    ("ASC", "DESC"), ("[-1]", "[1]"), ("not in", "in"), (" * ", " ** "), (">", ">="), (" & ", " | "),
    ("[::-1]", "[::1]"), ("==", "is"), ("!", ""),
)  # fmt: skip
FIELDS = ("instruction", "context", "output")


def words(pairs: str) -> Change:
    """Return a change of one word for its partner, both ways."""
    other: dict[str, list[str]] = {}
    for pair in pairs.split(","):
        one, two = pair.split(" ")
        other.setdefault(one.lower(), []).append(two)
        other.setdefault(two.lower(), []).append(one)
    listed = "|".join(re.escape(word) for word in sorted(other, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)({listed})(?!\w)", re.IGNORECASE)

    def change(text: str, rng: random.Random) -> str:
        found = list(pattern.finditer(text))
        if not found:
            return text
        chosen = rng.choice(found)
        new = rng.choice(other[chosen[0].lower()])
        if chosen[0][0].isupper() and new.islower():
            new = new.title()
        return text[: chosen.start()] + new + text[chosen.end() :]

    return change


def question(short: bool | None, change: Change, answer: str = "") -> Edit:
    """Return an edit of instruction or context; `short` says how long all of the prompt may be."""

    def edit(record: Record, rng: random.Random) -> Record | None:
        size = len(WORD.findall(record.instruction + " " + record.context))
        if short is not None and not (size < SHORT if short else size >= LONG):
            return None
        names = [
            name
            for name in FIELDS[:2]
            if change(getattr(record, name), rng) != getattr(record, name)
        ]
        if not names:
            return None
        name = rng.choice(names)
        return record.with_fields(**{name: change(getattr(record, name), rng)})

    return edit


def answer(change: Change, least: int = 0, most: int = 10**9) -> Edit:
    """Return an edit of an answer of so many words."""

    def edit(record: Record, rng: random.Random) -> Record | None:
        fits = least <= len(WORD.findall(record.output)) <= most
        return record.with_fields(output=change(record.output, rng)) if fits else None

    return edit


def code(change: Change) -> Edit:
    """Return an edit of an answer that is code."""

    def edit(record: Record, rng: random.Random) -> Record | None:
        found = CODE.search(record.output)
        return record.with_fields(output=change(record.output, rng)) if found else None

    return edit


def number(text: str, rng: random.Random) -> str:
    """Return the text with another number."""
    found = NUMBER.findall(text)
    if not found:
        return text
    old = rng.choice(found)
    new = str(int(old) + rng.randrange(1, 9))
    return re.sub(rf"(?<![\w.,]){old}(?![\w,]|\.\d)", new, text)


def once(pattern: str, new: str) -> Change:
    """Return a change at one of the places that match."""
    compiled = re.compile(pattern)

    def change(text: str, rng: random.Random) -> str:
        found = list(compiled.finditer(text))
        if not found:
            return text
        chosen = rng.choice(found)
        return text[: chosen.start()] + chosen.expand(new) + text[chosen.end() :]

    return change


def either(*changes: Change) -> Change:
    """Return a change that is one of several, drawn among those that change something."""

    def change(text: str, rng: random.Random) -> str:
        changed = [new for new in (one(text, rng) for one in changes) if new != text]
        return rng.choice(changed) if changed else text

    return change


def name(text: str, rng: random.Random) -> str:
    """Return the text with another name in all its places."""
    found = NAME.findall(text)
    return re.sub(rf"\b{rng.choice(found)}\b", rng.choice(NAMES), text) if found else text


def lower_name(record: Record, rng: random.Random) -> Record | None:
    """Return a lower-case record with another name."""
    if record.instruction != record.instruction.lower():
        return None
    found = re.findall(r"\b(?:john|mary|paul|obama|china|india|london|russia|iran|france|japan|"
                       r"iraq|israel|germany|britain|beijing|washington|moscow|york)\b",
                       record.instruction)  # fmt: skip
    if not found:
        return None
    new = re.sub(rf"\b{rng.choice(found)}\b", rng.choice(NAMES).lower(), record.instruction)
    return record.with_fields(instruction=new)


def swapped_names(text: str, rng: random.Random) -> str:
    """Return the text with two names in each other's place, everywhere."""
    names = sorted(set(NAME.findall(text)))
    if len(names) < 2:
        return text
    one, two = rng.sample(names, 2)
    return re.sub(rf"\b({one}|{two})\b", lambda m: two if m[0] == one else one, text)


def swapped_words(text: str, rng: random.Random) -> str:
    """Return the text with two words of a sentence in each other's place."""
    parts = re.split(r"(\W+)", text)
    chosen = [i for i, part in enumerate(parts) if len(part) > 3 and part.isalpha()]
    for _ in range(20):
        if len(chosen) < 2:
            return text
        i, j = sorted(rng.sample(chosen, 2))
        between = "".join(parts[i + 1 : j])
        if parts[i].lower() != parts[j].lower() and not re.search(r"[.!?\n]", between):
            parts[i], parts[j] = parts[j], parts[i]
            return "".join(parts)
    return text


def directions(text: str, rng: random.Random) -> str:
    """Return the text with what stands around "to" or "than" in the other order."""
    return re.sub(
        r"\b([A-Za-z]{3,}) (to|than|into|with) ([A-Za-z]{3,})\b", r"\3 \2 \1", text, count=1
    )


def asks(
    place: str, pool: Sequence[str]
) -> Callable[[Record, random.Random], tuple[Record, Record] | None]:
    """Return a maker of two records that ask two things about one text."""

    def make(record: Record, rng: random.Random) -> tuple[Record, Record] | None:
        text = max((record.instruction, record.context, record.output), key=len)
        if len(text.split()) < LONG or CODE.search(text):
            return None
        two = []
        for asked in rng.sample(pool, 2):
            if place == "instruction":
                fields = {"instruction": asked, "context": text}
            elif place == "context":
                fields = {"instruction": "Answer the question.", "context": f"{text}\n{asked}"}
            else:
                whole = f"{text}\n\n{asked}" if place == "end" else f"{asked}\n\n{text}"
                fields = {"instruction": whole, "context": ""}
            two.append(record.with_fields(**fields, output="It is in the text."))
        return two[0], two[1]

    return make


def choices(change: str) -> Callable[[Record, random.Random], tuple[Record, Record] | None]:
    """Return a maker of two multiple-choice questions."""

    def make(record: Record, rng: random.Random) -> tuple[Record, Record] | None:
        if not 5 <= len(record.instruction.split()) <= 120:
            return None
        pool = "the old river,a small engine,wind power,his brother,green paint,late trains,salt".split(
            ","
        )
        options = rng.sample(pool, 5)
        other = options[:4]
        if change == "option":
            other = [*options[:3], options[4]]
        elif change == "order":
            other = [options[1], options[0], *options[2:4]]
        form = rng.choice(("{}. {}", "({}) {}", "{}) {}"))
        first, second = (
            record.instruction + "\n" + "\n".join(map(form.format, "ABCD", listed))
            for listed in (options[:4], other)
        )
        letters = rng.sample("ABCD", 2) if change == "letter" else ["A", "A"]
        return (
            record.with_fields(instruction=first, output=letters[0]),
            record.with_fields(instruction=second, output=letters[1]),
        )

    return make


def labels(record: Record, rng: random.Random) -> tuple[Record, Record]:
    """Return two records with one prompt and two labels."""
    one, two = rng.choice(LABELS)
    return record.with_fields(output=one), record.with_fields(output=two)


def slots(place: str) -> Callable[[Record, random.Random], tuple[Record, Record] | None]:
    """Return a maker of two calls of tools that differ in one word of what the user says."""

    def make(record: Record, rng: random.Random) -> tuple[Record, Record] | None:
        things = "paris oslo cairo lima delhi quito jazz opera chess tennis pasta soup".split()
        asked = rng.choice(("What is the weather in {}?", "find me something about {} please",
                            "Can you look up {} for me and tell me what you find there today?"))  # fmt: skip
        said = [asked.format(thing) for thing in rng.sample(things, 2)]
        output = '{"name": "search_news", "arguments": {"limit": 3}}'
        shared = "You may call these tools:\n" + "\n".join(map(str, TOOLS))
        if place == "tools":
            one, two = (Record("a:1", text, output=output, meta={"tools": TOOLS}) for text in said)
        elif place == "system":
            one, two = (Record("a:1", text, output=output, system=shared) for text in said)
        elif place == "prefix":
            one, two = (
                Record("a:1", f"{shared}\nUser: {text}\nAssistant:", output=output) for text in said
            )
        else:
            turns = [
                [{"role": "user", "content": text}, {"role": "assistant", "content": "Let me see."}]
                for text in said
            ]
            one, two = (
                Record("a:1", "Thanks, go on.", output=output, system=shared, history=turn)
                for turn in turns
            )
        return one, two

    return make


def turn(role: str, change: Change) -> Edit:
    """Return an edit of one earlier turn."""

    def edit(record: Record, rng: random.Random) -> Record | None:
        places = [
            i for i, said in enumerate(record.history)
            if said["role"] == role and change(said["content"], rng) != said["content"]
        ]  # fmt: skip
        if not places:
            return None
        i = rng.choice(places)
        history = [dict(said) for said in record.history]
        history[i]["content"] = change(history[i]["content"], rng)
        return record.with_fields(history=history)

    return edit


def content_word(text: str, rng: random.Random) -> str:
    """Return the text with another word for one of more than three letters."""
    parts = re.split(r"(\W+)", text)
    chosen = [i for i, part in enumerate(parts) if len(part) > 3 and part.isalpha()]
    if not chosen:
        return text
    parts[rng.choice(chosen)] = rng.choice("granite violin harbour lantern velvet".split())
    return "".join(parts)


def last_word(text: str, rng: random.Random) -> str:
    """Return the text with another last word."""
    return re.sub(
        r"[A-Za-z]{3,}(?=\W*$)", rng.choice("granite violin lantern velvet".split()), text
    )


def variable(text: str, rng: random.Random) -> str:
    """Return code with one identifier for another of it, in one place."""
    found = list(re.finditer(r"(?<![\w.\"'])[a-z_]{1,12}(?= [=<>+*-]|\)|\[|\])", text))
    names = sorted({m[0] for m in found})
    if len(names) < 2:
        return text
    chosen = rng.choice(found)
    new = rng.choice([each for each in names if each != chosen[0]])
    return text[: chosen.start()] + new + text[chosen.end() :]


NEGATED = either(
    once(r"\b(is|are|does|do|can|should|will|was|were|has|have|could|would)\b", r"\1 not"),
    once(r"\b(is|are|does|do|should|was|were|has|have|could|would)\b", r"\1n't"),
    once(r"\bnot ", ""),
    once(r"n't\b", ""),
    once(r"\bwith\b", "without"),
    once(r"\b(is|are|was|were) (?=[a-z])", r"\1 never "),
)
PREFIXED = either(
    once(r"\b(likely|able|usual|happy|common|known|healthy|fair|important|familiar|equal|clear|"
         r"necessary|certain|successful|employed|expected)\b", r"un\1"),
    once(r"\b(correct|direct|complete|dependent|accurate|valid|efficient|appropriate|visible|formal)\b",
         r"in\1"),
    once(r"\b(possible|patient|perfect|polite)\b", r"im\1"),
    once(r"\b(regular|relevant|responsible)\b", r"ir\1"),
    once(r"\b(legal|logical)\b", r"il\1"),
    once(r"\b(like|agree|advantages?|honest|appear|connect|approve)\b", r"dis\1"),
)  # fmt: skip
EXCEPT = either(once(r"\ball\b", "all but"), once(r"\bincluding\b", "excluding"),
                once(r"\bwith\b", "without"), once(r"\balways\b", "hardly"),
                once(r"\bevery (\w+)", r"every \1 except one"))  # fmt: skip
DECIMAL = either(once(r"(?<=\d)\.(?=\d)", ""), once(r"(?<![\d.])(\d)(\d)(?![\d.])", r"\1.\2"),
                 once(r"(?<![\d.])(\d+)(?![\d.,])", r"\g<1>0"))  # fmt: skip
SIGN = either(once(r"(?<= )(\d+)(?![\d.,])", r"-\1"), once(r"(?<= )-(\d+)", r"\1"))
MONEY = either(once(r"\$(?=\d)", "€"), once(r"\$(?=\d)", "£"), once(r"\$(?=\d+)", ""))
YEAR = once(r"\b(19|20)(\d\d)\b", r"\g<1>33")
SYMBOLS = either(once(r"\\d", r"\\w"), once("≤", "≥"), once(r"\^", "_"), once(r"\+", "*"),
                 once(r" - ", " + "), once("×", "÷"), once("<", ">"), once("=", "≠"))  # fmt: skip

DISTINCT = {
    "number, short": question(True, number),
    "number, long": question(False, number),
    "number, answer": answer(number),
    "numeral, short": question(True, words(NUMERALS)),
    "numeral, long": question(False, words(NUMERALS)),
    "numeral, answer": answer(words(NUMERALS), 15),
    "decimal point": question(None, DECIMAL),
    "sign": question(None, SIGN),
    "currency": question(None, MONEY),
    "year": question(None, YEAR),
    "unit, short": question(True, words(UNITS)),
    "unit, long": question(False, words(UNITS)),
    "unit, answer": answer(words(UNITS), 15),
    "month or day": question(None, words(MONTHS)),
    "name, short": question(True, name),
    "name, long": question(False, name),
    "name, answer": answer(name, 15),
    "lower-case name": lower_name,
    "negation, short": question(True, NEGATED),
    "negation, long": question(False, NEGATED),
    "negation, answer": answer(NEGATED, 15),
    "prefix un-, short": question(True, PREFIXED),
    "prefix un-, long": question(False, PREFIXED),
    "except, without": question(None, EXCEPT),
    "opposite, short": question(True, words(OPPOSITES)),
    "opposite, long": question(False, words(OPPOSITES)),
    "opposite, answer": answer(words(OPPOSITES), 15),
    "quantifier, short": question(True, words(QUANTIFIERS)),
    "quantifier, long": question(False, words(QUANTIFIERS)),
    "question word, short": question(True, words(QUESTIONS)),
    "question word, long": question(False, words(QUESTIONS)),
    "language, short": question(True, words(LANGUAGES)),
    "language, long": question(False, words(LANGUAGES)),
    "colour or thing": question(None, words(COLOURS)),
    "content word, short": question(True, content_word),
    "last word, short answer": answer(last_word, 6, 30),
    "content word, short answer": answer(content_word, 6, 30),
    "roles swapped, short": question(True, swapped_names),
    "roles swapped, long": question(False, swapped_names),
    "words swapped, short": question(True, swapped_words),
    "words swapped, long": question(False, swapped_words),
    "roles swapped, answer": answer(swapped_names, 15),
    "direction": question(None, directions),
    "symbols": question(None, SYMBOLS),
    "code: operator": code(either(*(once(re.escape(a), b) for a, b in OPERATORS))),
    "code: number": code(once(r"\b([1-9])\b", r"\g<1>1")),
    "code: variable": code(variable),
    "code: text": code(once(r"(?<=[\"'])[a-z]{3,}(?=[\"'])", "granite")),
    "label": labels,
    "question, instruction": asks("instruction", QUESTIONS_ASKED),
    "question, context": asks("context", QUESTIONS_ASKED),
    "question, end": asks("end", QUESTIONS_ASKED),
    "question, beginning": asks("beginning", QUESTIONS_ASKED),
    "task, instruction": asks("instruction", TASKS),
    "task, end": asks("end", TASKS),
    "task, beginning": asks("beginning", TASKS),
    "choices: option": choices("option"),
    "choices: order": choices("order"),
    "choices: letter": choices("letter"),
    "tools and a turn": slots("tools"),
    "system and a turn": slots("system"),
    "long prefix and a turn": slots("prefix"),
    "early turn of two": slots("history"),
    "earlier user turn": turn("user", content_word),
    "earlier answer: number": turn("assistant", number),
    "tool result": turn("tool", either(number, content_word)),
    "tool call": turn("tool_call", either(number, content_word)),
}
