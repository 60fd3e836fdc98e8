"""Measure encoding beside the package `tokenizers` called bare on the same rendered texts.

    python benchmarks/encode.py [FOLDER] [--rows 20000] [--vocabulary 32000] [--rounds 5]

A byte-level BPE tokenizer is trained on the records of FOLDER. Bare is one call of
`encode_batch_fast` for every 128 texts, prompt and answer of a record joined: that gives ids and
nothing else, no label, no care for special tokens in the data. Ours is `Encoder.encode_all` from
records to examples. Both with one thread, then with all cores; rounds alternate. Memory is the
peak of the process after a quarter of the records and after all, examples not kept.
"""

import argparse
import itertools
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
CHUNK = 128


def make_tokenizer(texts: list[str], size: int, folder: str) -> object:
    """Return a transformers tokenizer with a byte-level BPE of `size` tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<eos>"], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>").save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def seconds(work: Callable[[], int]) -> tuple[float, float, int]:
    """Return wall seconds, CPU seconds of this process and its children, and tokens."""

    def cpu() -> float:
        used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(each.ru_utime + each.ru_stime for each in used)

    start, before = time.perf_counter(), cpu()
    tokens = work()
    return time.perf_counter() - start, cpu() - before, tokens


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=str(SAMPLE))
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--vocabulary", type=int, default=32_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    from curate.prompts.encode import Encoder, EncodeSettings
    from curate.prompts.templates import find_template
    from curate.records import Record
    from curate.sources import Reader, resolve

    found = (r for source in resolve([options.folder]) for r in Reader(source))
    whole = (r for r in found if isinstance(r, Record) and r.instruction and r.output)
    records = list(itertools.islice(whole, options.rows))
    with tempfile.TemporaryDirectory() as folder:
        texts = [f"{r.instruction} {r.context} {r.output}" for r in records]
        tokenizer = make_tokenizer(texts, options.vocabulary, folder)
        settings = EncodeSettings(max_length=1 << 20)
        encoder = Encoder(find_template("alpaca"), tokenizer, settings)
        plain = Encoder(find_template("alpaca"))
        rendered = [plain.encode(r) for r in records]
        joined = [example.prompt + example.completion for example in rendered]
        backend = tokenizer.backend_tokenizer

        for part in (len(records) // 4, len(records)):
            sum(1 for _ in encoder.encode_all(itertools.islice(records, part)))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"peak memory after encoding {part:,} records: {peak:,.0f} MB")

        def bare() -> int:
            parts = range(0, len(joined), CHUNK)
            batches = (joined[at : at + CHUNK] for at in parts)
            return sum(
                len(each.ids)
                for batch in batches
                for each in backend.encode_batch_fast(batch, add_special_tokens=False)
            )

        def ours(workers: int) -> int:
            examples = encoder.encode_all(records, workers=workers)
            return sum(len(example.input_ids) for example in examples)

        cores = len(os.sched_getaffinity(0))
        size = sum(map(len, joined)) / 1e6
        print(f"{len(records):,} records, {size:.0f} MB of text, vocabulary {len(tokenizer):,}\n")
        print("| | tokens a second | of bare, wall | of bare, CPU |\n| --- | --- | --- | --- |")
        for label, threads in (("one core", 1), (f"{cores} cores", cores)):
            os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
            works = {"tokenizers, bare": bare, "Encoder": lambda n=threads: ours(n)}
            taken = {name: [] for name in works}
            for _ in range(options.rounds):
                for name, work in works.items():
                    taken[name].append(seconds(work))
            wall = {name: statistics.median(t[0] for t in each) for name, each in taken.items()}
            cpu = {name: statistics.median(t[1] for t in each) for name, each in taken.items()}
            base = "tokenizers, bare"
            for name, each in taken.items():
                print(f"| {name}, {label} | {each[0][2] / wall[name]:,.0f} | "
                      f"{wall[base] / wall[name]:.2f} | {cpu[base] / cpu[name]:.2f} |",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
