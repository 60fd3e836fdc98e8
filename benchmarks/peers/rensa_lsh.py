"""Near-duplicates as rensa's README finds them: `RMinHashDeduplicator`, which checks estimates."""

from rensa import RMinHash, RMinHashDeduplicator
from texts import arguments, rows, triples, write


def main() -> None:
    """Write what went."""
    options = arguments()
    dedup = RMinHashDeduplicator(threshold=options.threshold, num_perm=128, use_lsh=True)
    flags = dedup.add_pairs((str(row["line"]), triples(row["text"])) for row in rows(options.rows))
    gone: dict[int, int | None] = {n: None for n, new in enumerate(flags, start=1) if not new}
    if options.evidence:
        for row in rows(options.rows):
            if row["line"] in gone:
                minhash = RMinHash(num_perm=128, seed=42)
                minhash.update(triples(row["text"]))
                found = map(int, dedup.get_duplicates(minhash))
                gone[row["line"]] = min(found, default=None)
    write(options.result, gone)


if __name__ == "__main__":
    main()
