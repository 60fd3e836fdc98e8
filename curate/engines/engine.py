"""The choice of an engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from curate.engines.ray_tasks import RayTasks
from curate.processes import Processes
from curate.steps import Spread

__all__ = ["Engine"]


@dataclass(frozen=True, slots=True)
class Engine:
    """Where the work is done. It changes the speed alone.

    Attributes:
        name: `local`, the processes of this machine, or `ray`, the tasks of a cluster.
        workers: how many at once; None: one here, as many as there are cores in a cluster.
        address: of the cluster, as `ray.init` takes it.

    """

    name: Literal["local", "ray"] = "local"
    workers: int | None = None
    address: str | None = None

    @contextmanager
    def spread(self) -> Iterator[Spread]:
        """Return, for as long as the context lasts, what does the work.

        Raises:
            EngineError: the cluster cannot be reached.

        """
        if self.name == "ray":
            with RayTasks(self.address, self.workers) as tasks:
                yield tasks.map
        elif self.workers is None or self.workers == 1:
            yield map  # alone, no record is read ahead
        else:
            with Processes(self.workers) as processes:
                yield processes.map
