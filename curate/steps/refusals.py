"""Drop answers in which a model talks about itself instead of answering."""

import functools
import re
from typing import ClassVar

from pydantic import Field

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of

__all__ = ["Refusals"]

_AI = (
    r"\b(?:as|i am|i'm|i am just|i'm just|i am only|i'm only|being) an? (?:ai|artificial "
    r"intelligence|(?:ai |large |text-based |ai-based )?language model)\b(?:[ -](?:ai|language|"
    r"text-based|powered|based|trained|model|assistant|chatbot|system|program|bot)\b)*"
    # Not "as an AI researcher".
    r"(?= ?(?:[,.;:!?()]|\Z|(?:and|but|so|who|that|which|created|developed|trained|designed|built|"
    r"made|by|I|myself|with|without)\b))"
)
_NOT = (
    r"(?:do not|don't|cannot|can't|can not|could not|couldn't|am not able|'m not able|am not|'m "
    r"not|am unable|'m unable|have no|lack|will not|won't|am incapable|'m incapable|am limited)\b"
)
_DENY = rf"\bI ?{_NOT}"
_HELP = (
    r"(?:provide|assist|help|fulfil+|create|generate|answer|comply|complete|respond|access|give|"
    r"share|offer|perform|do that|browse|engage|support|participate|write|tell|make|recommend|"
    r"predict|disclose|discuss|satisfy|retrieve|estimate|process|fetch|view|see|open|have "
    r"(?:access|the (?:ability|capab|data|means|tools)|real|current|up|enough|any (?:information|"
    r"data)|information|personal|capab))"
)
# Without an apology before them many of these are the words of a story.
_HELP_ALONE = (
    r"(?:provide|fulfil+|comply|access|browse|retrieve|generate|assist|satisfy|disclose|help "
    r"(?:you )?with|(?:participate|engage) in|answer (?:that|this))\b"
)
_SELF = re.compile(rf"{_AI}(?P<denies>[^.!?\n]{{0,80}}?(?:{_DENY}|\band {_NOT}))?", re.IGNORECASE)
_DENIES = re.compile(rf"{_DENY}[^.!?\n]*\Z", re.IGNORECASE)
_SORRY = re.compile(
    rf"\W{{0,2}}(?:(?:I(?:'m| am) (?:\w+ )?(?:sorry|afraid)|sorry|I apologi[sz]e|my apologies|"
    rf"unfortunately)\b[^.!?\n]{{0,60}}?{_DENY}(?: to)? (?:\w+ly )?{_HELP}"
    rf"|I ?(?:cannot|can't|can not|will not|won't|(?:am|'m) (?:unable|not able) to) {_HELP_ALONE})"
    r"(?![^.!?\n]{0,80}\b(?:but|however),? (?:I can|here)\b)",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    r"\W{0,2}(?:(?:sorry|I apologi[sz]e|unfortunately|(?:I(?:'m| am) (?:sorry|afraid)))\b[,.]?"
    r"(?: but| that)? ?)?(?:"
    r"I (?:must|have to|will have to|need to) (?:\w+ly )?(?:decline|refuse) to (?:\w+ly )?"
    rf"(?:comment|{_HELP})\b"
    r"|I (?:must|have to|will have to) (?:\w+ly )?(?:decline|refuse) (?:this|that|your) (?:request|"
    r"question|prompt)"
    r"|I (?:won't|will not|would not|wouldn't) be able to (?:help|assist|answer|comply|fulfil+|"
    r"provide (?:you|that|this|any)|complete (?:this|that|your))\b"
    r"|I (?:do not|don't) have (?:\w+ )?access to (?:real|live|current|up|the internet|external)"
    r"|It (?:is not|isn't|would not be|wouldn't be|is in|would be in) ?appropriate (?:for me )?to "
    r"(?:discuss|answer|comment on|respond to|talk about|provide|share) (?:this|that|such)"
    r"(?: (?:topics?|subjects?|matters?|questions?|requests?|content|information))?\s*(?:[.!,;]|\Z)"
    r"|(?:OpenAI's |my |OpenAI |the content |the usage )(?:content |usage )?(?:polic(?:y|ies)|"
    r"guidelines|programming|terms) (?:(?:do|does) not (?:allow|permit)|don't (?:allow|permit)|"
    r"doesn't (?:allow|permit)|prohibits?|forbids?|prevents?) me\b)",
    re.IGNORECASE,
)
_CUTOFF = re.compile(
    r"\bmy (?:knowledge|training data|training)(?:'s)? (?:cut-?off|was last updated|is current|"
    r"only (?:goes|extends)|(?:is )?limited to (?:information|data|events)|ends in|extends only)"
    r"|\bas of my (?:(?:last|latest|most recent|current)(?: knowledge| training)? (?:update|"
    r"cut-?off|data|information|training|knowledge)|knowledge (?:cut-?off|update)|training)"
    r"|\b(?:knowledge|training) cut-?off(?: date)? (?:is|of|in|was)\b[^.\n]{0,30}\b20\d\d",
    re.IGNORECASE,
)
_ABOUT_MODELS = re.compile(
    r"\b(?:AI|A\.I\.|artificial intelligence|language models?|LLMs?|chat ?bots?|assistants?|"
    r"robots?|GPT|neural|machine learning|who (?:are|made|created|built|developed) you|what are "
    r"you|are you an?|your (?:name|creators?|developers?|makers?))\b",
    re.IGNORECASE,
)
# Somebody else may well be sorry: the prompt asks for a text in another voice.
_OTHER_VOICE = re.compile(
    r"\b(?:excuses?|apolog\w+|letters?|e-?mails?|messages?|repl(?:y|ies)|respon[ds]\w*|"
    r"dialog(?:ue)?|story|scene|script|conversation|customers?|declin\w+|reject\w+|refus\w+|"
    r"tweets?|poem|song|translate|rewrite|paraphrase|rephrase)\b",
    re.IGNORECASE,
)
_ABOUT_MANNERS = re.compile(
    r"\b(?:(?:in)?appropriate|polite|etiquette|rude|proper|allowed|should|(?:may|can) (?:I|we))\b",
    re.IGNORECASE,
)
_SIGNS = ("i'm", "i am", "sorry", "unfortunately", "i cannot", "i can't", "i can not",
          "i will ", "i won't", "as a ", "as an a", "being a", "my ", "cutoff", "cut-off",
          "apolog", "i must", "i have to", "i need to", "i would", "i do", "appropriate", "polic",
          "guidelines", "programming")  # fmt: skip
