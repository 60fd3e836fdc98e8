from html.parser import HTMLParser

import pytest

from curate.inspecting import inspect
from curate.sources import resolve


@pytest.fixture
def look():
    """Return a function that inspects a file and gives the report."""
    return lambda path, **options: inspect(resolve([str(path)]), **options)


VOID = {"meta", "img", "br", "rect", "input"}


class Outline(HTMLParser):
    """Collects tags and attributes, and what is closed out of turn."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open, self.faults = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID and self.open.pop() != tag:
            self.faults.append(tag)


@pytest.fixture
def outline_of():
    """Return a function that gives the outline of a page, after looking at how it is nested."""

    def outline(text):
        found = Outline()
        found.feed(text)
        assert (found.open, found.faults) == ([], [])
        return found

    return outline
