"""Edits that leave what a record says as it was: one of the two should go."""

import html
import random
import re
import textwrap
import unicodedata
from collections.abc import Callable

from curate.records import Record

__all__ = ["SUPERFICIAL"]

Edit = Callable[[Record, random.Random], Record | None]
Change = Callable[[str, random.Random], str]

LONG = 60  # words
WORD = re.compile(r"\w+")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
CODE = re.compile(r"def \w+\(|function \w+\(|public |#include|=> \{|for \(")

OPENERS = (
    "Please ", "Could you please ", "Can you ", "Could you ", "Would you kindly ", "Kindly ",
    "I would like you to ", "I need you to ", "Hey, ", "Hello! ", "Hi, ", "Dear assistant, ",
    "Good morning! ", "I want you to ", "Would you mind helping me? ", "I have a question. ",
    "Quick question: ", "Can you help me with this? ",
)  # fmt: skip
CLOSERS = (
    " Thanks!", " Thank you.", " Thank you very much!", ", please", " Thanks in advance.",
    " Please help.", " Thank you so much for your help!", " Many thanks!", " Cheers!",
    " I appreciate your help.", " Thx", " Please.",
)  # fmt: skip
ANSWER_OPENERS = (
    "Sure! ", "Certainly! ", "Of course! ", "Sure, ", "Absolutely! ", "Great question! ",
    "Answer: ", "A: ", "Response: ", "Output: ", "Here is the answer: ", "Of course, here you go: ",
    "Sure, here you go:\n\n", "Certainly! Here is the answer:\n\n", "Here you go: ",
)  # fmt: skip
ANSWER_CLOSERS = (
    " I hope this helps!", " Hope this helps.", " Let me know if you need anything else.",
    " Feel free to ask if you have more questions.", " Is there anything else I can help you with?",
    " Have a great day!", " Hope that helps!", " Let me know if you have any other questions!",
    " If you have any further questions, feel free to ask.", " Please let me know if that works.",
)  # fmt: skip
WRAPPERS = (
    "Q: {}\nA:", "Question: {}\nAnswer:", "Instruction: {}", "### Instruction:\n{}\n\n### Response:",
    "{}\n\nAnswer:", "{} ###", "{}\n###\n", "Task: {}", "Prompt: {}", "{}\nOutput:", "USER: {}",
    "User: {}\nAssistant:", "Human: {}\n\nAssistant:", "[INST] {} [/INST]", "Input: {}\nOutput:",
    '"{}"', "{}\n\nResponse:", "Question: {}",
)  # fmt: skip
CONTRACTIONS = dict(
    pair.split("=")
    for pair in "don't=do not;doesn't=does not;didn't=did not;isn't=is not;aren't=are not;"
    "wasn't=was not;weren't=were not;can't=cannot;won't=will not;couldn't=could not;"
    "wouldn't=would not;shouldn't=should not;hasn't=has not;haven't=have not;hadn't=had not;"
    "it's=it is;that's=that is;what's=what is;there's=there is;I'm=I am;you're=you are;"
    "we're=we are;they're=they are;I've=I have;you've=you have;we've=we have;I'll=I will;"
    "you'll=you will;let's=let us;he's=he is;she's=she is".split(";")
)
BRITISH = dict(
    pair.split("=")
    for pair in "color=colour;colors=colours;favorite=favourite;center=centre;organize=organise;"
    "organized=organised;organization=organisation;recognize=recognise;recognized=recognised;"
    "realize=realise;analyze=analyse;behavior=behaviour;neighbor=neighbour;traveled=travelled;"
    "traveling=travelling;labor=labour;honor=honour;flavor=flavour;summarize=summarise;"
    "optimize=optimise;optimized=optimised;program=programme;gray=grey;theater=theatre;"
    "meters=metres;liter=litre;license=licence;defense=defence;customize=customise;"
    "minimize=minimise;maximize=maximise;utilize=utilise;categorize=categorise;catalog=catalogue;"
    "initialize=initialise;specialized=specialised;humor=humour;canceled=cancelled".split(";")
)
FIELDS = ("instruction", "context", "output")


