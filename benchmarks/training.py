"""Tokens a second of `curate train`, beside a bare loop, HF's Trainer and `trl sft`.

    python benchmarks/training.py [--size 34m|1b] [--rows 256] [--method full|lora] [--rounds 3]

One epoch over the same rows in the same batch size, each way in a fresh process, in turn, medians
of the rounds. Rows are generated; their lengths are as skewed as those of instruction data. Packed
rows are as long as there fit into a batch of as many tokens. The model is a Llama of random
weights; on a GPU it is in bfloat16. TRL and Trainer read the ids and prompts that Curate encoded.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from curate.prompts.encode import IGNORE_INDEX, Encoder, EncodeSettings, Example, load_tokenizer
from curate.prompts.example import OverLength
from curate.prompts.templates import find_template
from curate.records import Record
from curate.shipped import shipped

CUDA = torch.cuda.is_available()
SIZES = {
    "34m": {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8,
            "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 16_000},
    "1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
           "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128_256},
}  # fmt: skip
"""The larger one is as Llama 3.2 1B."""
LONGEST, BATCH = 512, 8
RATE = 1e-5
PEAK_FLOPS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""In bfloat16, without sparsity, as the maker states them."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=SIZES, default="34m")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--method", choices=("full", "lora"), default="full")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=WAYS, default=[*WAYS])
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measured(options.way, options.folder, options.method)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder / "model", options.size)
        trained, whole = make_rows(folder, options.rows)
        table(options, folder, trained, whole)


def table(options: argparse.Namespace, folder: Path, trained: int, whole: int) -> None:
    """Run each way, and print what it took."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in options.only}
    for _ in range(options.rounds):
        for way in options.only:
            runs[way].append(run(way, folder, options.method))
            print(way, runs[way][-1], file=sys.stderr)
    print(f"{options.size}, {options.method}: {whole:,} tokens, {trained:,} of them with a loss")
    print("| way | seconds to the first step | tokens/s | tokens with a loss/s | beside the bare "
          "loop | peak memory MB | FLOPs utilisation |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- | --- |")
    bare = None
    for way, rounds in runs.items():
        seconds, first, peak = (statistics.median(r[key] for r in rounds)
                                for key in ("seconds", "first", "peak"))  # fmt: skip
        bare = bare or seconds
        used = flops(folder, options.method) * whole / seconds
        share = next((used / most for name, most in PEAK_FLOPS.items()
                      if CUDA and name in torch.cuda.get_device_name()), None)  # fmt: skip
        print(f"| {way} | {first:.1f} | {whole / seconds:,.0f} | {trained / seconds:,.0f} | "
              f"{bare / seconds:.2f} × | {peak / 1e6:,.0f} | "
              f"{'' if share is None else f'{share:.0%}'} |", flush=True)  # fmt: skip


def flops(folder: Path, method: str) -> float:
    """Return the floating-point operations of a token: 6 a weight, 4 if they get no gradient.

    Source: Kaplan et al. 2020, "Scaling laws for neural language models", 2.1.
    """
    config = json.loads((folder / "model" / "config.json").read_text())
    width, layers = config["hidden_size"], config["num_hidden_layers"]
    keys = width * config["num_key_value_heads"] // config["num_attention_heads"]
    layer = 2 * width * width + 2 * width * keys + 3 * width * config["intermediate_size"]
    return (4 if method == "lora" else 6) * (layers * layer + width * config["vocab_size"])


def run(way: str, folder: Path, method: str) -> dict[str, float]:
    """Return what one way took, in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder), "--method", method]
    path = str(Path(__file__).parent.parent)
    env = {**os.environ, "BEGUN": str(time.time()), "PYTHONPATH": os.pathsep.join(
        part for part in (path, os.environ.get("PYTHONPATH")) if part)}  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        sys.exit(f"{way}: {done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def make_model(folder: Path, size: str) -> None:
    """Save a model with the tokenizer of the tiny one."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(**SIZES[size], max_position_embeddings=1024, pad_token_id=0,
                         tie_word_embeddings=True)  # fmt: skip
    torch.manual_seed(0)
    with torch.device("cuda" if CUDA else "cpu"):
        model = LlamaForCausalLM(config)
    model.to(torch.bfloat16 if CUDA else torch.float32).save_pretrained(folder)
    AutoTokenizer.from_pretrained(shipped("data", "tiny")).save_pretrained(folder)


