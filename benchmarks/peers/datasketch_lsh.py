"""Near-duplicates as datasketch's documentation finds them: ask the LSH, insert what is new."""

from datasketch import MinHash, MinHashLSH
from texts import arguments, rows, triples, write


def main() -> None:
    """Write what went."""
    options = arguments()
    lsh = MinHashLSH(threshold=options.threshold, num_perm=128)
    shingles = ([t.encode() for t in set(triples(row["text"]))] for row in rows(options.rows))
    gone: dict[int, int | None] = {}
    for line, minhash in enumerate(MinHash.generator(shingles, num_perm=128), start=1):
        if found := lsh.query(minhash):
            gone[line] = min(found)
        else:
            lsh.insert(line, minhash)
    write(options.result, gone)


if __name__ == "__main__":
    main()
