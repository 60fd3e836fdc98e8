"""Drop records whose content was there before."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from curate.records import Dropped, Record, content_hash
from curate.steps.base import SetStep
from curate.text import fold

__all__ = ["Dedup"]


class Dedup(SetStep):
    """Exact duplicates: equal in every field once case, spaces and Unicode form are set aside.

    The first record stays. The same prompt with another answer is no duplicate. The fields are
    instruction, context, output, system, history, and the tools in `meta`. The evidence names the
    record that stayed, the score (1.0) and what was compared: `both`, prompt and answer.

    >>> a = Record(id="a:1", instruction="Name a colour.", output="Red.")
    >>> b = Record(id="a:2", instruction="name  a colour.", output="RED.")
    >>> c = Record(id="a:3", instruction="Name a colour.", output="Blue.")
    >>> [r.evidence["kept"] if isinstance(r, Dropped) else r.id for r in Dedup().run([a, b, c])]
    ['a:1', 'a:1', 'a:3']
    """

    name: ClassVar[str] = "dedup"

    def run(self, records: Iterable[Record]) -> Iterator[Record | Dropped]:
        """Yield each record, dropped if an equal one came before. Holds 16 bytes and an id each."""
        seen: dict[bytes, str] = {}
        for record in records:
            digest = bytes.fromhex(content_hash([fold(text) for text in record.content()]))
            kept = seen.get(digest)
            if kept is None:
                seen[digest] = record.id
                yield record
            else:
                evidence = {"kept": kept, "score": 1.0, "field": "both"}
                yield Dropped(record, self.name, "exact_duplicate", evidence)
