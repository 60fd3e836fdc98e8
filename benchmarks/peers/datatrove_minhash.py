"""Near-duplicates by datatrove's four MinHash stages, one worker.

It has no threshold: 14 buckets stay, and the hashes in one are as many as bring the similarity at
which a pair is found to the one wanted, (1/14)^(1/hashes). Triples instead of 5-grams. Numbers are
made equal and words split by spaCy, as it does by default.
"""

import math
import tempfile
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from texts import N_GRAM, arguments, rows, write

BUCKETS = 14


def stages(source: Path, folder: str, threshold: float) -> list[tuple[list, int]]:
    """Return the pipelines, each with its number of tasks."""
    hashes = round(math.log(1 / BUCKETS) / math.log(threshold))
    config = MinhashConfig(n_grams=N_GRAM, num_buckets=BUCKETS, hashes_per_bucket=hashes)

    def reader() -> JsonlReader:
        return JsonlReader(str(source.parent), glob_pattern=source.name, id_key="line")

    signatures, found, remove = (f"{folder}/{name}" for name in ("signatures", "found", "remove"))
    return [
        ([reader(), MinhashDedupSignature(signatures, config)], 1),
        ([MinhashDedupBuckets(signatures, found, config=config)], BUCKETS),
        ([MinhashDedupCluster(found, remove, config, save_cluster_id=True)], 1),
        (
            [
                reader(),
                MinhashDedupFilter(remove, load_cluster_ids=True),
                JsonlWriter(f"{folder}/kept", compression=None),
            ],
            1,
        ),
    ]


def clusters(path: Path) -> dict[int, int]:
    """Return the cluster of each line that has one, as stage 3 wrote it."""
    data = path.read_bytes() if path.exists() else b""
    numbers = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    return {place + 1: cluster for place, cluster in zip(numbers[::2], numbers[1::2], strict=True)}


def main() -> None:
    """Write what went."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        for number, (pipeline, tasks) in enumerate(
            stages(options.rows.resolve(), folder, options.threshold)
        ):
            LocalPipelineExecutor(
                pipeline, tasks=tasks, workers=1, logging_dir=f"{folder}/log{number}"
            ).run()
        files = sorted(Path(folder, "kept").glob("*.jsonl"))
        kept = {int(row["id"]) for file in files for row in rows(file)}
        cluster = clusters(Path(folder, "remove", "000000.clusters"))
    first = {cluster[line]: line for line in kept if line in cluster}
    write(options.result, {n: first[c] for n, c in cluster.items() if n not in kept})


if __name__ == "__main__":
    main()
