"""Clean a JSON-lines file with datatrove, as near to the default `curate clean` as its parts go.

    PEER_PYTHON benchmarks/datatrove_pipeline.py ROWS.jsonl FOLDER

Runs in an interpreter that has datatrove (0.10.1, with xxhash below 3.6), not in the project's:
repair of encoding, empty outputs, refusals by one pattern, repetition by 10-grams and lines, exact
duplicates (three passes, as it does them). It has no part for the other steps, edits and evidence
are not kept. Words are split at spaces, which is quicker than its own tokenizers, and these have to
be downloaded.
"""

import re
import shutil
import sys
from pathlib import Path

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup.exact_dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
)
from datatrove.pipeline.filters import GopherRepetitionFilter, LambdaFilter
from datatrove.pipeline.filters import gopher_repetition_filter as gopher
from datatrove.pipeline.formatters import FTFYFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

REFUSAL = re.compile(r"as an ai|i'm sorry, but i|i cannot (?:provide|assist|help)", re.IGNORECASE)


def adapt(self: object, data: dict, path: str, place: int | str) -> dict:
    """Return datatrove's document of an instruction row: one text, the fields beside it."""
    text = "\n".join(data[key] for key in ("instruction", "input", "output"))
    return {"text": text, "id": f"{path}/{place}", "metadata": data}


def run(rows: Path, folder: Path) -> None:
    """Clean `rows` into `folder/clean`."""
    shutil.rmtree(folder, ignore_errors=True)  # it would go on where it was
    gopher.split_into_words = lambda text, language: text.split()
    config = ExactDedupConfig(content_getter=lambda document: document.text)
    kept, signatures, found = (str(folder / name) for name in ("kept", "signatures", "found"))
    stages = [
        [
            JsonlReader(str(rows.parent), glob_pattern=rows.name, adapter=adapt),
            FTFYFormatter(),
            LambdaFilter(has_output),
            LambdaFilter(answers),
            GopherRepetitionFilter(
                dup_line_frac=None, dup_para_frac=None, dup_line_char_frac=0.6,
                dup_para_char_frac=None, top_n_grams=(), dup_n_grams=((10, 0.6),),
            ),
            JsonlWriter(kept, compression=None),
            ExactDedupSignature(signatures, config),
        ],
        [ExactFindDedups(signatures, found, config)],
        [
            JsonlReader(kept),
            ExactDedupFilter(found, config),
            JsonlWriter(str(folder / "clean"), compression=None),
        ],
    ]  # fmt: skip
    for number, stage in enumerate(stages):
        LocalPipelineExecutor(stage, logging_dir=str(folder / f"log{number}")).run()


def has_output(document: Document) -> bool:
    """Return whether there is something to learn."""
    return bool(document.metadata["output"].strip())


def answers(document: Document) -> bool:
    """Return whether the output is no refusal."""
    return REFUSAL.search(document.metadata["output"][:400]) is None


if __name__ == "__main__":
    run(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
