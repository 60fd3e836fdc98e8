"""A template against all rules."""

from collections.abc import Iterator
from dataclasses import replace

from jinja2 import nodes

from curate.errors import TemplateError
from curate.prompts.branches import branches_in
from curate.prompts.chat import chat_template
from curate.prompts.generation import blocks_in
from curate.prompts.linting.conditions import check_conditions
from curate.prompts.linting.effects import (
    check_answer,
    check_bos,
    check_fields,
    check_space,
    check_tail,
)
from curate.prompts.linting.findings import Finding
from curate.prompts.linting.own import check_own
from curate.prompts.linting.places import Places
from curate.prompts.linting.reading import check_blocks, check_header, check_names, undeclared
from curate.prompts.linting.rendering import STAND_IN, Stage, located, unreached
from curate.prompts.sandbox import has_generation, parse, parsing
from curate.prompts.templates import Template
from curate.prompts.tokenizer import Tokenizer
from curate.prompts.tokens import Tokens

__all__ = ["lint_template"]

_AT_THE_END = {"loss-not-last", "eos-outside-loss", "text-after-answer", "prompt-ends-in-space"}
"""Rules whose place is that of the last generation block."""


def lint_template(template: Template, tokenizer: Tokenizer | None = None) -> list[Finding]:
    """Return what is wrong with a template, by line; what has no line comes last.

    `chat` needs a tokenizer. A template that does not parse, or has no loss part, is not rendered.

    Raises:
        TemplateError: there is no tokenizer for `chat`, or it has no chat template.

    """
    if template.is_chat:
        template = chat_template(tokenizer)
    found: list[Finding] = []
    try:
        found.extend(_lint(template, tokenizer))
    except TemplateError as error:
        found.append(Finding("syntax", *located(template, str(error))))
    except RecursionError:
        found.append(Finding("syntax", "it is nested too deep"))
    return sorted(found, key=lambda finding: (finding.line or 10**9, finding.column))


def _lint(template: Template, tokenizer: Tokenizer | None) -> Iterator[Finding]:
    tree = parse(template)
    places = Places(template)
    blocks = list(check_blocks(template, tree, places))
    yield from blocks
    branches = branches_in(tree)
    names: list[nodes.Name] = []
    dead: set[int] = set()
    if not template.is_chat:
        yield from check_header(template)
        conditions, dead = check_conditions(tree, branches, places)
        yield from conditions
        with parsing(template):
            names = undeclared(tree, branches, dead)
        yield from check_names(names, places)
    if any(finding.severity == "error" for finding in blocks):
        return
    has_generation(template)  # compiles it, which may find faults too
    tokens = Tokens(tokenizer) if tokenizer is not None else None
    stage = Stage(template, tokens.special if tokens else STAND_IN)
    yield from stage.findings({name.name for name in names})
    if stage.is_endless:
        return
    for finding in _effects(stage, tokens):
        yield _placed(finding, tree, places)
    if not template.is_chat and stage.shown:
        for branch in unreached(tree, branches, stage.reached, dead):
            message = (
                f"none of {len(stage.shown)} kinds of records takes this branch: {branch.kind}"
            )
            yield Finding("unreached-branch", message, branch.line)


def _effects(stage: Stage, tokens: Tokens | None) -> Iterator[Finding]:
    """Yield what is told from rendered texts."""
    tokenizer = tokens.tokenizer if tokens else None
    yield from check_answer(stage)
    yield from check_tail(stage, has_model=tokens is not None)
    yield from check_space(stage, tokenizer)
    yield from check_fields(stage)
    yield from check_bos(stage, tokens)
    if tokenizer is not None and not stage.template.is_chat:
        yield from check_own(stage, tokenizer)


def _placed(finding: Finding, tree: nodes.Template, places: Places) -> Finding:
    """Return the finding with the place of the last generation block, if that is where it is."""
    blocks = blocks_in(tree)
    if finding.rule not in _AT_THE_END or not blocks:
        return finding
    line = blocks[-1].lineno
    return replace(finding, line=line, column=places.only(line, "generation"))