def everywhere(change: Change) -> Edit:
    """Return an edit of all three fields."""

    def edit(record: Record, rng: random.Random) -> Record:
        return record.with_fields(**{name: change(getattr(record, name), rng) for name in FIELDS})

    return edit


def longest(change: Change, least: int = LONG) -> Edit:
    """Return an edit of the longest field, if it has so many words."""

    def edit(record: Record, rng: random.Random) -> Record | None:
        name = max(FIELDS, key=lambda name: len(getattr(record, name)))
        text = getattr(record, name)
        if len(WORD.findall(text)) < least:
            return None
        return record.with_fields(**{name: change(text, rng)})

    return edit


def one(field: str, change: Change) -> Edit:
    """Return an edit of one field that is not empty."""

    def edit(record: Record, rng: random.Random) -> Record | None:
        text = getattr(record, field)
        return record.with_fields(**{field: change(text, rng)}) if text.strip() else None

    return edit


def is_code(record: Record) -> bool:
    """Return whether the answer is code."""
    return bool(CODE.search(record.output)) and "```" not in record.output


def code(change: Change) -> Edit:
    """Return an edit of an answer that is code."""

    def edit(record: Record, rng: random.Random) -> Record | None:
        return record.with_fields(output=change(record.output, rng)) if is_code(record) else None

    return edit


def curly(text: str, rng: random.Random) -> str:
    """Return the text with typographic quotation marks, dashes and ellipses."""
    text = re.sub(r"(?<!\w)'|'(?!\w)", "‘", text).replace("'", "’")
    text = re.sub(r'(?<!\w)"', "“", text).replace('"', "”")
    return text.replace("...", "…").replace(" - ", " – ").replace("--", "—")


def full_width(text: str, rng: random.Random) -> str:
    """Return the text with wide letters and digits."""
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in text)


def ligatures(text: str, rng: random.Random) -> str:
    """Return the text with ligatures for some pairs of letters."""
    for letters, sign in (("ffi", "ﬃ"), ("ff", "ﬀ"), ("fi", "ﬁ"), ("fl", "ﬂ")):
        text = text.replace(letters, sign)
    return text


def hard_spaces(text: str, rng: random.Random) -> str:
    """Return the text with spaces of other kinds."""
    return re.sub(" ", lambda _: rng.choice("   \u00a0\u202f\u2009"), text)


def zero_width(text: str, rng: random.Random) -> str:
    """Return the text with signs of no width, within words too, and a mark at the beginning."""
    marked = re.sub(
        r"(?<=\w)(?=\w)", lambda _: rng.choice(["\u200b", "\u00ad", "\u2060", *[""] * 37]), text
    )
    return "\ufeff" + marked if text else text


def html_text(text: str, rng: random.Random) -> str:
    """Return the text as it stands in HTML."""
    return html.escape(text).replace("\n", "<br>\n") if text else text


def paragraphs(text: str, rng: random.Random) -> str:
    """Return the text in HTML paragraphs."""
    return "\n".join(f"<p>{line}</p>" for line in text.split("\n")) if text else text


def bold(text: str, rng: random.Random) -> str:
    """Return the text with some words in bold, italics or marked as code."""
    marks = ["**{}**", "*{}*", "__{}__", "`{}`", *["{}"] * 16]
    return re.sub(r"\b[^\W\d_]{3,}\b", lambda m: rng.choice(marks).format(m.group()), text)


def headings(text: str, rng: random.Random) -> str:
    """Return the text with its first line as a heading and its others as quoted or listed."""
    mark = rng.choice(("- ", "* ", "> ", "• "))
    lines = text.split("\n")
    return "\n".join(
        (f"## {line}" if number == 0 and len(lines) > 1 else mark + line) if line.strip() else line
        for number, line in enumerate(lines)
    )


def numbering(text: str, rng: random.Random) -> str:
    """Return the text with its numbered list in another dress."""
    form = rng.choice((r"\1\2) ", r"\1(\2) ", r"\1**\2.** ", r"\1\2 - "))
    return re.sub(r"(?m)^(\s*)(\d{1,2})\. ", form, text)


