"""The search alone, without fields or evidence, by a prototype in just-in-time compiled kernels.

Its two files, `dedup_numba2.py` and `dedup_kernels.py`, lie in the working folder, where it keeps
what it compiled; it expects a module that reads the texts, which is here.
"""

import runpy
import sys
import types
from pathlib import Path

import numpy as np
from texts import arguments, rows, write


def load(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of all texts and where each begins."""
    texts = [row["text"].encode() for row in rows(Path(path))]
    places = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=places[1:])
    return np.frombuffer(b"".join(texts), np.uint8), places


def main() -> None:
    """Write what went."""
    options = arguments()
    sys.modules["dedup_numba"] = types.SimpleNamespace(load=load)
    labels = options.result.with_suffix(".npz")
    sys.argv = ["", str(options.rows), "exact", str(options.threshold), str(labels)]
    sys.path.insert(0, ".")
    runpy.run_path("dedup_numba2.py", run_name="__main__")
    roots = np.load(labels)["labels"].tolist()
    write(options.result, {n + 1: root + 1 for n, root in enumerate(roots) if root != n})


if __name__ == "__main__":
    main()
