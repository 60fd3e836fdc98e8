"""Drop prompts about something that the model cannot see."""

import re
from typing import ClassVar

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of

__all__ = ["Unanswerable"]

_SEEN = (
    r"(?:image|picture|photo|photograph|painting|drawing|video|video clip|audio|audio clip|audio "
    r"file|recording|screenshot|gif|infographic)s?\b"
    # Not "this picture frame shop", "this video game": it ends there, or a small word follows.
    r"(?=\s*(?:[^\w\s]|\Z)|\s+(?:above|and|are|as|at|attached|below|by|can|contains?|conveys?|"
    r"depicts?|do|does|evokes?|for|from|given|has|have|here|i|if|in|into|is|made|makes?|means?|of|"
    r"on|or|please|portrays?|provided|represents?|says?|shows?|suggests?|taken|tells?|that|to|"
    r"using|was|we|were|which|with|you|\w+ly)\b)"
)
_LOOK = (
    r"(?:describe|caption|identify|analy[sz]e|classify|label|look at|watch|listen to|interpret|"
    r"transcribe|summari[sz]e|edit|colori[sz]e|explain|comment on|what (?:is|are|do you see)|who "
    r"is|what's|how many|tell me about|(?:write|generate|create|give) an? (?:caption|description|"
    r"title|story))\b"
)
_SHOWN = (  # words with other senses too: "this graph algorithm", "the following file format"
    r"(?:charts?|graphs?|diagrams?|maps?|figures?|pdfs?|documents?|pdf documents?|files?|"
    r"spreadsheets?)(?=\s*(?:[.,:;?!]|\Z|(?:below|above|and)\b))"
)
_IMAGE = re.compile(
    rf"\b{_LOOK}[^.?!\n]{{0,60}}\b(?:this|these|the (?:given|following|attached|provided|above|"
    rf"below)|given|attached) (?:{_SEEN}|{_SHOWN})"
    rf"|\b{_LOOK}[^.?!\n]{{0,40}}\b(?:in|on|by|of|from) (?:this|the) {_SEEN}\s*[.?!]?\s*\Z"
    rf"|\b(?:describe|caption|analy[sz]e|interpret) (?:this|the) {_SEEN}\s*[.?!:]?\s*\Z"
    rf"|\b{_LOOK}[^.?!\n]{{0,40}}\b(?:this|the) {_SEEN} "
    r"(?:below|above|attached|provided|given|here)\b",
    re.IGNORECASE,
)
# So plain that no other material can stand for it.
_LOOK_FIRST = re.compile(
    rf"\W*(?:look at|watch|listen to) (?:this|the) (?:{_SEEN}|{_SHOWN})", re.IGNORECASE
)
# The material in words: "Describe this image: a cat on a sofa."
_IN_WORDS = re.compile(r"(?:\s+(?:in words|\w+))?\s*[:\n]\s*(?P<words>.+)", re.DOTALL)
_MIN_MATERIAL = 3
_FETCH = re.compile(
    r"\A\W*(?:please |can you |could you )?(?:summari[sz]e|read|visit|open|browse|analy[sz]e|"
    r"translate|review|extract|retrieve|fetch)\b[^.?!\n\"]{0,80}(?:https?://|\bwww\.)\S+"
    r"|\bth(?:is|e following) (?:page|article|site|post|video|blog|paper|story|"
    r"news)\b[^.?!\n\"]{0,20}(?:https?://|\bwww\.)\S+",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[<(\"']*(?:https?://|www\.)\S+[>)\"']*", re.IGNORECASE)
_FILE = re.compile(
    r"\S+\.(?:jpe?g|png|gif|bmp|webp|tiff?|svg|mp[34]|wav|avi|mov|pdf|docx?|pptx?|xlsx?)",
    re.IGNORECASE,
)
_OPEN_FILE = re.compile(
    r"\W*(?:(?:please|can you|could you) )?(?:open|read|summari[sz]e|review|analy[sz]e|translate|"
    r"transcribe|describe|look at|watch|listen to|check|proofread|extract)\b[^.?!:\n\"]{0,60}?"
    rf"{_FILE.pattern}(?=[\s,;?!)'\"]|\.?\Z)",
    re.IGNORECASE,
)
_ABOUT_CODE = re.compile(
    r"\b(?:code|coding|program|programming|script|function|method|algorithm|python|java|"
    r"javascript|html|css|c\+\+|c#|sql|api|class|regex|command|curl|library|implement|develop|"
    r"build|url|urls|links?|domain|website|parse|hashtags?)\b",
    re.IGNORECASE,
)
_PROMPT = r"(?:the|your) (?:question|prompt|input|instruction|request|query|message)"
_SEEMS = r"(?:(?:seems?|appears?|looks)(?: like| as if| that)?|sorry,?|unfortunately,?)"
_MISSING = re.compile(
    rf"(?:\A|[.!?]\s|\bbut |{_SEEMS}) ?{_PROMPT} (?:is|was|has been|{_SEEMS})"
    r"(?: to be| to have been)? (?:incomplete|cut off|truncated)"
    rf"|(?:{_SEEMS} {_PROMPT} (?:is|was)|{_PROMPT} {_SEEMS}(?: to be)?) (?:empty|blank|missing)\b"
    r"(?! (?:a|an|its)\b)"
    r"|\bthere (?:is|are|was|were) no (?:image|picture|photo|text|input|article|context|document|"
    r"sentence|passage|file|link|attachment|paragraph|poem|table)s? (?:given|"
    r"provided|attached|included|specified|here|for me|to (?:answer|analy[sz]e|classify|edit|read|"
    r"rewrite|summari[sz]e|translate))\b"
    r"|\byou (?:did not|didn't|have not|haven't|forgot to) (?:\w+ )?(?:provided?|specify|specified|"
    r"includ\w*|attach\w*|mention\w*|give[n]?|shared?|suppl\w*)"
    r"|\b(?:no|the) (?:image|picture|text|input|article|context|document|sentence|passage|file|"
    r"link|attachment|data|paragraph|code|song|lyrics|poem|table)s? (?:was|were|is|are|has been|"
    r"have been) (?:not )?(?:provided|given|attached|included|specified|missing)(?: (?:in|with) "
    r"(?:the|your) (?:input|prompt|question|request))?\b"
    r"|\bsorry\b[^.!?\n]{0,80}(?:\b(?:not|isn't|aren't) enough (?:information|data|context|"
    r"details?)"
    r"|\byou need to (?:specify|provide)|\bI (?:would )?need (?:more|additional|further))"
    r"|\bplease (?:provide|share|paste)(?: me)?(?: with)? the \w+[^.!?\n]{0,40}\b(?:you(?:'d| "
    r"would) like|so (?:that )?I can|for me to)\b"
    r"|\bI (?:cannot|can't|am unable to|am not able to|don't have the ability to|do not have the "
    r"ability to) (?:directly )?(?:see|view|open|watch|hear|look at|access|edit) (?:the |any |"
    r"this |that |your |external |images?|attach|links?|urls?|files?|videos?|websites?|web pages?)",
    re.IGNORECASE,
)
_MISSING_SIGNS = ("sorry", "incomplete", "cut off", "truncated", "empty", "blank", "there ",
                  "you did", "you have", "you haven't", "you forgot", "please", "provided",
                  "given", "i cannot", "i can't", "i am", "i don't", "i do not", "attached",
                  "missing", "included")  # fmt: skip
_SEEN_SIGNS = ("image", "picture", "photo", "painting", "drawing", "video", "audio", "recording",
               "screenshot", "gif", "infographic", "http", "www.", "chart", "graph", "diagram",
               "map", "figure", "pdf", "document", "file", "sheet")  # fmt: skip
_MAX_WORDS = 60  # a longer prompt brings its material along
# Where somebody else speaks, or words are what it is about, nothing need be missing.
_OTHER_VOICE = re.compile(
    r"\b(?:letters?|e-?mails?|messages?|repl(?:y|ies)|dialog(?:ue)?|conversation|story|scene|"
    r"mean(?:s|ing)?|(?:bot|chatbot|agent|assistant)s? (?:should |to )?(?:say|repl|respond|answer)|"
    r"(?:missing|forgotten|without an?) (?:attachments?|files?|images?|documents?|links?)|"
    r"incomplete|(?:is|are|was|if|whether)\b[^.?!\n]{0,40}\bcomplete|grammar\w*|grammatical\w*)",
    re.IGNORECASE,
)


class Unanswerable(RecordStep):
    """Prompts about an image, a recording, a file or an address that is not in the record.

    Two signs: a short prompt asks about "this image", or to summarise an address, and brings no
    other material (`needs_media`, `needs_url`, `needs_file`); or the output opens by saying that
    something is missing (`missing_input`). A record with tools or earlier turns, and a prompt
    that asks for code, are left alone.

    >>> step = Unanswerable()
    >>> bad = Record(id="a:1", instruction="Describe the image below.", output="A cat on a mat.")
    >>> step.apply(bad).reason, step.apply(bad).evidence["found"]
    ('needs_media', 'Describe the image below')
    >>> kept = Record(id="a:2", instruction="Describe the Mona Lisa.", output="A half-length …")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "unanswerable"
    judges_answers: ClassVar[bool] = True

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with the words that show what is missing."""
        if record.history or "tools" in record.meta:
            return record
        opening = text_of(record.output)[:300].replace("’", "'")
        signs = opening.lower()
        instruction, context = text_of(record.instruction), text_of(record.context).strip()
        if any(sign in signs for sign in _MISSING_SIGNS) and (found := _MISSING.search(opening)):
            meant = _quotes(opening, found.start()) or _is_spoken_of(instruction)
            if found.start() < 150 and not meant:
                return self.drop(record, "missing_input", field="output", found=found.group())
        signs = f"{instruction} {context}".lower() if len(instruction) < 600 else ""
        if not (
            any(sign in signs for sign in _SEEN_SIGNS)
            or _FILE.fullmatch(context)
            or _OPEN_FILE.match(instruction)
        ):
            return record
        if len(instruction.split()) > _MAX_WORDS:
            return record
        if _ABOUT_CODE.search(_ADDRESS.sub(" ", instruction)):
            return record
        reason, words = _needed(instruction, context)
        return self.drop(record, reason, field="instruction", found=words) if reason else record


def _needed(instruction: str, context: str) -> tuple[str, str]:
    """Return what is needed and missing, and the words that say so; both empty if nothing is."""
    found = _LOOK_FIRST.match(instruction)
    if found and not _has_words(instruction, found):
        return "needs_media", found.group()
    if context and not (_ADDRESS.fullmatch(context) or _FILE.fullmatch(context)):
        return "", ""
    found = _IMAGE.search(instruction)
    if found and not _has_words(instruction, found):
        return "needs_media", found.group()
    if found := _FETCH.search(instruction):
        return "needs_url", found.group()
    if context and _FILE.fullmatch(context):
        return "needs_file", context[:80]
    if found := _OPEN_FILE.match(instruction):
        return "needs_file", found.group()
    return "", ""


def _has_words(instruction: str, found: re.Match[str]) -> bool:
    """Return whether what is asked about follows in words, behind a colon or on a new line."""
    start = found.end() - 1 if found.group().endswith(":") else found.end()
    follows = _IN_WORDS.match(instruction, start)
    if follows is None:
        return False
    words = _ADDRESS.sub(" ", follows["words"]).split()
    return sum(not _FILE.fullmatch(word) for word in words) >= _MIN_MATERIAL


def _is_spoken_of(instruction: str) -> bool:
    """Return whether the prompt itself speaks of what is missing, or lets somebody else speak."""
    return bool(_OTHER_VOICE.search(instruction) or _MISSING.search(instruction))


def _quotes(text: str, at: int) -> bool:
    """Return whether the place lies inside a quotation, so that somebody else says it."""
    return text.count('"', 0, at) % 2 == 1 or text.count("“", 0, at) > text.count("”", 0, at)
