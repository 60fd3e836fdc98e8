"""What is wrong with a template, told from its source alone."""

import itertools
from collections.abc import Iterator

import jinja2.meta
from jinja2 import nodes

from curate.prompts.branches import Branch
from curate.prompts.generation import blocks_in
from curate.prompts.linting.findings import Finding
from curate.prompts.linting.places import Places
from curate.prompts.sandbox import VARIABLES
from curate.prompts.templates import Template

__all__ = ["check_blocks", "check_header", "check_names", "undeclared"]


def check_header(template: Template) -> Iterator[Finding]:
    """Yield what the header lacks."""
    begins = template.text.lstrip().startswith("{#")
    if not begins or not template.header.purpose:
        yield Finding("no-header", "the file does not say what it is for", line=1)
    elif not template.header.origin:
        yield Finding("no-origin", "the header has no paragraph `Origin:`", line=1)


def check_blocks(template: Template, tree: nodes.Template, places: Places) -> Iterator[Finding]:
    """Yield the lack of generation blocks, and where the answer stands outside one."""
    blocks = blocks_in(tree)
    if not blocks:
        yield Finding("no-generation", "no {% generation %} block", softened=template.is_chat)
    if template.is_chat:
        return
    inside = {id(name) for block in blocks for name in block.find_all(nodes.Name)}
    for line, names in itertools.groupby(_loads(tree, "output"), lambda name: name.lineno):
        for at, name in enumerate(names):
            if id(name) not in inside:
                message = "`output` stands outside {% generation %}"
                yield Finding("output-leak", message, line, places.nth(line, "output", at))


def check_names(names: list[nodes.Name], places: Places) -> Iterator[Finding]:
    """Yield the finding of each undeclared name."""
    for name in names:
        message = f"`{name.name}` is no variable; a template has {', '.join(VARIABLES)}"
        column = places.nth(name.lineno, name.name, 0)
        yield Finding("undeclared-variable", message, name.lineno, column)


def undeclared(tree: nodes.Template, branches: list[Branch], dead: set[int]) -> list[nodes.Name]:
    """Return each name that no record has and nothing sets, at its first place.

    A name that is only asked for, as in `x is defined` or `x | default('')`, does no harm, nor
    does one in a branch that is never taken.
    """
    asked = {id(test.node) for test in tree.find_all(nodes.Test)
             if test.name in ("defined", "undefined")}  # fmt: skip
    asked |= {id(used.node) for used in tree.find_all(nodes.Filter)
              if used.name in ("default", "d")}  # fmt: skip
    for number in dead:
        asked |= {id(name) for node in branches[number].body for name in _loads(node)}
    unknown = jinja2.meta.find_undeclared_variables(tree) - {*VARIABLES}
    found: dict[str, nodes.Name] = {}
    for name in sorted(_loads(tree), key=lambda name: name.lineno):
        if name.name in unknown and id(name) not in asked:
            found.setdefault(name.name, name)
    return list(found.values())


def _loads(node: nodes.Node, wanted: str = "") -> list[nodes.Name]:
    """Return the names that are read in a node, itself included: all, or those of one name."""
    found = [node] if isinstance(node, nodes.Name) else []
    found += node.find_all(nodes.Name)
    return [name for name in found if name.ctx == "load" and wanted in ("", name.name)]
