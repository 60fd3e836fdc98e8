"""What a run took: time, tokens, memory. Of this nothing is the same the next time."""

import sys
import time
from typing import Any

from curate.tuning.ranks import gather

__all__ = ["Stopwatch", "peak_memory"]


class Stopwatch:
    """Measures from when it was made."""

    def __init__(self) -> None:
        import torch

        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        self._start = time.perf_counter()

    def read(self, tokens: int) -> dict[str, Any]:
        """Return what went by since then in all processes; `tokens` is what this one trained on."""
        seconds = time.perf_counter() - self._start
        counts, peaks = gather([tokens]), gather([peak_memory()])
        return {
            "device": _device(),
            "processes": len(counts),
            "seconds": round(seconds, 2),
            "tokens": sum(counts),
            "tokens_per_second": round(sum(counts) / max(seconds, 1e-9), 1),
            "peak_memory_bytes": max(peaks),
        }


def peak_memory() -> int:
    """Return the most bytes that were in use: of the GPU, or without one of this process."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _device() -> str:
    import torch

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "cpu"
