"""Take prompt templates out of fields that were meant to hold only text."""

import re
from typing import ClassVar

from curate.records import Dropped, Record
from curate.steps.base import RecordStep, edit_texts, text_of

__all__ = ["TemplateResidue"]

_HEADING = r"#{2,4} ?(?:Instruction|Response|Human|Assistant|User)s?:"
_TOKEN = (
    r"\[/?INST\]|<</?SYS>>"
    r"|<\|(?:im_start|im_end|im_sep)\|>(?:(?:system|user|assistant)(?=\n|$))?"
    r"|<\|start_header_id\|>(?:system|user|assistant)<\|end_header_id\|>"
    r"|<\|(?:start_header_id|end_header_id|eot_id|begin_of_text|end_of_text|endoftext|eos|bos)\|>"
    r"|<\|(?:system|user|assistant|end|prompter|prefix_begin|prefix_end)\|>"
    r"|<(?:start_of_turn|end_of_turn)>(?:(?:user|model)(?=\n|$))?|\[(?:BOS|EOS|PAD)\]"
)
# The one sentence of Stanford Alpaca's prompt, with and without input.
_PREAMBLE = (
    r"Below is an instruction that describes a task(?:, paired with an input that provides further "
    r"context)?\. Write a response that appropriately completes the request\.\s*"
)
_ANY = re.compile(f"{_HEADING}|{_TOKEN}")
_FIRST = re.compile(
    rf"\s*(?:{_PREAMBLE})?(?:{_HEADING}|{_TOKEN}|#{{2,4}} ?(?:Input|Output):)[ \t]*\n*"
)
_LAST = re.compile(rf"(?:{_HEADING}|{_TOKEN})\s*\Z")
_INPUT = re.compile(r"\s*^#{2,4} ?Input:[ \t]*\n+", re.MULTILINE)
_MODEL = (
    r"(?:alpaca|vicuna|mistral|gemma|guanaco|zephyr|phi|qwen|falcon|openassistant|gpt|claude|"
    r"llms?\b|language models?|instruct(?:ion)?[ -]tun|fine-?tun|(?:chat|instruct) models?)"
)
_ABOUT = re.compile(
    r"\b(?:tokens?|chatml|prompt (?:template|format)s?|chat templates?|tokeni[sz]ers?|delimiters?|"
    r"special tokens?|markup|llama|regex|markdown|headings?|documentation|docs|readme)\b"
    # "How do I write a prompt for Alpaca?", "What does Vicuna's format look like?"
    rf"|\bprompt\w*\b[^.?!\n]{{0,40}}\b{_MODEL}|\b{_MODEL}[^.?!\n]{{0,40}}\b(?:prompt|format|layout)",
    re.IGNORECASE,
)
_SIGNS = {"#": ("##",), "<": ("<|", "SYS>>", "_of_turn>"),
          "[": ("INST]", "[BOS]", "[EOS]", "[PAD]")}  # fmt: skip
_QUOTES = "`'\"“‘"


_SEARCHED = ("instruction", "context", "output", "rejected")


class TemplateResidue(RecordStep):
    r"""`### Response:`, `[INST]`, ChatML and end-of-text tokens that a template left in a field.

    At the start or the end of a field they are taken away. Inside one they stand between two
    texts that only a guess could tell apart: the record is dropped. Where the prompt is about
    templates or tokens, or quotes the marker, they are data. A heading `### Response` without its
    colon is prose, and so are `### Input:` and `### Output:` inside a text.

    >>> step = TemplateResidue()
    >>> step.apply(Record(id="a:1", instruction="Add 2 and 2.", output="### Response:\n4")).output
    '4'
    >>> step.apply(Record(id="a:2", instruction="[INST] Hi [/INST] Hello [INST] Bye", output="4")
    ... ).evidence
    {'field': 'instruction', 'found': 'Hi [/INST] Hello [INST] Bye'}
    >>> kept = Record(id="a:3", instruction="Which token ends a turn?", output="<|im_end|>")
    >>> step.apply(kept) is kept
    True
    """

    name: ClassVar[str] = "template_residue"

    def apply(self, record: Record) -> Record | Dropped:
        """Return the record without markers at the ends of its fields, or dropped."""
        texts = [text_of(getattr(record, field)) for field in _SEARCHED]
        turns = [text_of(turn.get("content")) for turn in record.history]
        if not any(_may_hold(text) for text in [*texts, text_of(record.system), *turns]):
            return record
        if _ABOUT.search(f"{texts[0]} {texts[1]}"):
            return record
        edited = _unfold(edit_texts(record, lambda field, text: _peel(text)), record)
        for field in _SEARCHED:
            text = text_of(getattr(edited, field))
            for marker in _ANY.finditer(text):
                if not _is_quoted(text, marker):
                    found = text[max(0, marker.start() - 20) : marker.end() + 20]
                    return self.drop(record, self.name, field=field, found=found)
        return edited


def _unfold(record: Record, before: Record) -> Record:
    r"""Return the record with the context that Alpaca's template put behind the instruction.

    >>> before = Record(id="a:1", instruction="### Instruction:\nAdd.\n### Input:\n2", output="2")
    >>> after = _unfold(before.with_fields(instruction="Add.\n### Input:\n2"), before)
    >>> after.instruction, after.context
    ('Add.', '2')
    """
    text = text_of(record.instruction)
    border = _INPUT.search(text) if text != before.instruction and record.context == "" else None
    if border is None:
        return record
    return record.with_fields(instruction=text[: border.start()], context=text[border.end() :])


def _may_hold(text: str) -> bool:
    """Return whether a search is worth while: most texts have none of these."""
    for letter, signs in _SIGNS.items():
        if letter in text:
            for sign in signs:
                if sign in text:
                    return True
    return False


def _peel(text: str) -> str:
    r"""Return the text without the markers at its ends.

    >>> _peel("<|im_start|>user\nHi<|im_end|>"), _peel("### Response:\n"), _peel("a [INST] b")
    ('Hi', '### Response:', 'a [INST] b')
    """
    while _may_hold(text):
        start = _FIRST.match(text)
        end = _LAST.search(text)
        if start and not _is_quoted(text, start):
            peeled = text[start.end() :]
        elif end and not _is_quoted(text, end):
            peeled = text[: end.start()].rstrip()
        else:
            return text
        if not peeled.strip():
            return text.strip()
        text = peeled
    return text


def _is_quoted(text: str, marker: re.Match[str]) -> bool:
    """Return whether a marker stands in quotation marks or a code span."""
    start = marker.start() + len(marker.group()) - len(marker.group().lstrip())
    before, after = text[:start].rstrip(" "), text[marker.end() :].lstrip(" ")
    return bool(before) and before[-1] in _QUOTES and bool(after) and after[0] in _QUOTES + "”’"