def numbers_to_bullets(text: str, rng: random.Random) -> str:
    """Return the text with bullets for the numbers of its list."""
    return re.sub(r"(?m)^(\s*)\d{1,2}[.)] ", r"\1- ", text)


def from_dict(words: dict[str, str]) -> Change:
    """Return a change of words for others."""
    pattern = re.compile(rf"\b({'|'.join(words)})\b", re.IGNORECASE)

    def other(match: re.Match[str]) -> str:
        found = match.group()
        new = words.get(found) or words.get(found.lower()) or found
        return new[0].upper() + new[1:] if found[0].isupper() else new

    return lambda text, rng: pattern.sub(other, text)


def thousands(text: str, rng: random.Random) -> str:
    """Return the text with commas in its numbers, or without."""
    bare = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    return bare if bare != text else re.sub(r"\b\d{4,6}\b", lambda m: f"{int(m[0]):,}", text)


def typos(text: str, rng: random.Random) -> str:
    """Return the text with a letter swapped, lost or doubled in 1 to 3 % of its words."""
    parts = re.split(r"(\W+)", text)
    words = [i for i, part in enumerate(parts) if len(part) > 3 and part.isalpha()]
    for i in (
        rng.sample(words, max(1, round(len(words) * rng.uniform(0.01, 0.03)))) if words else ()
    ):
        word, at = parts[i], rng.randrange(1, len(parts[i]) - 1)
        parts[i] = rng.choice(
            (
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
            )
        )
    return "".join(parts)


def swapped_sentences(text: str, rng: random.Random) -> str:
    """Return the text with two sentences that follow each other swapped."""
    sentences = SENTENCE.split(text)
    if len(sentences) > 3:
        i = rng.randrange(len(sentences) - 1)
        sentences[i], sentences[i + 1] = sentences[i + 1], sentences[i]
    return " ".join(sentences) if len(sentences) > 3 else text


def sentence_more(text: str, rng: random.Random) -> str:
    """Return a long text with a closing sentence."""
    return f"{text.rstrip()} {rng.choice(('That is all there is to it.', 'In short, it is worth it.'))}"


def sentence_less(text: str, rng: random.Random) -> str:
    """Return a long text without its last sentence, where that is a short one without a number."""
    sentences = SENTENCE.split(text.strip())
    last = sentences[-1]
    short = len(last.split()) * 8 < len(text.split()) and not re.search(r"\d|not|n't|no ", last)
    return text[: text.rindex(last)] if len(sentences) > 3 and short else text


