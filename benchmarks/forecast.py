"""Peak memory as `curate train --dry-run` forecasts it, beside what a run takes.

    python benchmarks/forecast.py

A Llama of random weights with 34 M parameters, rows of 512 tokens, two steps on a CPU. What Python
and the libraries take themselves is measured on the tiny model and taken off. glibc gives freed
memory back late; with MALLOC_MMAP_THRESHOLD_ it does so at once, and slower.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from curate.shipped import shipped

RECIPES = {
    "lora": ("lora",),
    "lora, 4 bits": ("lora", "model.load_in_4bit=true"),
    "lora, batch of 8": ("lora", "training.per_device_train_batch_size=8"),
    "adapter": ("adapter",),
    "prefix": ("prefix",),
    "full": ("full",),
    "full, activation checkpointing": ("full", "training.activation_checkpointing=true"),
    "full, packing": ("full", "data.packing=true"),
}
COMMON = ("training.per_device_train_batch_size=4", "training.max_steps=2", "data.max_length=512",
          "training.save_strategy=no", "evaluation.generate=0")  # fmt: skip


TIGHT = {"MALLOC_MMAP_THRESHOLD_": "65536"}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder / "model")
        make_data(folder)
        small = figures(folder, "tiny", ("lora",))
        print("| recipe | forecast MB | taken MB | forecast / taken | with glibc's defaults MB |")
        print("| --- | --- | --- | --- | --- |")
        for label, recipe in RECIPES.items():
            large = figures(folder, str(folder / "model"), recipe)
            said, took, loose = ((a - b) / 1e6 for a, b in zip(large, small, strict=True))
            row = f"{said:,.0f} | {took:,.0f} | {said / took:.2f} | {loose:,.0f}"
            print(f"| {label} | {row} |", flush=True)


def make_model(folder: Path) -> None:
    """Save a model with the tokenizer of the tiny one."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=512, intermediate_size=1408, num_hidden_layers=8, num_attention_heads=8,
        num_key_value_heads=4, vocab_size=16_000, max_position_embeddings=1024, pad_token_id=0,
        tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(shipped("data", "tiny")).save_pretrained(folder)


def make_data(folder: Path) -> None:
    """Write a dataset directory of long records."""
    words = "one two three four five six seven eight nine ten".split()
    with (folder / "rows.jsonl").open("w") as file:
        for at in range(200):
            text = " ".join(words[(at * 7 + i * i) % 10] for i in range(140 + at))
            file.write(json.dumps({"instruction": f"Count {at}.", "output": text}) + "\n")
    curate(
        "clean",
        folder / "rows.jsonl",
        "-o",
        folder / "clean",
        "--skip",
        "dedup",
        "--skip",
        "repetition",
    )
    curate("split", folder / "clean", "-o", folder / "data", "--test", "0", "--validation", "0.05")


def figures(folder: Path, model: str, recipe: tuple[str, ...]) -> tuple[int, int, int]:
    """Return the bytes forecast, taken, and taken with glibc as it is."""
    name, *rest = recipe
    words = ["train", name, f"model.model_name_or_path={model}", f"data.dataset={folder / 'data'}",
             *COMMON, *rest, "-o", folder / "run", "--overwrite", "--json"]  # fmt: skip
    said = json.loads(curate(*words, "--dry-run"))
    runs = [json.loads(curate(*words, **env)) for env in (TIGHT, {})]
    tight, loose = (run["resources"]["peak_memory_bytes"] for run in runs)
    return said["memory"], tight, loose


def curate(*words: object, **env: str) -> str:
    """Return what the command prints."""
    command = [sys.executable, "-m", "curate", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **env}
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
