"""Where things stand in a template: Jinja tells lines, its lexer lets columns be counted."""

import re

import jinja2

from curate.prompts.environment import environment
from curate.prompts.templates import Template

__all__ = ["Places"]


class Places:
    """The words of a template's code, each with its line and column."""

    def __init__(self, template: Template) -> None:
        self._words: dict[tuple[int, str], list[int]] = {}
        text = re.sub(r"\r\n?", "\n", template.text)
        try:
            tokens = list(environment(not template.is_chat).lex(text))
        except (jinja2.TemplateSyntaxError, RecursionError, ValueError):
            return
        at, before = 0, ""
        for _, kind, value in tokens:
            start = text.find(value, at)
            if start < 0:
                return
            at = start + len(value)
            if kind == "name" and before != ".":
                line = text.count("\n", 0, start) + 1
                column = start - (text.rfind("\n", 0, start) + 1) + 1
                self._words.setdefault((line, value), []).append(column)
            if kind not in ("whitespace", "comment"):
                before = value

    def nth(self, line: int, word: str, number: int) -> int:
        """Return the column of such a word on the line, counted from 0; 0 where there is none."""
        return dict(enumerate(self._words.get((line, word), []))).get(number, 0)

    def only(self, line: int, *words: str) -> int:
        """Return the column of these words, if one of them stands there once; else 0."""
        columns = [at for word in words for at in self._words.get((line, word), [])]
        return columns[0] if len(columns) == 1 else 0
