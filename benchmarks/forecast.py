"""Peak memory as `curate train --dry-run` forecasts it, beside what a run takes.

    python benchmarks/forecast.py

A Llama of random weights with 34 M parameters, rows of 512 tokens, two steps; on a GPU with 1.2 G
in bfloat16. What Python and the libraries take themselves is measured on the tiny model and taken
off. On a CPU glibc gives freed memory back late; with MALLOC_MMAP_THRESHOLD_ at once, and slower.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from training import CUDA, make_model

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
LOOSE = "" if CUDA else " with glibc's defaults MB |"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder / "model", "1b" if CUDA else "34m")
        make_data(folder)
        small = figures(folder, "small", "tiny", ("lora",))
        print("| recipe | forecast MB | taken MB | forecast / taken |" + LOOSE)
        print("| --- | --- | --- | --- |" + (" --- |" if LOOSE else ""), flush=True)

        def row(label: str) -> str:
            found = figures(folder, label, str(folder / "model"), RECIPES[label])
            said, *took = ((a - b) / 1e6 for a, b in zip(found, small, strict=True))
            cells = label, f"{said:,.0f}", f"{took[0]:,.0f}", f"{said / took[0]:.2f}"
            return " | ".join(("", *cells, *(f"{loose:,.0f}" for loose in took[1:]), "")).strip()

        with ThreadPoolExecutor(4 if CUDA else 1) as pool:
            for line in pool.map(row, RECIPES):
                print(line, flush=True)


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


def figures(folder: Path, label: str, model: str, recipe: tuple[str, ...]) -> list[int]:
    """Return the bytes forecast and taken; without a GPU also those with glibc as it is."""
    name, *rest = recipe
    words = ["train", name, f"model.model_name_or_path={model}", f"data.dataset={folder / 'data'}",
             *COMMON, *rest, "-o", folder / label, "--overwrite", "--json"]  # fmt: skip
    said = json.loads(curate(*words, "--dry-run"))
    runs = [json.loads(curate(*words, **env)) for env in ((TIGHT, {}) if LOOSE else ({},))]
    return [said["memory"], *(run["resources"]["peak_memory_bytes"] for run in runs)]


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