def make_rows(folder: Path, count: int) -> tuple[int, int]:
    """Write the rows as each way reads them; return tokens with a loss, and all."""
    words = "one two three four five six seven eight nine ten".split()
    random.seed(0)
    encoder = Encoder(find_template("alpaca"), load_tokenizer(str(folder / "model")),
                      EncodeSettings(max_length=LONGEST))  # fmt: skip
    examples: list[Example] = []
    with (folder / "rows.jsonl").open("w") as file:
        while len(examples) < count:
            length = int(random.lognormvariate(4.4, 0.7))  # its median is 81
            record = Record(
                id=f"rows:{len(examples) + 1}", instruction=f"Count {len(examples)}.",
                output=" ".join(random.choices(words, k=max(length, 1))),
            )  # fmt: skip
            try:
                example = encoder.encode(record)
            except OverLength:
                continue
            if isinstance(example, Example):
                examples.append(example)
                row = {"instruction": record.instruction, "output": record.output}
                file.write(json.dumps(row) + "\n")
    off = [word for step in ("dedup", "repetition", "length") for word in ("--skip", step)]
    curate("clean", folder / "rows.jsonl", "-o", folder / "data", *off)
    ids = [{"input_ids": e.input_ids, "labels": e.labels} for e in examples]
    (folder / "ids.json").write_text(json.dumps(ids))
    (folder / "trl").mkdir()
    with (folder / "trl" / "train.jsonl").open("w") as file:
        for example in examples:
            at = next(i for i, x in enumerate(example.labels) if x != IGNORE_INDEX)
            texts = (encoder.tokenizer.decode(part)  # type: ignore[attr-defined]
                     for part in (example.input_ids[:at], example.input_ids[at:-1]))  # fmt: skip
            file.write(json.dumps(dict(zip(("prompt", "completion"), texts, strict=True))) + "\n")
    return sum(e.loss_tokens for e in examples), sum(len(e.input_ids) for e in examples)


def curate(*words: object) -> None:
    """Run a command."""
    from curate.cli import main

    main([*map(str, words)], standalone_mode=False)


class Clock:
    """When training began, its first step was done, and it ended."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def tick(self) -> None:
        """Note the time, once the device is done."""
        if CUDA:
            torch.cuda.synchronize()
        self.times.append(time.time())

    def watch(self) -> None:
        """Tick with every Trainer of this process."""
        import transformers
        from transformers import trainer

        clock = self

        class Watch(transformers.TrainerCallback):  # type: ignore[misc]
            def on_train_begin(self, *_: object, **__: object) -> None:
                clock.tick()

            def on_step_end(self, args: object, state: Any, *_: object, **__: object) -> None:  # noqa: ANN401
                if state.global_step == 1:
                    clock.tick()

            def on_train_end(self, *_: object, **__: object) -> None:
                clock.tick()

        trainer.DEFAULT_CALLBACKS.append(Watch)


def measured(way: str, folder: Path, method: str) -> dict[str, float]:
    """Return seconds to the end of the first step, those of training, and peak memory."""
    from curate.tuning.resources import peak_memory

    clock = Clock()
    WAYS[way](folder, method, clock)
    begun, first, ended = clock.times
    return {"first": first - float(os.environ["BEGUN"]), "seconds": ended - begun,
            "peak": peak_memory()}  # fmt: skip


def load(folder: Path, method: str) -> torch.nn.Module:
    """Return the model, with an adapter if that is what is trained."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder / "model", dtype="auto")
    if method == "lora":
        from peft import LoraConfig, get_peft_model

        model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"))
    return model.to("cuda" if CUDA else "cpu")


