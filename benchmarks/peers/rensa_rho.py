"""Near-duplicates by rensa's fastest way, the rho pipeline: flags alone, from sampled triples.

128 slots in 8 bands, as in its own benchmark; that finds few pairs below 0.88, (1/8)^(1/16).
"""

from rensa import RMinHash, RMinHashLSH
from texts import arguments, rows, triples, write


def main() -> None:
    """Write what went."""
    options = arguments()
    tokens = (triples(row["text"]) for row in rows(options.rows))
    matrix = RMinHash.digest_matrix_from_token_sets_rho(tokens, num_perm=128, seed=42)
    lsh = RMinHashLSH(threshold=options.threshold, num_perm=128, num_bands=8)
    flags = lsh.query_duplicate_flags_matrix_one_shot(matrix)
    write(options.result, {n: None for n, flag in enumerate(flags, start=1) if flag})


if __name__ == "__main__":
    main()
