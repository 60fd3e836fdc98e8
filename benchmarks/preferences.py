"""Preference tuning on the tiny world: python benchmarks/preferences.py [--out DIR] [--only STAGE].

An instruction-tuned start, a reward model, and DPO, KTO and GRPO from the start; then each is
measured on held-out prompts by the rule of the data and by the reward model. What is there is not
made again. Prints the table of benchmarks/README.md.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "preferences"
RULE = f"{DATA / 'rule.py'}:polite"
HELD_OUT = f"evaluation.dataset={DATA / 'heldout.jsonl'}"
GENERATE = 300


def curate(*words: object) -> None:
    """Runs a command of Curate."""
    print("$ curate", *words, flush=True)
    subprocess.run([sys.executable, "-m", "curate", *map(str, words)], check=True)


def make(out: Path, only: str) -> dict[str, Path]:
    """The runs by name, made if they are not there."""
    for name in ("answers", "pairs"):
        if not (out / name / "manifest.json").is_file():
            curate("clean", DATA / f"{name}.jsonl", "-o", out / name)
    start = f"model.model_name_or_path={out / 'sft'}"
    rewards, generate = f"rewards={RULE}", f"evaluation.generate={GENERATE}"
    reward = f"rewards={out / 'reward'}"
    recipes = {
        "sft": ["lora", "answers", rewards, generate, "training.num_train_epochs=3"],
        "reward": ["reward", "pairs"],
        "dpo": ["dpo", "pairs", start, rewards, generate],
        "kto": ["kto", "pairs", start, rewards, generate],
        "grpo": ["grpo", "answers", start, rewards, generate],
        "grpo-reward": ["grpo", "answers", start, reward, generate],
    }
    runs = {}
    for name, (recipe, data, *changes) in recipes.items():
        if only and name not in ("sft", "reward", only):
            continue
        runs[name] = out / name
        if not (out / name / "run.json").is_file():
            changes = [f"data.dataset={out / data}", HELD_OUT, *changes]
            curate("train", recipe, *changes, "-o", out / name, "--overwrite")
    return runs


def told(metrics: dict, name: str) -> str:
    """A metric with its interval."""
    if name not in metrics:
        return ""
    low, high = metrics["intervals"][name]
    return f"{metrics[name]:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Makes the runs, measures them and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("preference-runs"))
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    runs = make(args.out, args.only)
    metrics = json.loads((runs.pop("reward") / "run.json").read_text())["metrics"]["after"]
    print(f"reward model: {told(metrics, 'accuracy')} of {metrics['pairs']} held-out pairs")
    runs.pop("sft")
    print(
        "| run | rule before | after | wins by the rule | wins by the reward model | KL, nats an "
        "answer | perplexity of answers to the start, before → after | s |\n" + "| --- " * 8 + "|"
    )
    for name, run in runs.items():
        curate("evaluate", run, "--generate", GENERATE, "--reward", RULE, "--reward",
               args.out / "reward")  # fmt: skip
        found = json.loads((run / "evaluation.json").read_text())
        before, after = found["before"], found["after"]
        seconds = json.loads((run / "resources.json").read_text())["seconds"]
        wins = [" to ".join(f"{x:.3f}" for x in found["win_rate"][k]) for k in ("polite", "reward")]
        print(
            f"| {name} | {told(before, 'reward:polite')} | {told(after, 'reward:polite')} | "
            f"{wins[0]} | {wins[1]} | {told(after, 'kl')} | "
            f"{before['start_perplexity']:.2f} → {after['start_perplexity']:.2f} | {seconds:.0f} |"
        )


if __name__ == "__main__":
    main()