def collate(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """Return a batch, padded on the right."""
    width = max(len(row["input_ids"]) for row in rows)

    def padded(key: str, fill: int) -> torch.Tensor:
        return torch.tensor([row[key] + [fill] * (width - len(row[key])) for row in rows])

    ids = padded("input_ids", 0)
    lengths = torch.tensor([[len(row["input_ids"])] for row in rows])
    return {"input_ids": ids, "labels": padded("labels", IGNORE_INDEX),
            "attention_mask": (torch.arange(width) < lengths).long()}  # fmt: skip


def bare(folder: Path, method: str, clock: Clock) -> None:
    """Train in a loop of plain PyTorch."""
    model = load(folder, method).train()
    rows = json.loads((folder / "ids.json").read_text())
    random.seed(0)
    random.shuffle(rows)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, fused=CUDA)
    clock.tick()
    for at in range(0, len(rows), BATCH):
        batch = {
            key: value.to(model.device) for key, value in collate(rows[at : at + BATCH]).items()
        }
        model(**batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if not at:
            clock.tick()
    clock.tick()


def plain(folder: Path, method: str, clock: Clock) -> None:
    """Train with transformers' Trainer."""
    import datasets
    from transformers import Trainer, TrainingArguments

    clock.watch()
    arguments = TrainingArguments(
        output_dir=str(folder / "plain"), per_device_train_batch_size=BATCH, num_train_epochs=1,
        learning_rate=RATE, save_strategy="no", report_to="none", disable_tqdm=True,
    )  # fmt: skip
    rows = datasets.Dataset.from_list(json.loads((folder / "ids.json").read_text()))
    model = load(folder, method)
    Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collate).train()


def trl(folder: Path, method: str, clock: Clock, *more: str) -> None:
    """Train with `trl sft`, as it is by default."""
    from trl.scripts.sft import main, make_parser

    clock.watch()
    words = ["--model_name_or_path", folder / "model", "--dataset_name", folder / "trl",
             "--output_dir", folder / "trained", "--per_device_train_batch_size", BATCH,
             "--num_train_epochs", 1, "--learning_rate", RATE, "--save_strategy", "no",
             "--report_to", "none", "--dtype", "auto", *more]  # fmt: skip
    words += [] if CUDA else ["--use_cpu", "true"]  # else it refuses to train on a CPU
    if method == "lora":
        words += ["--use_peft", "--lora_r", 16, "--lora_target_modules", "all-linear"]
    script, config, model, dataset = make_parser().parse_args_and_config(
        [*map(str, words)], fail_with_unknown_args=True
    )[:4]
    main(script, config, model, dataset)


def trl_alike(folder: Path, method: str, clock: Clock) -> None:
    """Train with `trl sft` without what slows it down here."""
    halves = "--bf16", str(CUDA).lower()
    trl(folder, method, clock, *halves, "--gradient_checkpointing", "false")


def ours(folder: Path, method: str, clock: Clock, *more: str) -> None:
    """Train with `curate train`."""
    clock.watch()
    curate(
        "train", method, f"model.model_name_or_path={folder / 'model'}",
        f"data.dataset={folder / 'data'}", f"data.max_length={LONGEST}",
        f"training.per_device_train_batch_size={BATCH}", "training.num_train_epochs=1",
        f"training.learning_rate={RATE}", "training.save_strategy=no", "evaluation.generate=0",
        *(["backend.target_modules=all-linear", "backend.r=16"] if method == "lora" else []),
        *(["model.dtype=bfloat16"] if CUDA else []),
        *more, "-o", folder / "run", "--overwrite",
    )  # fmt: skip


def ours_packed(folder: Path, method: str, clock: Clock) -> None:
    """Train with `curate train`, several records to a row, as many tokens to a batch."""
    sizes = [len(row["input_ids"]) for row in json.loads((folder / "ids.json").read_text())]
    batch = max(round(statistics.mean(sizes) * BATCH / LONGEST), 1)
    packed = "data.packing=true", f"training.per_device_train_batch_size={batch}"
    ours(folder, method, clock, *packed)


WAYS: dict[str, Callable[[Path, str, Clock], None]] = {
    "bare loop": bare,
    "HF Trainer": plain,
    "trl sft": trl,
    "trl sft, alike": trl_alike,
    "curate train": ours,
    "curate train, packed": ours_packed,
}


if __name__ == "__main__":
    main()
