"""Segments to runs of token ids: BOS at the start, EOS behind every answer."""

from dataclasses import dataclass, replace

from curate.prompts.render import Segment
from curate.prompts.tokens import Tokens

__all__ = ["Run", "answer_runs", "closed", "prompt_runs", "split"]


@dataclass(frozen=True, slots=True)
class Run:
    """Token ids that take loss, or do not, together.

    Attributes:
        ids: the ids.
        trained: whether they came out of a generation block.
        is_bos: whether this is the BOS and nothing else.

    """

    ids: list[int]
    trained: bool
    is_bos: bool = False


def split(segments: list[Segment]) -> tuple[list[Segment], list[Segment]]:
    """Return the segments before the answer, and the answer with what follows it.

    The answer is the last trained segment.
    """
    at = max(at for at, segment in enumerate(segments) if segment.trained)
    return segments[:at], segments[at:]


def prompt_runs(before: list[Segment], tokens: Tokens, *, is_chat: bool) -> list[Run]:
    """Return the runs before the answer, the same whatever the answer is.

    The BOS of a tokenizer that has one stands at the start, once. A chat template writes its own
    BOS and its own ends of turns; a template file may leave both out. An earlier answer that the
    file ends with a special token, such as `<|im_end|>`, gets no EOS on top: no model saw it there.
    """
    runs: list[Run] = []
    for segment, is_open in closed(before, tokens):
        if is_chat or tokens.special.stands_last(segment.masked):
            is_open = False
        ids = tokens.encode(segment, first=not any(run.ids for run in runs))
        runs.append(Run(ids + [tokens.eos] * is_open, segment.trained))
    written = next((run.ids[0] for run in runs if run.ids), None)
    if tokens.bos is None or (is_chat and written != tokens.bos):
        return runs
    if written == tokens.bos:
        at = next(at for at, run in enumerate(runs) if run.ids)
        runs[at] = replace(runs[at], ids=runs[at].ids[1:])
    return [Run([tokens.bos], trained=False, is_bos=True), *runs]


def answer_runs(rest: list[Segment], tokens: Tokens, *, is_chat: bool, first: bool) -> list[Run]:
    """Return the runs of the answer and of what follows it.

    The answer ends in EOS. In a chat template any special token at its end, the end of the turn,
    will do; where there is none, EOS is added.
    """
    runs: list[Run] = []
    for segment, is_open in closed(rest, tokens):
        if is_chat and tokens.special.stands_last(segment.masked):
            is_open = False
        ids = tokens.encode(segment, first=first and not any(run.ids for run in runs))
        runs.append(Run(ids + [tokens.eos] * is_open, segment.trained))
    return runs


def closed(segments: list[Segment], tokens: Tokens) -> list[tuple[Segment, bool]]:
    """Return the segments, each with whether it is an answer that EOS does not close yet.

    An EOS that the template writes right behind the block becomes part of the answer.
    """
    eos = tokens.special.eos
    closed: list[tuple[Segment, bool]] = []
    for segment in segments:
        if closed and closed[-1][1] and segment.masked.startswith(eos):
            answer, _ = closed.pop()
            closed.append((answer.joined(segment.cut(0, len(eos))), False))
            segment = segment.cut(len(eos))
        is_open = segment.trained and not segment.masked.rstrip().endswith(eos)
        closed.append((segment, is_open))
    return closed
