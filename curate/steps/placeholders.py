"""Empty the fields that only say that they are empty."""

import re
from typing import ClassVar

from pydantic import Field

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, text_of

__all__ = ["PLACEHOLDERS", "Placeholders"]

# The first two are what Self-Instruct's generator and its followers write for "no input"; the
# others are what spreadsheets and data frames write for a missing cell.
PLACEHOLDERS = (
    "noinput", "no input", "nooutput", "no output", "no context", "no input required",
    "no input provided", "no input needed", "no input necessary", "n/a", "n.a.", "none", "null",
    "nil", "nan", "<na>", "nat", "<empty>", "undefined", "not applicable",
)  # fmt: skip
_NO_OUTPUT = re.compile(r"<\s*no[ _-]?(?:in|out)put\s*>", re.IGNORECASE)
# What a data frame or a spreadsheet writes for a missing cell. `null`, `undefined`, `None`, `N/A`
# are answers: to "zero in German", "the slope of a vertical line".
_NO_VALUE = re.compile(r"nan|NaN|NAN|NaT|<NA>|#N/A|-{1,3}|[–—]")
# What an author writes who means to come back. In capitals: "todo" is Spanish for "everything".
_FIELD = r"(?:answers?|responses?|outputs?|repl(?:y|ies)|texts?|contents?|summary)"
_TO_COME = re.compile(
    r"(?:TODO|TBD|FIXME)[.:]?|\.{3,}|…|(?i:lorem ipsum dolor\b.*"
    rf"|[\[<({{] ?(?:insert|enter|add|put|type|write|your|the)\b[\w ]{{0,30}}\b{_FIELD}"
    r"(?: goes)?(?: here)? ?[\])>}]"
    rf"|(?:insert|enter|put|type|write|your|the)\b[\w ]{{0,30}}\b{_FIELD}(?: goes)? here\.?)",
    re.DOTALL,
)
_MAY_BE_MEANT = re.compile(
    r"\b(?:nan|n/a|pandas|numpy|data ?frames?|python|java|javascript|code|program\w*|print\w*|"
    r"outputs?|returns?|evaluates?|floats?|missing (?:values?|data|cells?)|excel|spreadsheets?|"
    r"google sheets|\w+lookup|formulas?|errors?|symbols?|signs?|charges?|positive|negative|"
    r"operators?|characters?|marks?|punctuation|dash(?:es)?|hyphens?|ellips[ei]s|dots?|morse|"
    r"silen\w+|nothing|speechless|blank|comments?|tags?|todo|tbd|placeholders?|lorem|ipsum|dummy|"
    r"filler|templates?|html|css|web ?(?:page|site)s?|layouts?|mock\w*|latin|translat\w*|pinyin|"
    r"grand\w+|bread|abbreviat\w*|acronyms?|stands? for)\b",
    re.IGNORECASE,
)
_BARE_LABEL = re.compile(
    r"(?:#+ ?)?(?:input|output|response|answer|context|instruction)\s*:", re.IGNORECASE
)
_LABEL = re.compile(r"(?:output|response)\s*:\s*(?=\S)", re.IGNORECASE)
_LABELLED_LINE = re.compile(r"^[ #*]*[A-Z][\w ]{0,30}:", re.MULTILINE)
_BRACKETS = " \t\n<>[](){}'\"`."


class Placeholders(RecordStep):
    """`<noinput>`, `N/A`, `None`, `nan` as context or system become empty; so does a bare label.

    An instruction that is one is dropped, and so is an output that is `<nooutput>`, a bare
    `Output:`, a missing cell (`nan`, `#N/A`, `-`) or a text to come (`TODO`, `...`, `[insert answer
    here]`, lorem ipsum), unless the prompt may mean it. Other words stay an output, for "None",
    `null` and `undefined` may be the answer; a context that the instruction speaks of by name stays
    too. A label `Output:` before an output that has no other label is taken away.

    >>> step = Placeholders()
    >>> step.apply(Record(id="a:1", instruction="Name a colour.", context="<noinput>", output="R"))
    Record(id='a:1', instruction='Name a colour.', context='', output='R', system='', history=[], \
source='', origin='', license='', meta={}, rejected=None, label=None)
    >>> step.apply(Record(id="a:2", instruction="Name a colour.", output="<nooutput>")).reason
    'placeholder_output'
    >>> kept = Record(id="a:3", instruction="Which of them are red?", output="None")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "placeholders"

    words: tuple[str, ...] = Field(
        PLACEHOLDERS, description="What stands for nothing, in any case and inside any brackets."
    )

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record, with empty fields in place of placeholders, or dropped."""
        instruction, output = text_of(record.instruction), text_of(record.output)
        if len(instruction) <= 40 and self._is_one(instruction):
            return self.drop(
                record, "placeholder_instruction", field="instruction", value=instruction
            )
        if record.label is not False and _is_no_output(output, record):
            return self.drop(record, "placeholder_output", field="output", value=output[:80])
        changes: dict[str, object] = {}
        for field in ("context", "system"):
            text = text_of(getattr(record, field))
            if text and len(text) <= 40 and self._is_one(text) and not _names(instruction, text):
                changes[field] = ""
        if len(unlabelled := _without_label(output)) != len(output):
            changes["output"] = unlabelled
        return record.with_fields(**changes) if changes else record

    def _is_one(self, text: str) -> bool:
        text = text.strip()
        bare = text.strip(_BRACKETS).casefold().replace("_", " ").replace("-", " ")
        return bare in self.words or text.casefold() in self.words or _is_bare_label(text)


def _is_no_output(output: str, record: Record) -> bool:
    """Return whether an output stands for none, and the prompt does not ask for such words."""
    text = output.strip()
    if len(text) <= 20 and (_NO_OUTPUT.fullmatch(text) or _is_bare_label(text)):
        return True
    is_value = len(text) <= 4 and _NO_VALUE.fullmatch(text) is not None
    if not is_value and not _TO_COME.fullmatch(text):
        return False
    prompt = f"{text_of(record.system)} {text_of(record.instruction)} {text_of(record.context)}"
    if is_value and any(char.isdigit() or char in "`+" for char in prompt):
        return False
    return _MAY_BE_MEANT.search(prompt) is None


def _is_bare_label(text: str) -> bool:
    return text.endswith(":") and _BARE_LABEL.fullmatch(text) is not None


def _names(instruction: str, text: str) -> bool:
    """Return whether the instruction speaks of the very word, so that it is data.

    >>> _names("What does it mean if a cell is null?", "null")
    True
    """
    word = text.strip(_BRACKETS).casefold()
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", instruction.casefold()) is not None


def _without_label(output: str) -> str:
    r"""Return the output without a label that only repeats what field it is.

    >>> _without_label("Output: 42"), _without_label("Output: 42\nExplanation: six times seven")
    ('42', 'Output: 42\nExplanation: six times seven')
    """
    label = _LABEL.match(output)
    if label is None or _LABELLED_LINE.search(output, label.end()):
        return output
    return output[label.end() :]
