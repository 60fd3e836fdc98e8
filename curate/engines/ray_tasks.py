"""Hand work to the tasks of a Ray cluster and take the results in order."""

import hashlib
import logging
import os
import pickle
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import curate
from curate.errors import EngineError, clip

__all__ = ["RayTasks"]

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2  # tasks for each core that are handed out before the first is done
_RETRIES = 10  # of a task whose worker was lost; more, and it is the task that kills them


class RayTasks:
    """A Ray cluster, connected to until the context ends.

    A task whose worker, node or result is lost is done again, elsewhere. What comes back does not
    depend on where and how often it was done, nor on the size of the cluster.

    Args:
        address: as `ray.init` takes it; None: what RAY_ADDRESS says, or a cluster that runs on
            this machine, or else one that is started here.
        workers: tasks at once; None: as many as the cluster has cores for.

    Raises:
        EngineError: there is no ray here, no cluster there, or one with other code.

    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self._address = address
        self._workers = workers
        self._run: Any = None

    def __enter__(self) -> Self:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anyone
        os.environ.setdefault(
            "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"
        )  # else it warns of a change
        try:
            import ray
        except ImportError as error:
            raise EngineError(
                "--engine ray needs the package ray: pip install 'curate[ray]'"
            ) from error
        address = os.environ.get("RAY_ADDRESS") if self._address is None else self._address
        try:
            if address is not None:
                _knock(address)
            ray.init(address, logging_level=logging.ERROR, log_to_driver=False)
        except (OSError, OverflowError, RuntimeError, ValueError) as error:
            where = "" if address is None else f" at {clip(address)!r}"
            raise EngineError(f"no Ray cluster{where}: {clip(str(error), 300)}") from error
        self._run = ray.remote(max_retries=_RETRIES)(_run)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        import ray

        ray.shutdown()

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield what `function` makes of each item, in order.

        Raises:
            EngineError: the cluster lost a task time and again, or has other code.

        """
        import ray

        job = ray.put((_code(), pickle.dumps(function)))
        waiting: deque[Any] = deque()
        for item in items:
            waiting.append(self._run.remote(job, pickle.dumps(item)))
            if len(waiting) >= self._limit():  # bounds what is held in memory
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())

    def _limit(self) -> int:
        """Return how many tasks may be out; a cluster can grow and shrink meanwhile."""
        import ray

        if self._workers is not None:
            return self._workers
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        return _AHEAD * max(1, int(resources.get("CPU", 1)))


def _knock(address: str) -> None:
    """Raise OSError where nothing listens: ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _result(task: Any) -> Any:  # noqa: ANN401
    """Return what a task came to, or raise what it raised."""
    import ray

    try:
        value, error = pickle.loads(ray.get(task))  # made by `_run`
    except ray.exceptions.RayError as lost:
        raise EngineError(f"the Ray cluster did not do the work: {_last_line(lost)}") from lost
    if error is not None:
        raise error
    return value


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return clip(lines[-1] if lines else type(error).__name__, 300)


def _run(job: tuple[str, bytes], item: bytes) -> bytes:
    """Do one piece of work in a process of the cluster; return what it came to or raised.

    The result is bytes: arrays in it would else stay in the memory that the node shares.
    """
    code, function = job
    outcome: tuple[Any, Exception | None]
    try:
        if code != _code():
            raise EngineError(
                f"the node {socket.gethostname()} has another curate than this machine: install "
                f"the same everywhere (there it is {curate.__version__})"
            )
        work = pickle.loads(function)  # made by `map`
        outcome = work(pickle.loads(item)), None
    except Exception as error:  # raised again by `_result`
        outcome = None, error
    return pickle.dumps(outcome)


@cache
def _code() -> str:
    """Return the digest of the code that does the work: with other code the result is another."""
    package = Path(curate.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
