"""The names of what a run directory holds."""

__all__ = ["CACHE", "LOSSES", "METRICS", "NAMES", "RUN", "STARTED", "TRAINING_LOSSES"]

RUN = "run.json"
STARTED = "started.json"
METRICS = "metrics.jsonl"
LOSSES = "losses.jsonl"
TRAINING_LOSSES = "training_losses.jsonl"
CACHE = "encoded.jsonl.zst"
NAMES = {RUN, STARTED, METRICS, LOSSES, TRAINING_LOSSES, CACHE, "adapter", "checkpoints",
         "generations.jsonl", "loss.png", "README.md", "template.jinja"}  # fmt: skip
