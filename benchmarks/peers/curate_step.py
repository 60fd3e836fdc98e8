"""Near-duplicates by the step `dedup` alone, in the project's own interpreter."""

from texts import arguments, rows, write

from curate.records import Dropped, Record
from curate.steps.dedup import Dedup


def main() -> None:
    """Write what went."""
    options = arguments()
    fields = ("instruction", "context", "output")
    records = [
        Record(id=str(row["line"]), **{name: row[name] for name in fields})
        for row in rows(options.rows)
    ]
    notes: list[dict] = []
    fates = Dedup(threshold=options.threshold).run(records, notes.append)
    dropped = [fate for fate in fates if isinstance(fate, Dropped)]
    write(options.result, {int(d.record.id): int(d.evidence["kept"]) for d in dropped})


if __name__ == "__main__":
    main()
