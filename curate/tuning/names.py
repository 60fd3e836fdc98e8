"""The names of what a run directory holds."""

__all__ = [
    "ADAPTER", "CACHE", "EVALUATION", "EVALUATION_LINES", "EVALUATION_PAGE", "LOSSES", "METRICS",
    "MODEL", "NAMES", "RESOURCES", "RUN", "STARTED", "TRAINING_LOSSES",
]  # fmt: skip

ADAPTER = "adapter"
MODEL = "model"
RUN = "run.json"
STARTED = "started.json"
METRICS = "metrics.jsonl"
LOSSES = "losses.jsonl"
TRAINING_LOSSES = "training_losses.jsonl"
RESOURCES = "resources.json"
EVALUATION = "evaluation.json"
EVALUATION_LINES = "evaluation.jsonl"
EVALUATION_PAGE = "evaluation.html"
CACHE = "encoded.jsonl.zst"
NAMES = {
    RUN, STARTED, METRICS, LOSSES, TRAINING_LOSSES, RESOURCES, CACHE, ADAPTER, MODEL,
    EVALUATION, EVALUATION_LINES, EVALUATION_PAGE, "checkpoints", "generations.jsonl", "loss.png",
    "README.md", "template.jinja",
}  # fmt: skip
