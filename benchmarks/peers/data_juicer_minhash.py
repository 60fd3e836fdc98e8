"""Near-duplicates by data-juicer's `document_minhash_deduplicator`.

Words split at spaces, triples instead of 5-grams, punctuation ignored: without that, a comma makes
another word. No pool of processes, which takes it twice the CPU time.
"""

from data_juicer.core.data import NestedDataset
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator
from datasets import Dataset
from texts import N_GRAM, arguments, rows, write


def main() -> None:
    """Write what went."""
    options = arguments()
    operator = DocumentMinhashDeduplicator(
        tokenization="space",
        window_size=N_GRAM,
        ignore_pattern=r"\p{P}",
        jaccard_threshold=options.threshold,
    )
    records = NestedDataset(Dataset.from_list(list(rows(options.rows))))
    hashed = records.map(operator.compute_hash)
    kept, pairs = operator.process(hashed, show_num=len(records) if options.evidence else 0)
    lines = set(kept["line"])
    gone: dict[int, int | None] = {n: None for n in records["line"] if n not in lines}
    for first, *others in pairs.values():
        gone |= {other["line"]: first["line"] for other in others}
    write(options.result, gone)


if __name__ == "__main__":
    main()
