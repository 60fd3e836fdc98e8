"""Renders the covering records, and tells what cannot be rendered or is never reached."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

from curate.errors import TemplateError, clip
from curate.prompts.bounds import TooMuchError
from curate.prompts.branches import Branch
from curate.prompts.chat import render_chat
from curate.prompts.linting.covering import covering
from curate.prompts.linting.findings import Finding
from curate.prompts.render import Segment, render
from curate.prompts.runs import split
from curate.prompts.sandbox import watching
from curate.prompts.special import SpecialTokens
from curate.prompts.templates import Template
from curate.records import Record

__all__ = ["STAND_IN", "Shown", "Stage", "located", "unreached"]

STAND_IN = SpecialTokens(
    strings=frozenset({"⟨bos⟩", "⟨eos⟩"}),
    eos="⟨eos⟩",
    names={"bos_token": "⟨bos⟩", "eos_token": "⟨eos⟩"},
    absorbing={},
)
"""Special tokens where no model is given."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as the template renders it."""

    record: Record
    before: list[Segment]
    rest: list[Segment]

    @property
    def prompt(self) -> str:
        """The text before the answer."""
        return "".join(segment.text for segment in self.before)

    @property
    def answer(self) -> Segment:
        """What takes loss last."""
        return self.rest[0]

    @property
    def tail(self) -> str:
        """The text behind the answer, the record's own characters blotted out."""
        return "".join(segment.masked for segment in self.rest[1:])

    @property
    def text(self) -> str:
        """All of it."""
        return self.prompt + "".join(segment.text for segment in self.rest)


class Stage:
    """A template on which records are tried.

    Attributes:
        tokens: special tokens of the model, or those that stand in for them.
        shown: the covering records that could be rendered, the plain one first.
        failures: for each reason why others could not, those records.
        reached: the numbers of the branches that were taken.

    """

    def __init__(self, template: Template, tokens: SpecialTokens) -> None:
        self.template = template
        self.tokens = tokens
        self.shown: list[Shown] = []
        self.failures: dict[str, list[Record]] = {}
        self._endless: set[str] = set()
        with watching() as self.reached:
            self._try_all()

    @property
    def is_endless(self) -> bool:
        """Whether a rendering was stopped because it made too much."""
        return bool(self._endless)

    def show(self, record: Record) -> Shown | None:
        """Return the record rendered; None if it cannot be."""
        try:
            return self._show(record)
        except TemplateError:
            return None

    def _show(self, record: Record) -> Shown:
        make = render_chat if self.template.is_chat else render
        before, rest = split(make(self.template, record, self.tokens))
        return Shown(record, before, rest)

    def _try_all(self) -> None:
        for record in covering():
            try:
                self.shown.append(self._show(record))
            except TemplateError as error:
                reason = _reason(str(error), record)
                self.failures.setdefault(reason, []).append(record)
                if _is_too_much(error):  # another one would take as long
                    self._endless.add(reason)
                    return

    def findings(self, undeclared: set[str]) -> Iterator[Finding]:
        """Yield what could not be rendered; names that are known to be wrong are told already."""
        for reason, records in self.failures.items():
            if any(f"'{name}' is undefined" in reason for name in undeclared):
                continue
            message, line = located(self.template, reason)
            if reason in self._endless:
                yield Finding("too-much", message, line)
                continue
            more = f" and {len(records) - 1} more kinds" if len(records) > 1 else ""
            message = f"a record with {records[0].id}{more}: {message}"
            yield Finding("render-fails", message, line, softened=self.template.is_chat)


def located(template: Template, message: str) -> tuple[str, int]:
    """Return a template error without the place in front, and the line; 0 without one."""
    place = re.escape(template.path or template.name)
    found = re.match(rf"template {place}(?::(\d+))?: (.*)", message, re.DOTALL)
    return (found[2], int(found[1] or 0)) if found else (message, 0)


def _reason(message: str, record: Record) -> str:
    return message.removeprefix(f"record {clip(record.id)}: ")


def _is_too_much(error: BaseException | None) -> bool:
    """Return whether a template was stopped because it made too much."""
    while error is not None and not isinstance(error, TooMuchError):
        error = error.__context__
    return error is not None


def unreached(
    tree: nodes.Template, branches: list[Branch], reached: set[int], dead: set[int]
) -> Iterator[Branch]:
    """Yield the outermost branches that no covering record takes, though their condition is open.

    Left out is what hangs on `meta`, which may hold anything, what only refuses a record, and what
    is empty.
    """
    open_names = _hanging_on(tree, "meta")
    silent = set(dead)
    for number, branch in enumerate(branches):
        if number in reached:
            continue
        tests = [test for test in (branch.test, *branch.chain) if test is not None]
        is_open = any(_mentions(test, open_names) for test in tests)
        if branch.parent in silent or number in silent or is_open or _is_guard(branch):
            silent.add(number)
            continue
        silent.add(number)
        yield branch


def _hanging_on(tree: nodes.Template, name: str) -> set[str]:
    """Return the name and those that are made of it."""
    names = {name}
    sets: list[tuple[nodes.Node, nodes.Node]] = [
        (node.target, node.node) for node in tree.find_all(nodes.Assign)
    ]
    sets += [(node.target, node.iter) for node in tree.find_all(nodes.For)]
    for _ in range(3):
        for target, value in sets:
            if _mentions(value, names):
                names |= {found.name for found in _all_names(target)}
    return names


def _mentions(node: nodes.Node, names: set[str]) -> bool:
    return any(name.name in names for name in _all_names(node))


def _all_names(node: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(node, nodes.Name):
        yield node
    yield from node.find_all(nodes.Name)


def _is_guard(branch: Branch) -> bool:
    """Return whether a branch refuses a record, or writes nothing."""
    if any(_mentions(node, {"raise_exception"}) for node in branch.body):
        return True
    return all(
        isinstance(node, nodes.Output)
        and all(isinstance(part, nodes.TemplateData) and not part.data.strip()
                for part in node.nodes)
        for node in branch.body
    )  # fmt: skip
