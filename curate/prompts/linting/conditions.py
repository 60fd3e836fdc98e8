"""Conditions of a template that can be decided without rendering it."""

from collections.abc import Iterator

from jinja2 import nodes

from curate.prompts.branches import Branch
from curate.prompts.environment import environment
from curate.prompts.linting.findings import Finding
from curate.prompts.linting.places import Places
from curate.prompts.sandbox import FAULTS, VARIABLES

__all__ = ["check_conditions"]

Fact = tuple[nodes.Node, bool]
"""A condition and what it is known to be."""

_WORDS = {"if": ("if",), "elif": ("elif",), "then": ("if",)}
_HOLDS = {"if": True, "elif": True, "then": True, "else": False, "otherwise": False}


def check_conditions(
    tree: nodes.Template, branches: list[Branch], places: Places
) -> tuple[list[Finding], set[int]]:
    """Return what is wrong with the conditions, and the numbers of branches that are never taken.

    Two things make a condition known: its constants, and the conditions around and before it, as
    far as nothing sets the names in them. Whatever else a condition asks is taken as open.
    """
    truth = _Truth(tree)
    found: list[Finding] = []
    dead: set[int] = set()
    facts: list[list[Fact]] = []
    for number, branch in enumerate(branches):
        around = facts[branch.parent] if branch.parent is not None else []
        before = [fact for test in branch.chain for fact in _known(test, False)]
        if branch.test is None or branch.kind not in _HOLDS:
            facts.append(around)
            continue
        value = truth.of(branch.test, [*around, *before])
        if branch.kind in _WORDS and value is not None and branch.parent not in dead:
            rule = "repeated-test" if truth.of(branch.test, []) is None else "constant-condition"
            found.append(_finding(rule, branch, value, places))
        if (
            branch.parent in dead
            or value is (not _HOLDS[branch.kind])
            or any(truth.of(test, around) for test in branch.chain)
        ):
            dead.add(number)
        own = [*before, *_known(branch.test, _HOLDS[branch.kind])]
        facts.append([*around, *(fact for fact in own if truth.lasts(fact[0]))])
    return found, dead


def _finding(rule: str, branch: Branch, value: bool, places: Places) -> Finding:
    """Return the finding of a condition whose value is known."""
    always = "always true" if value else "never true"
    why = ", because it was decided before" if rule == "repeated-test" else ""
    column = places.only(branch.line, *_WORDS[branch.kind])
    return Finding(rule, f"this condition is {always} here{why}", branch.line, column)


def _known(test: nodes.Node, value: bool) -> Iterator[Fact]:
    """Yield what is known where a condition has this value."""
    yield test, value
    if isinstance(test, nodes.Not):
        yield from _known(test.node, not value)
    elif isinstance(test, nodes.And if value else nodes.Or):
        yield from _known(test.left, value)
        yield from _known(test.right, value)


class _Truth:
    """What a condition comes to, where that can be told."""

    def __init__(self, tree: nodes.Template) -> None:
        names = tree.find_all(nodes.Name)
        self._set = {name.name for name in names if name.ctx != "load"}
        self._set |= {macro.name for macro in tree.find_all(nodes.Macro)}

    def lasts(self, test: nodes.Node) -> bool:
        """Return whether a condition has one value in the whole rendering."""
        if isinstance(test, nodes.Call) or next(test.find_all(nodes.Call), None):
            return False
        return not {name.name for name in _names(test)} & {*self._set, "loop"}

    def of(self, test: nodes.Node, facts: list[Fact]) -> bool | None:
        """Return the value of a condition; None where it is open."""
        if not isinstance(test, nodes.Const) and not next(test.find_all(nodes.Call), None):
            for known, value in facts:
                if known == test:
                    return value
        if isinstance(test, nodes.Not):
            inner = self.of(test.node, facts)
            return None if inner is None else not inner
        if isinstance(test, nodes.And | nodes.Or):
            return self._of_two(test, facts)
        if isinstance(test, nodes.Test) and test.name in ("defined", "undefined"):
            is_there = self._is_there(test.node)
            return None if is_there is None else is_there == (test.name == "defined")
        return _constant(test)

    def _of_two(self, test: nodes.And | nodes.Or, facts: list[Fact]) -> bool | None:
        """Return what `and` or `or` comes to: one side may decide it."""
        decides = isinstance(test, nodes.Or)
        left = self.of(test.left, facts)
        right = self.of(test.right, [*facts, *_known(test.left, not decides)])
        if decides in (left, right):
            return decides
        return None if left is None or right is None else not decides

    def _is_there(self, value: nodes.Node) -> bool | None:
        """Return whether a name is defined; None where that is open."""
        if not isinstance(value, nodes.Name) or value.name in {*self._set, "loop", "caller"}:
            return None
        return value.name in VARIABLES or value.name in environment(True).globals


def _names(test: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(test, nodes.Name):
        yield test
    yield from test.find_all(nodes.Name)


def _constant(test: nodes.Node) -> bool | None:
    """Return the value of an expression without variables; None for others."""
    if not isinstance(test, nodes.Expr):
        return None
    try:
        return bool(test.as_const())
    except (nodes.Impossible, *FAULTS):
        return None
