"""Words that decide whether two texts mean the same, and words that do not."""

import re

__all__ = ["FILLING", "NEGATIONS", "NUMERALS", "strip_politeness"]

# As the tokens are: lower case, without apostrophes.
NUMERALS = frozenset(
    "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred thousand million billion trillion dozen half twice thrice double triple".split()
)
NEGATIONS = frozenset(
    "not no never none nor neither without cannot cant dont doesnt didnt wont wouldnt couldnt "
    "shouldnt isnt arent wasnt werent hasnt havent hadnt mustnt neednt aint nobody nothing "
    "nowhere except exclude excluding unless "
    "nicht kein keine keinen keiner nie ohne pas jamais sans sin nunca ningún não sem".split()
)
# Without these two questions can still be told apart.
FILLING = frozenset(
    "a an the this that these those it its is are was were be been being am do does did doing "
    "have has had having of in on at to for from by with as and or but if so then than there here "
    "i you he she we they me him her us them my your his our their can could will would shall "
    "should may might must please kindly just also very "
    "hi hello hey thanks thank some any each such let help task question answer following given "
    "below above tell give write provide".split()
)

_OPENERS = (
    r"please|kindly|hi(?: there)?|hello(?: there)?|hey(?: there)?|dear \w+|"
    r"(?:(?:one|a|quick|my|i have a) )?question|task|instruction|q|tell me(?=\s*[,:])|"
    r"(?:(?:can|could|would|will) you )?(?:please |kindly )?help(?: me)?(?: with this| out)?"
    r"(?=\s*[.?!:])|"
    r"(?:please )?answer(?: (?:this|the following)(?: question)?)?(?=\s*:)|"
    r"i (?:need|want|would like|'d like) you to|i need your help|thanks in advance"
)
_OPENING = re.compile(rf"\A(?:\s*(?:{_OPENERS})\s*[,.:;!?\-–—]*(?=\s|\Z))+\s*", re.IGNORECASE)
_CLOSERS = (
    r"i hope (?:this|that|it) (?:helps|is helpful|answers your question)|hope (?:this|that|it) "
    r"helps|please|thanks?(?: you)?(?: (?:so|very) much)?(?: in advance)?|"
    r"(?:please )?let me know if you (?:have|need|want|would like)[^.!?\n]{0,60}|"
    r"(?:please )?feel free to (?:ask|reach out)[^.!?\n]{0,60}|"
    r"is there anything else (?:I|you)[^.!?\n]{0,60}|you(?:'re| are) welcome|good luck|"
    r"have a (?:nice|great|good) day"
)
_CLOSING = re.compile(rf"(?:(?:\A|(?<=[.!?,;:)\n\"'`])|(?<=\w))\s+(?:{_CLOSERS})\s*[.!?]*)+\s*\Z",
                      re.IGNORECASE)  # fmt: skip
_ANSWER_OPENING = re.compile(
    r"\A(?:\s*(?:sure(?: thing)?|certainly|of course|absolutely|great question|yes, of course|"
    r"answer|response|output)\s*[!.:,]+(?=\s))+\s*",
    re.IGNORECASE,
)
_OPENS = re.compile(  # what a text begins with that _OPENING may match: it is the slower one
    r"\s*(?:please|answ|kindly|h[ie]|dear|task|ques|inst|q\b|can|coul|woul|will|help|i |than|one |"
    r"a |quick|my |tell)",
    re.IGNORECASE,
)
_TAIL = 90
_CLOSES = ("help", "thank", "please", "let me", "feel free", "anything", "welcome", "luck", "day")


def strip_politeness(text: str, *, answer: bool = False) -> str:
    """Return a text without the phrases that wrap what is asked or answered.

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
    elif _OPENS.match(stripped) and (found := _OPENING.match(stripped)):
        stripped = stripped[found.end() :]
    tail = stripped[-_TAIL:]
    low = tail.lower()
    if any(sign in low for sign in _CLOSES) and (found := _CLOSING.search(tail)):
        stripped = stripped[: len(stripped) - len(tail) + found.start()]
    return stripped if stripped.strip() else text
