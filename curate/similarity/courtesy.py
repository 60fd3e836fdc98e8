"""What stands around a prompt or an answer and is no part of it: courtesy, labels, code fences."""

import re

__all__ = ["parts_of", "says_nothing", "strip_politeness"]

_PLEASE = (
    r"please|kindly|bitte|por favor|per favore|s'il (?:te|vous) pla[iî]t|пожалуйста|"
    r"请问|请你?帮?我?|請問|請"
)
_VERB = r"(?:can|could|would|will) you (?:please |kindly )?"
_OPENERS = (
    rf"(?:{_PLEASE})[,:]?|hi(?: there)?|hello(?: there)?|hey(?: there)?|dear \w+|"
    r"good (?:morning|afternoon|evening|day)|"
    r"(?:(?:one|a|quick|my|i have a) )?question|task|prompt|q|tell me(?=\s*[,:])|"
    rf"(?:{_VERB})?help(?: me)?(?: with this| out)?(?=\s*[.?!:])|"
    r"would you mind helping(?: me)?(?: with this| out)?(?=\s*[.?!:])|"
    rf"{_VERB}(?=[a-z])|"
    r"(?:please )?answer(?: (?:this|the following)(?: question)?)?(?=\s*[:\n])|"
    r"i (?:need|want|would like|'d like) (?:you to|your help)|i'd like you to|"
    r"thanks in advance|\[inst\]|"
    r"#*\s*(?:instructions?|user|human|question|task|prompt|input)\s*:"
).replace(" ", " +")
_AFTER = r"\s*[,.:;!?\-–—]*(?=\s|\Z|(?<=[请問问請我]))"
_OPENING = re.compile(rf"\A(?:\s*(?:{_OPENERS}){_AFTER})+\s*", re.IGNORECASE)
_CLOSERS = (
    r"i hope (?:this|that|it) (?:helps|is helpful|answers your question)|hope (?:this|that|it) "
    rf"helps|{_PLEASE}(?: help)?|(?:many )?than(?:ks|x)|thx|cheers|"
    r"thanks?(?: you)?(?: (?:so|very) much)?(?: in advance| for your help)?|"
    r"i appreciate (?:your help|it)|"
    r"(?:please )?let me know if (?:you (?:have|need|want|would like)|that|this|it|there)"
    r"[^.!?\n]{0,60}|(?:please )?feel free to (?:ask|reach out)[^.!?\n]{0,60}|"
    r"if you have any (?:\w+ )?questions,? (?:please )?(?:feel free|let me|do)[^.!?\n]{0,40}|"
    r"is there anything else (?:I|you)[^.!?\n]{0,60}|you(?:'re| are) welcome|good luck|"
    r"have a (?:nice|great|good) day"
)
_CLOSING = re.compile(rf"(?:(?:\A|(?<=[.!?,;:)\n\"'`])|(?<=\w))\s+(?:{_CLOSERS})\s*[.!?]*)+\s*\Z",
                      re.IGNORECASE)  # fmt: skip
_LABELS = re.compile(  # of what comes next, at the end of a prompt
    r"(?:\s*(?:\n\s*(?:#+ ?)?(?:answer|response|output|assistant|a)\s*:|#{2,}|\[/inst\]))+\s*\Z",
    re.IGNORECASE,
)
_LABEL_ENDS = (":", "##", "]")
_ANSWER_OPENING = re.compile(
    r"\A(?:\s*(?:sure(?: thing)?|certainly|of course|absolutely|great question|yes, of course|"
    r"(?:sure, |certainly, |of course, )?"
    r"(?:here you go|here(?: is|'s) (?:the|your|an) (?:answer|response))|"
    r"answer|response|output|a(?=:))"
    r"\s*[!.:,]+(?=\s))+\s*",
    re.IGNORECASE,
)
_OPENS = re.compile(  # what a text begins with that _OPENING may match: it is the slower one
    r"\s*(?:please|answ|kindly|h[ieu]|dear|task|ques|inst|q\b|can|coul|woul|will|help|i[ '’]|than|"
    r"one |a |quick|my |tell|good|prom|user|inp|#|\[i|bitt|por |per |s'|пож|请|請)",
    re.IGNORECASE,
)
_TAIL = 120
_CLOSES = ("help", "than", "please", "let me", "feel free", "anything", "welcome", "luck", "day",
           "questions", "thx", "cheers", "apprec", "bitte", "favor", "s'il", "пожал")  # fmt: skip
_FENCE = re.compile(r"^[ \t]*```[\w+#-]*[ \t]*$", re.MULTILINE)
_NOTHING = re.compile(r"\s*you are an? (?:helpful )?(?:AI )?assistant\.?\s*", re.IGNORECASE)
# Where a part begins that is read by itself: an option, a turn, an input.
_PART = re.compile(
    r"\n(?=\W{0,2}[A-Ha-h][.)] |\W{0,4}(?:user|human|assistant|input|instruction)\s*:)",
    re.IGNORECASE,
)
_INPUT = re.compile(r"\A\W{0,4}input\s*:\s*", re.IGNORECASE)


def strip_politeness(text: str, *, answer: bool = False) -> str:
    """Return a text without the phrases and labels that wrap what is asked or answered.

    Nothing is stripped where nothing would be left.

    >>> strip_politeness("Can you help? Please name a fruit, thanks!")
    'name a fruit,'
    >>> strip_politeness("Sure! An apple. I hope this helps!", answer=True)
    'An apple.'
    """
    stripped = text
    if answer:
        if found := _ANSWER_OPENING.match(stripped):
            stripped = stripped[found.end() :]
        if "```" in stripped:
            stripped = _FENCE.sub("", stripped)
    elif _OPENS.match(stripped) and (found := _OPENING.match(stripped)):
        stripped = stripped[found.end() :]
    tail = stripped[-_TAIL:]
    if not answer and tail.rstrip().endswith(_LABEL_ENDS) and (found := _LABELS.search(tail)):
        stripped = stripped[: len(stripped) - len(tail) + found.start()]
        tail = stripped[-_TAIL:]
    if _may_close(tail.lower()) and (found := _CLOSING.search(tail)):
        stripped = stripped[: len(stripped) - len(tail) + found.start()]
    return stripped if stripped.strip() else text


def _may_close(tail: str) -> bool:
    for sign in _CLOSES:  # any() takes twice as long, and this is asked of every text
        if sign in tail:
            return True
    return False


def says_nothing(system: str) -> bool:
    """Return whether a system prompt is the one that templates put where there is none.

    >>> says_nothing("You are a helpful assistant.")
    True
    """
    return len(system) < 50 and _NOTHING.fullmatch(system) is not None


def parts_of(text: str) -> list[str]:
    r"""Return the parts of a text that are read one by one: the options of a choice, turns.

    >>> parts_of("Which?\nA) this\nB) that")
    ['Which?', 'A) this', 'B) that']
    """
    if "\n" not in text:
        return [text]
    first, *others = _PART.split(text)
    return [first, *(_INPUT.sub("", other) for other in others)]
