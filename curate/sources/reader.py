"""A source, read once from its first row to its last: records and quarantined rows."""

import base64
from collections import Counter
from collections.abc import Iterator, Sequence

from curate.errors import SourceError, clip
from curate.records import Quarantined, Record, stored_fault
from curate.sources.columnar import as_text
from curate.sources.conversations import MisfitError
from curate.sources.formats import open_feed
from curate.sources.recognising import Recogniser
from curate.sources.source import Found, Parts, Row, Source

__all__ = ["Reader"]


class Reader:
    """The records and quarantined rows of a source, in order. Iterate it once.

    Attributes:
        source: the source.
        rows: items yielded so far; after the last it is what was read.
        layouts: records by layout.
        sha256: of the file as stored; of the rows as JSON lines for a hub dataset. Known after
            the last row.

    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.rows = 0
        self.layouts: Counter[str] = Counter()
        self.sha256 = ""
        self._recogniser = Recogniser(source)
        self._started = False

    @property
    def layout(self) -> str:
        """The layout recognised, several joined with commas; empty before the first record."""
        return ",".join(sorted(self.layouts))

    def __iter__(self) -> Iterator[Record | Quarantined]:
        """Yield each record, and each row that could not be read.

        Raises:
            SourceError: the source cannot be opened, holds nothing that can be read, or no row
                fits a layout.

        """
        if self._started:
            raise RuntimeError(f"{self.source.path}: a Reader is iterated once")
        self._started = True
        unread: Found | None = None
        readable = False
        with open_feed(self.source, self._recogniser.fits) as feed:
            for found in feed.rows:
                if found[5]:
                    unread = unread or found
                else:
                    readable = True
                for item in self._items(found, feed.mark):
                    self.rows += 1
                    yield item
            self.sha256 = feed.finish()
        if not readable:
            self._check_nothing(unread)
        self._recogniser.check_end()

    def _items(self, found: Found, mark: str) -> Sequence[Record | Quarantined]:
        """Return the records of a row, or the row itself where it cannot be read."""
        position, _, _, _, row, fault = found
        if fault or row is None:
            return [self._quarantined(found, fault)]
        try:
            return self._records(position, row, mark)
        except MisfitError as misfit:
            return [self._quarantined(found, str(misfit))]

    def _records(self, position: int, row: Row, mark: str) -> Sequence[Record]:
        source = self.source
        if source.recorded:
            return [self._restored(row)]
        plan = self._recogniser.plan(row)
        at, origin = f"{source.name}:{position}", f"{source.path}{mark}{position}"
        if plan.direct is not None:
            self.layouts[plan.layout.name] += 1
            return [plan.record(row, at, source.name, origin, source.license)]
        each = plan.read(row)
        self.layouts[plan.layout.name] += len(each)
        ids = [at] if len(each) == 1 else [f"{at}.{number}" for number in range(1, len(each) + 1)]
        own: Parts = {"source": source.name, "origin": origin, "license": source.license}
        return [Record(id=id_, **(own | parts)) for id_, parts in zip(ids, each, strict=True)]

    def _restored(self, row: Row) -> Record:
        """Return the record that a Curate dataset directory holds."""
        if fault := stored_fault(row):
            raise MisfitError(f"not a record of a dataset directory: {fault}")
        self.layouts["curate"] += 1
        record = Record.from_dict(row)
        if self.source.license and not record.license:
            return record.with_fields(license=self.source.license)
        return record

    def _check_nothing(self, unread: Found | None) -> None:
        """Raise where a source gave no row that can be read; a file in a folder may be empty."""
        path = self.source.path
        if unread is not None:
            begin = clip(repr(unread[3] or b""), 40)
            raise SourceError(
                f"no readable row in {path} ({self.rows} tried): is it what its name says? "
                f"The first begins {begin}: {unread[5]}"
            )
        if path == "-":
            raise SourceError("standard input is empty: it holds no row")
        if self.source.named:
            raise SourceError(f"{path} is empty: it holds no row")

    def _quarantined(self, found: Found, error: str) -> Quarantined:
        """Return the row as it stood, with the reason."""
        position, line, offset, raw, row, _ = found
        text, encoded = "", None
        if raw is None:
            error = f"row {position}: {error}"
            text = "" if row is None else as_text(row)
        else:
            raw = raw.rstrip(b"\r\n")
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                encoded = base64.b64encode(raw).decode()
        source = self.source
        return Quarantined(source.name, source.path, line, offset, error, text, encoded)
