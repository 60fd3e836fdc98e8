"""The branches of a template, and which of them a rendering takes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import nodes

__all__ = ["REACHED", "Branch", "branches_in", "mark", "noting"]

REACHED = "reached branches"
"""Where a rendering notes its branches: with a blank, so that no template can name it."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a template.

    Attributes:
        kind: if, elif, else, for, for-else, macro, or for `a if b else c`: then, otherwise.
        line: where it begins; that of the condition for an else.
        test: the condition; what a loop goes over; None for a macro.
        parent: the number of the branch in which it stands, in the order of `branches_in`.
        chain: the conditions of the same `if` that are tried before and fail.
        body: what stands in it.

    """

    kind: str
    line: int
    test: nodes.Node | None = None
    parent: int | None = None
    chain: tuple[nodes.Node, ...] = ()
    body: tuple[nodes.Node, ...] = ()


def branches_in(tree: nodes.Node) -> list[Branch]:
    """Return every branch, in the order of the source; an outer one stands before its inner ones.

    The branches of a condition follow each other; what stands in the condition comes first.
    """
    found: list[Branch] = []
    _walk(tree, None, found, mark=False)
    return found


def mark(tree: nodes.Node) -> None:
    """Change the tree, so that each branch says its number when it is taken."""
    _walk(tree, None, [], mark=True)


def noting(reached: set[int]) -> Callable[..., Any]:
    """Return what a marked tree calls: it notes the branch and gives the value back."""

    def note(number: int, value: object = None) -> object:
        reached.add(number)
        return value

    return note


def _walk(node: nodes.Node, parent: int | None, found: list[Branch], *, mark: bool) -> None:
    """Collect the branches below a node."""
    if isinstance(node, nodes.If):
        _walk(node.test, parent, found, mark=mark)
        _walk_if(node, parent, found, mark=mark)
    elif isinstance(node, nodes.For):
        for child in (node.iter, node.test):
            if child is not None:
                _walk(child, parent, found, mark=mark)
        for kind, body in (("for", node.body), ("for-else", node.else_)):
            _enter(Branch(kind, node.lineno, node.iter, parent), body, found, mark=mark)
    elif isinstance(node, nodes.CondExpr):
        _walk_inline(node, parent, found, mark=mark)
    elif isinstance(node, nodes.Macro):
        for default in node.defaults:
            _walk(default, parent, found, mark=mark)
        _enter(Branch("macro", node.lineno, parent=parent), node.body, found, mark=mark)
    else:
        for child in list(node.iter_child_nodes()):
            _walk(child, parent, found, mark=mark)


def _walk_if(node: nodes.If, parent: int | None, found: list[Branch], *, mark: bool) -> None:
    """Collect the branches of an `if` with its `elif` and `else`."""
    _enter(Branch("if", node.lineno, node.test, parent), node.body, found, mark=mark)
    chain: tuple[nodes.Node, ...] = (node.test,)
    for other in node.elif_:
        _walk(other.test, parent, found, mark=mark)
        branch = Branch("elif", other.lineno, other.test, parent, chain)
        _enter(branch, other.body, found, mark=mark)
        chain += (other.test,)
    last = Branch("else", node.lineno, chain[-1], parent, chain[:-1])
    _enter(last, node.else_, found, mark=mark)


def _walk_inline(
    node: nodes.CondExpr, parent: int | None, found: list[Branch], *, mark: bool
) -> None:
    """Collect the branches of `a if b else c`."""
    _walk(node.test, parent, found, mark=mark)
    for kind, name in (("then", "expr1"), ("otherwise", "expr2")):
        value = getattr(node, name)
        if value is None:
            continue
        number = len(found)
        found.append(Branch(kind, node.lineno, node.test, parent, body=(value,)))
        _walk(value, number, found, mark=mark)
        if mark:
            setattr(node, name, _note(number, [value]))


def _enter(branch: Branch, body: list[nodes.Node], found: list[Branch], *, mark: bool) -> None:
    """Collect a branch and what is in it; one without a body is none."""
    if not body:
        return
    number = len(found)
    found.append(replace(branch, body=tuple(body)))
    for child in list(body):
        _walk(child, number, found, mark=mark)
    if mark:
        body.insert(0, nodes.ExprStmt(_note(number, [])).set_lineno(branch.line))


def _note(number: int, values: list[nodes.Expr]) -> nodes.Call:
    """Return a call that notes the branch and gives the value back."""
    noted = nodes.Getitem(nodes.ContextReference(), nodes.Const(REACHED), "load")
    return nodes.Call(noted, [nodes.Const(number), *values], [], None, None)
