"""What is put into a template's syntax so that its work is counted."""

from collections.abc import Callable, Mapping
from typing import Any

import jinja2
import jinja2.runtime
from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from curate.prompts.work import held, touched, work

__all__ = ["ADDED", "COUNTED", "Counting"]

COUNTED = "counted loops"
"""Where a rendering keeps what counts the turns of its loops; no template can write such a name."""

_TOUCHED, _HELD, _WORKED = "touched value", "held value", "worked through"
_LOOPED = "looped over"


@jinja2.pass_context
def _looped(context: jinja2.runtime.Context, items: Any) -> Any:  # noqa: ANN401
    """Return the items of a loop, which the rendering counts."""
    return context[COUNTED](items)


def _worked(steps: int, value: object) -> str:
    """Count steps; `value` keeps the call from being made once and for all."""
    work(steps)
    return ""


ADDED: Mapping[str, Callable[..., Any]] = {
    _TOUCHED: touched, _HELD: held, _WORKED: _worked, _LOOPED: _looped,
}  # fmt: skip
"""Filters that stand in changed templates; no template can write their names."""


class Counting(NodeTransformer):
    """Changes a template so that what takes time or room is counted.

    The turns of a loop; each pass through the body of a loop, a macro or a block; what is
    compared; and the lists that are made. The filter `join` does what `~` does.
    """

    def __init__(self, environment: jinja2.Environment) -> None:
        self._environment = environment

    def visit_For(self, node: nodes.For) -> nodes.For:
        """Count the items, and each turn."""
        self._visit_body(node)
        node.iter = self._filter(_LOOPED, node.iter)
        return node

    def _visit_body(self, node: Any) -> Any:  # noqa: ANN401
        size = sum(1 for _ in node.find_all(nodes.Node))
        self.generic_visit(node)
        passed = self._filter(_WORKED, nodes.Const(size), [nodes.ContextReference()])
        node.body = [nodes.ExprStmt(passed).set_lineno(node.lineno), *node.body]
        return node

    visit_Macro = visit_CallBlock = visit_Block = _visit_body

    def visit_Compare(self, node: nodes.Compare) -> nodes.Compare:
        """Count what is compared."""
        self.generic_visit(node)
        node.expr = self._touched(node.expr)
        for operand in node.ops:
            operand.expr = self._touched(operand.expr)
        return node

    def visit_List(self, node: nodes.Literal) -> nodes.Expr:
        """Count what a list holds."""
        self.generic_visit(node)
        return node if _is_constant(node) else self._filter(_HELD, node)

    visit_Dict = visit_List

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:
        """Count what a series holds; one that names variables to set holds nothing."""
        self.generic_visit(node)
        return node if node.ctx != "load" or _is_constant(node) else self._filter(_HELD, node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:
        """Return the filter in place of the operator."""
        self.generic_visit(node)
        texts = nodes.List(node.nodes, lineno=node.lineno)
        return self._filter("join", texts)

    def _touched(self, node: nodes.Expr) -> nodes.Expr:
        return node if _is_constant(node) else self._filter(_TOUCHED, node)

    def _filter(
        self, name: str, node: nodes.Node, arguments: list[nodes.Expr] | None = None
    ) -> nodes.Filter:
        made = nodes.Filter(node, name, arguments or [], [], None, None)
        made.set_lineno(node.lineno or 1).set_environment(self._environment)
        return made


def _is_constant(node: nodes.Node) -> bool:
    """Return whether nothing in the node can change."""
    return isinstance(node, nodes.Const) or (
        isinstance(node, nodes.Literal | nodes.Pair)
        and all(map(_is_constant, node.iter_child_nodes()))
    )