def indent(text: str, rng: random.Random) -> str:
    """Return code with tabs or two spaces for four."""
    step = rng.choice(("\t", "  ", "        "))
    return re.sub(r"(?m)^ +", lambda m: step * (len(m[0]) // 4) + " " * (len(m[0]) % 4), text)


def comment_case(text: str, rng: random.Random) -> str:
    """Return code with other case and a full stop in its comments."""
    return re.sub(r"(?m)(# |// )(.+)$", lambda m: m[1] + m[2].swapcase() + ".", text)


def operator_spaces(text: str, rng: random.Random) -> str:
    """Return code with no spaces around operators and after commas."""
    return re.sub(r" ?(==|<=|>=|[-+*/=<>,]) ?", r"\1", text)


def wrap(record: Record, rng: random.Random) -> Record:
    """Return the record with what prompts are wrapped in around its instruction."""
    return record.with_fields(instruction=rng.choice(WRAPPERS).replace("{}", record.instruction))


def polite(record: Record, rng: random.Random) -> Record | None:
    """Return the record with courtesy before or after the instruction."""
    text = record.instruction
    if not text or not text[0].isupper() or text[:2].isupper() or not text[0].isascii():
        return None
    verb = re.match(r"(Write|Give|Name|List|Create|Generate|Describe|Explain|Find|Make|Rewrite|"
                    r"Summari[sz]e|Classify|Identify|Translate|Compare|Convert|Suggest|Construct|"
                    r"Implement|Design|Develop|Build|Calculate|Compute|Tell|Provide)\b", text)  # fmt: skip
    if rng.random() < 0.4 or not verb:
        end = text.rstrip()
        return record.with_fields(instruction=end.rstrip(",") + rng.choice(CLOSERS))
    return record.with_fields(instruction=rng.choice(OPENERS) + text[0].lower() + text[1:])


def polite_answer(record: Record, rng: random.Random) -> Record:
    """Return the record with courtesy before or after the answer."""
    if rng.random() < 0.5:
        return record.with_fields(output=rng.choice(ANSWER_OPENERS) + record.output)
    return record.with_fields(output=record.output.rstrip() + rng.choice(ANSWER_CLOSERS))


def merged(record: Record, rng: random.Random) -> Record | None:
    """Return the record with its context inside the instruction."""
    between = rng.choice(("\n", "\n\n", " ", "\nInput: ", "\n\nInput:\n", "\n### Input:\n"))
    whole = record.instruction + between + record.context
    return record.with_fields(instruction=whole, context="") if record.context else None


def default_system(record: Record, rng: random.Random) -> Record | None:
    """Return the record with the system prompt that says nothing."""
    prompt = rng.choice(("You are a helpful assistant.", "You are a helpful AI assistant."))
    return None if record.system else record.with_fields(system=prompt)


def longer_answer(change: Change) -> Edit:
    """Return an edit of an answer of many words."""

    def edit(record: Record, rng: random.Random) -> Record | None:
        long = len(record.output.split()) >= LONG and not is_code(record)
        return record.with_fields(output=change(record.output, rng)) if long else None

    return edit


SUPERFICIAL: dict[str, Edit] = {
    "case": everywhere(lambda text, rng: text.swapcase()),
    "curly quotes and dashes": everywhere(curly),
    "NFD": everywhere(lambda text, rng: unicodedata.normalize("NFD", text)),
    "full width": everywhere(full_width),
    "ligatures": everywhere(ligatures),
    "hard spaces": everywhere(hard_spaces),
    "zero width": everywhere(zero_width),
    "HTML entities, <br>": everywhere(html_text),
    "HTML paragraphs": everywhere(paragraphs),
    "bold, italics, `code`": longest(bold, 10),
    "headings and bullets": longest(headings, 10),
    "numbering 1. to 1)": everywhere(numbering),
    "numbers to bullets": everywhere(numbers_to_bullets),
    "wrapped prompt": wrap,
    "polite prompt": polite,
    "polite answer": polite_answer,
    "contractions, prompt": one("instruction", from_dict(CONTRACTIONS)),
    "contractions, all": everywhere(from_dict(CONTRACTIONS)),
    "British spelling, long": longest(from_dict(BRITISH)),
    "1,000": everywhere(thousands),
    "percent": everywhere(lambda text, rng: re.sub(r"(?<=\d)%(?!\w)", " percent", text)),
    "blank lines": everywhere(lambda text, rng: text.replace("\n", "\n\n") + "\n\n"),
    "tabs": everywhere(lambda text, rng: text.replace(" ", "\t")),
    "rewrapped": everywhere(lambda text, rng: textwrap.fill(text, 72)),
    "typos": longest(typos),
    "sentences swapped": longest(swapped_sentences),
    "sentence more, answer": longer_answer(sentence_more),
    "sentence less, answer": longer_answer(sentence_less),
    "code: indent": code(indent),
    "code: comments": code(comment_case),
    "code: semicolons": code(lambda text, rng: re.sub(r"(?m);\s*$", "", text)),
    "code: trailing space": code(lambda text, rng: text.replace("\n", "  \n")),
    "code: fence": code(lambda text, rng: f"```{rng.choice(('', 'python', 'py'))}\n{text}\n```"),
    "code: spaces": code(operator_spaces),
    "code: quotes": code(lambda text, rng: text.replace('"', "'")),
    "emoji": one("output", lambda text, rng: f"{text} {rng.choice('😊🙂👍🎉')}"),
    "emoji, prompt": one("instruction", lambda text, rng: f"{text} {rng.choice('😊🙂🙏')}"),
    "quoted answer": one("output", lambda text, rng: f'"{text}"'),
    "merged fields": merged,
    "default system prompt": default_system,
    "full stops": everywhere(lambda text, rng: text.rstrip(".!") + rng.choice(("", "!", " ."))),
}