_OPENING = 400  # characters of an output in which a refusal is said, if it is one


class Refusals(RecordStep):
    """Refusals ("I'm sorry, but I can't …"), "As an AI language model …", knowledge cut-offs.

    Looks at the opening of the output only, and leaves alone: a prompt about models or about the
    assistant itself, where it is the answer; a record with tools, where it says that none fits;
    an apology in the voice of somebody else; a preference pair, where it can be what is preferred.

    >>> step = Refusals()
    >>> bad = Record(id="a:1", instruction="Name a bar.", output="As an AI, I cannot go to bars.")
    >>> step.apply(bad).reason, step.apply(bad).evidence
    ('refusal', {'field': 'output', 'found': 'As an AI, I cannot'})
    >>> kept = Record(id="a:2", instruction="Are you an AI?", output="Yes, I am an AI.")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "refusals"
    judges_answers: ClassVar[bool] = True

    phrases: tuple[str, ...] = Field(
        (), description="Further phrases, in any language, that make an opening a refusal."
    )

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, or the record dropped with the words that were found."""
        if record.rejected is not None:
            return record
        opening = text_of(record.output)[:_OPENING].replace("’", "'")
        if found := self._own(opening):
            return self.drop(record, "refusal", field="output", found=found)
        if not any(sign in opening.lower() for sign in _SIGNS):
            return record
        reason, found = _find(opening)
        if not reason or "tools" in record.meta or _is_meant(record, found):
            return record
        return self.drop(record, reason, field="output", found=found)

    def _own(self, opening: str) -> str:
        if not self.phrases:
            return ""
        found = _any_of(self.phrases).search(opening)
        return found.group() if found else ""


def _find(opening: str) -> tuple[str, str]:
    """Return the reason and the words, both empty for an answer that answers.

    >>> _find("I'm sorry to hear that. I can't wait to help.")
    ('', '')
    """
    if found := _SORRY.match(opening):
        return "refusal", found.group()
    if found := _DECLINES.match(opening):
        return "refusal", found.group()
    if found := _SELF.search(opening):
        if found["denies"] or _DENIES.search(opening, 0, found.start()):
            return "refusal", found.group()
        if found.group()[:2].lower() == "as" and opening[found.end() : found.end() + 1] == ",":
            return "boilerplate", found.group()
    if found := _CUTOFF.search(opening):
        return "knowledge_cutoff", found.group()
    return "", ""


def _is_meant(record: Record, found: str) -> bool:
    """Return whether the prompt asks for such words."""
    prompt = (record.instruction, record.context, record.system)
    if any(_ABOUT_MODELS.search(text_of(text)) for text in prompt):
        return True
    if _SELF.search(found):  # speaks as a model
        return False
    instruction = text_of(record.instruction)
    on_manners = "appropriate" in found and _ABOUT_MANNERS.search(instruction) is not None
    return on_manners or _OTHER_VOICE.search(instruction) is not None


@functools.cache
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, phrases)), re.IGNORECASE)
