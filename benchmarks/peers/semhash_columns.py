"""Near-duplicates by semhash over the three fields, at its own threshold, 0.9 of the cosine.

Its own encoder has to be downloaded; --model names a folder with another static one.
"""

from model2vec import StaticModel
from semhash import SemHash
from texts import arguments, rows, write


def main() -> None:
    """Write what went."""
    options = arguments()
    records = list(rows(options.rows))
    fields = ["instruction", "context", "output"]
    model = StaticModel.from_pretrained(options.model) if options.model else None
    found = SemHash.from_records(records, columns=fields, model=model).self_deduplicate()
    gone = {item.record["line"]: item.duplicate_of["line"] for item in found.filtered}
    write(options.result, gone)


if __name__ == "__main__":
    main()
