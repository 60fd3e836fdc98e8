"""Hand work to processes of this machine and take the results in order."""

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from types import TracebackType
from typing import Self, TypeVar

__all__ = ["Processes"]

T = TypeVar("T")
R = TypeVar("R")

_FEW = 4  # so many items are done here: it would take longer to start a process


class Processes:
    """Processes that work until the context ends. They start when there is enough to do.

    Args:
        workers: how many; with one the work is done in this process.
        setup: runs once in each process before anything else does; with it all of the work is
            done there, so that it changes nothing in this process.

    """

    def __init__(self, workers: int, setup: Callable[[], None] | None = None) -> None:
        self.workers = workers
        self._setup = setup
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield what `function` makes of each item, in order."""
        rest, few = iter(items), list[T]()
        if self._setup is None and self._pool is None:
            if self.workers > 1:
                few = list(itertools.islice(rest, _FEW))
            if len(few) < _FEW:
                yield from map(function, itertools.chain(few, rest))
                return
        waiting: list[Future[R]] = []
        try:
            for item in itertools.chain(few, rest):
                waiting.append(self._submit(function, item))
                if len(waiting) > 2 * self.workers:  # bounds what is held in memory
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()

    def _submit(self, function: Callable[[T], R], item: T) -> "Future[R]":
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=get_context("spawn"),
                initializer=_begin_worker,
                initargs=(self._setup,),
            )
        with _interrupt_held():  # this is where processes are started
            return self._pool.submit(function, item)


@contextmanager
def _interrupt_held() -> Iterator[None]:
    """Let Ctrl-C come to this thread afterwards, and never to a process that starts meanwhile."""
    if os.name == "nt":  # there are no signal masks
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(setup: Callable[[], None] | None) -> None:
    """Leave Ctrl-C to the process that hands out the work, and end when that one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if setup is not None:
        setup()


def _end_with_parent() -> None:
    if parent := parent_process():
        connection.wait([parent.sentinel])
        os._exit(1)
