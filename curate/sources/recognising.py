"""Which layout the rows of a source have."""

from typing import NoReturn

from curate.errors import SourceError, clip
from curate.sources.conversations import MisfitError
from curate.sources.layouts import EITHER, LAYOUTS, UNANSWERED, Plan, make_plan
from curate.sources.source import Row, Source

__all__ = ["Recogniser"]

PATIENCE = 100
"""Rows after which a source of which none fits a layout is refused."""
_MANY = 10_000
"""Sets of columns that are remembered. A source with more has sparse rows."""


class Recogniser:
    """Tells how to read a row by its columns.

    The layout of the first row is tried first, but for those that demand the same columns and
    more: a column that only some rows have is read in these.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known = (*LAYOUTS, *UNANSWERED) if source.unanswered else LAYOUTS
        self._layouts = tuple(each for each in self._known if source.layout in (None, each.name))
        self._plans: dict[tuple[str, ...], Plan | None] = {}
        self._unfit: list[tuple[str, ...]] = []
        self._recognised = False

    def plan(self, row: Row) -> Plan:
        """Return how to read the row.

        Raises:
            MisfitError: no layout fits it.
            SourceError: none fits any of the first rows.

        """
        columns = tuple(row)
        plan = self._plans.get(columns)
        if plan is not None:
            return plan
        if columns not in self._plans:
            if len(self._plans) >= _MANY:
                self._plans.clear()
            plan = self._plans[columns] = self._make(columns)
        if plan is None:
            if not self._recognised:
                self._unfit.append(columns)
                if len(self._unfit) >= PATIENCE:
                    self._refuse()
            raise MisfitError(f"fits no layout; {self._found(columns)}")
        if not self._recognised:
            self._recognised = True
            own = set(plan.layout.required)
            self._layouts = tuple(
                sorted(self._layouts, key=lambda each: not own <= set(each.required))
            )
        return plan

    def fits(self, columns: tuple[str, ...]) -> bool:
        """Return whether some layout fits a row with these columns."""
        return self._make(columns) is not None

    def check_end(self) -> None:
        """Raise SourceError where there were rows, and none of them fits a layout."""
        if self._unfit and not self._recognised:
            self._refuse()

    def _make(self, columns: tuple[str, ...]) -> Plan | None:
        return make_plan(columns, self._layouts, self._source.mapping)

    def _found(self, columns: tuple[str, ...]) -> str:
        """Return what a row has, and what was asked of it."""
        source = self._source
        found = f"keys found: {clip(', '.join(columns), 200) or 'none'}"
        if source.layout:
            found += f"; --layout {source.layout}"
        if lacking := [column for column in source.mapping.values() if column not in columns]:
            found += f"; --map names what it lacks: {', '.join(lacking)}"
        if set(EITHER) <= set(columns):
            found += f"; {' or '.join(EITHER)}: say which with --map context=COLUMN"
        return found

    def _refuse(self) -> NoReturn:
        known = "; ".join(f"{each.name} ({', '.join(each.required)})" for each in self._known)
        raise SourceError(
            f"{self._source.path}: no layout fits the first rows ({len(self._unfit)} tried; "
            f"{self._found(self._unfit[0])}). Layouts known: {known}. "
            "Name the columns: --map instruction=COLUMN --map output=COLUMN"
        )
