"""A template file beside the chat template that the model itself has."""

import re
from collections.abc import Iterator

from curate.errors import TemplateError, clip
from curate.prompts.chat import chat_template
from curate.prompts.linting.findings import Finding
from curate.prompts.linting.rendering import Shown, Stage
from curate.prompts.special import SpecialTokens
from curate.prompts.templates import Template
from curate.prompts.tokenizer import Tokenizer

__all__ = ["check_own"]


def check_own(stage: Stage, tokenizer: Tokenizer) -> Iterator[Finding]:
    """Yield where a template of the model's family makes another text than the model's own.

    The family is told by the template's name in the model's, or by a special token other than BOS
    and EOS that both templates write. BOS, and EOS at the end, are added by encoding and left out.
    """
    try:
        own = chat_template(tokenizer)
    except TemplateError:
        return
    other = Stage(own, stage.tokens)
    theirs = {shown.record.id: shown for shown in other.shown}
    pairs = [(shown, theirs[shown.record.id]) for shown in stage.shown
             if shown.record.id in theirs]  # fmt: skip
    if not pairs or not (_named_after(stage.template, tokenizer) or _share(stage, pairs)):
        return
    differing = [pair for pair in pairs if _bare(pair[0], stage) != _bare(pair[1], stage)]
    if differing:
        one, two = (_bare(shown, stage) for shown in differing[0])
        at = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
                  min(len(one), len(two)))  # fmt: skip
        yield Finding(
            "differs-from-own",
            f"{len(differing)} of {len(pairs)} kinds of records differ; one with "
            f"{differing[0][0].record.id} at character {at}: `{clip(one[at:], 40)}`, the model's "
            f"own has `{clip(two[at:], 40)}`",
        )


def _named_after(template: Template, tokenizer: Tokenizer) -> bool:
    """Return whether the model's name holds the template's."""
    model = getattr(tokenizer, "name_or_path", "") or ""
    return _plain(template.name) in _plain(model.rstrip("/").rpartition("/")[2])


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _share(stage: Stage, pairs: list[tuple[Shown, Shown]]) -> bool:
    """Return whether both templates write a special token that marks turns."""
    both = [_turn_marks(shown, stage.tokens) for shown in pairs[0]]
    return bool(both[0] & both[1])


def _turn_marks(shown: Shown, special: SpecialTokens) -> set[str]:
    text = shown.text
    ends = {special.eos, special.names.get("bos_token")}
    return {text[start:end] for start, end in special.cores(text)} - ends


def _bare(shown: Shown, stage: Stage) -> str:
    """Return the text without BOS at its start and EOS at its end."""
    bos = stage.tokens.names.get("bos_token") or ""
    return shown.text.removeprefix(bos).rstrip().removesuffix(stage.tokens.eos).rstrip()
