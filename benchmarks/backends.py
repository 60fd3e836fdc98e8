"""Measure the four ways to tune beside each other on the tiny model; prints a table.

Each is trained at every learning rate of one grid and the best rate is chosen by the loss on the
validation split. At that rate it is trained with three seeds and asked what data/heldout.jsonl
asks: facts, stories and sums that are in no row of the training data. Forgetting is the loss on
prose of the kind that the base was made from.

    python benchmarks/backends.py           # about 40 runs, half an hour on one core
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
METHODS = ("full", "lora", "adapter", "prefix")
RATES = ("1e-3", "3e-3", "1e-2", "3e-2", "1e-1")
SEEDS = (0, 1, 2)
SUMS = ("add", "take", "number_after", "number_before", "bigger")
HELD_OUT = ROOT / "data" / "heldout.jsonl"


def family_of(task: str) -> str:
    """Return the family of a held-out question."""
    if task.startswith(("story", "list")):
        return "stories"
    return "sums" if task in SUMS else "facts"


def one(method: str, rate: str, seed: int, run: Path, dataset: Path, *, held_out: bool) -> None:
    """Train once and leave result.json beside the run."""
    from curate.recipe import find_recipe, load_recipe
    from curate.tuning.training import train

    options = [f"data.dataset={dataset}", f"training.learning_rate={rate}", f"seed={seed}",
               "training.save_strategy=no", "training.max_steps=300"]  # fmt: skip
    if held_out:
        options += [f"evaluation.dataset={HELD_OUT}", "evaluation.generate=150"]
    else:
        options.append("evaluation.generate=0")
    start = time.perf_counter()
    said = train(load_recipe(find_recipe(method), options), run)
    seconds = time.perf_counter() - start
    result = {"training": said["training"], "metrics": said["metrics"], "seconds": seconds}
    if held_out:
        result |= {"exact": exact(run), "prose": prose(run), "bytes": saved_bytes(run)}
    (run.parent / f"{run.name}.json").write_text(json.dumps(result))


def exact(run: Path) -> dict[str, dict[str, float]]:
    """Return the share of exact answers of each family, before and after."""
    tasks = [json.loads(line)["task"] for line in HELD_OUT.open()]
    lines = [json.loads(line) for line in (run / "generations.jsonl").open()]
    found: dict[str, dict[str, float]] = {}
    for when in ("before", "after"):
        hits: dict[str, list[bool]] = {}
        for task, line in zip(tasks, lines, strict=True):
            right = line[when].strip() == line["expected"].strip()
            hits.setdefault(family_of(task), []).append(right)
            hits.setdefault("all", []).append(right)
        found[when] = {family: statistics.mean(right) for family, right in hits.items()}
    return found


def prose(run: Path) -> dict[str, float]:
    """Return the loss on prose of the base and of the tuned model."""
    sys.path.insert(0, str(ROOT / "data"))
    import torch
    from make_tiny import encode_blocks, write_documents

    from curate.prompts.tokenizer import load_tokenizer
    from curate.tuning.finished import read_run
    from curate.tuning.saving import load_base, load_tuned

    said = read_run(run)
    blocks = encode_blocks(load_tokenizer("tiny"), write_documents(12345, 400))[:64]
    mask = torch.ones_like(blocks)

    def loss(model: torch.nn.Module) -> float:
        logits = model.eval()(input_ids=blocks, attention_mask=mask).logits[:, -blocks.shape[1] :]
        return torch.nn.functional.cross_entropy(
            logits[:, :-1].flatten(0, 1), blocks[:, 1:].flatten()
        ).item()

    with torch.no_grad():
        return {"before": loss(load_base(said)), "after": loss(load_tuned(run, said))}


def saved_bytes(run: Path) -> int:
    """Return the size of the weights that are saved."""
    return sum(path.stat().st_size for path in run.glob("*/*.safetensors"))


def measured(folder: Path, dataset: Path, method: str, rate: str, seed: int,
             *, held_out: bool) -> dict:  # fmt: skip
    """Return the result of one training in a process of its own, with its peak memory."""
    run = folder / f"{method}-{rate}-{seed}-{held_out:d}"
    result = run.parent / f"{run.name}.json"
    if not result.exists():
        command = [sys.executable, __file__, "--one", method, rate, str(seed), str(run),
                   str(dataset), *(["held_out"] if held_out else [])]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
        said = json.loads(result.read_text()) | {"peak": usage.ru_maxrss / 1024}
        result.write_text(json.dumps(said))
    return json.loads(result.read_text())


def spread(values: list[float], digits: int = 2) -> str:
    """Return mean and range."""
    low, mean, high = min(values), statistics.mean(values), max(values)
    return f"{mean:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="Keep the runs here, and go on from them.")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        method, rate, seed, run, dataset, *rest = chosen.one
        one(method, rate, int(seed), Path(run), Path(dataset), held_out=bool(rest))
        return
    folder = chosen.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    dataset = folder / "split"
    if not dataset.exists():
        curate = [sys.executable, "-m", "curate"]
        sample = str(ROOT / "data" / "sample")
        subprocess.run([*curate, "clean", sample, "-o", str(folder / "clean")], check=True)
        subprocess.run([*curate, "split", str(folder / "clean"), "-o", str(dataset),
                        "--validation", "0.05", "--test", "0.05"], check=True)  # fmt: skip
    print("validation loss after 300 steps, by learning rate\n")
    print(f"| method | {' | '.join(RATES)} |\n| --- |{' --- |' * len(RATES)}")
    best = {}
    for method in METHODS:
        found = {rate: measured(folder, dataset, method, rate, 0, held_out=False) for rate in RATES}
        losses = {rate: said["metrics"]["after"]["loss"] for rate, said in found.items()}
        best[method] = min(losses, key=lambda rate: losses[rate])
        cells = [f"**{v:.3f}**" if r == best[method] else f"{v:.3f}" for r, v in losses.items()]
        print(f"| {method} | {' | '.join(cells)} |", flush=True)
    print("\nat the best rate, mean and range of three seeds\n")
    print("| method | rate | trained | held-out loss | exact: all | facts | stories | sums "
          "| prose loss | seconds | peak MB | optimizer kB | saved kB |")  # fmt: skip
    print("| --- |" + " --- |" * 12)
    for method in METHODS:
        runs = [measured(folder, dataset, method, best[method], s, held_out=True) for s in SEEDS]
        sizes, first = runs[0]["training"], runs[0]
        share = sizes["trainable_parameters"] / sizes["parameters"]
        before = first["exact"]["before"]
        exacts = [
            f"{before[family]:.2f} → {spread([r['exact']['after'][family] for r in runs])}"
            for family in ("all", "facts", "stories", "sums")
        ]
        held = spread([r["metrics"]["after"]["loss"] for r in runs])
        text = spread([r["prose"]["after"] for r in runs])
        print(
            f"| {method} | {best[method]} | {sizes['trainable_parameters']:,} ({share:.1%}) "
            f"| {first['metrics']['before']['loss']:.2f} → {held} | {' | '.join(exacts)} "
            f"| {first['prose']['before']:.2f} → {text} "
            f"| {spread([r['seconds'] for r in runs], 0)} "
            f"| {statistics.mean(r['peak'] for r in runs):.0f} "
            f"| {sizes['optimizer_bytes'] / 1e3:,.0f} | {first['bytes'] / 1e3:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
