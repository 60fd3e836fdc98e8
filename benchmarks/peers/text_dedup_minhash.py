"""Near-duplicates by `python -m text_dedup.minhash`, called from here.

Its answer to which record a text went for is the union-find that it leaves behind. Texts of fewer
than five words it takes out (`min_length`), without another one in their place.
"""

import tempfile

from datasets import load_from_disk
from text_dedup import minhash
from texts import N_GRAM, arguments, rows, write


def main() -> None:
    """Write what went."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        command = {
            "path": "json", "data_files": options.rows, "split": "train", "column": "text",
            "cache_dir": f"{folder}/cache", "output": f"{folder}/out",
            "ngram": N_GRAM, "threshold": options.threshold,
        }  # fmt: skip
        flags = [part for name, value in command.items() for part in (f"--{name}", str(value))]
        minhash.main(flags, standalone_mode=False)
        kept = set(load_from_disk(f"{folder}/out")["line"])
    gone: dict[int, int | None] = {}
    for line in (row["line"] for row in rows(options.rows)):
        if line not in kept:
            root = minhash.uf.find(line - 1) + 1
            gone[line] = root if root != line else None
    write(options.result, gone)


if __name__ == "__main__":
    main()
