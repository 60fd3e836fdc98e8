"""Hand work to processes of this machine and take the results in order."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

__all__ = ["run_in_processes"]

T = TypeVar("T")
R = TypeVar("R")


def run_in_processes(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int,
    setup: Callable[[], None] | None = None,
) -> Iterator[R]:
    """Yield what `function` makes of each item, in order.

    `setup` runs once in each process before anything else does.
    """
    context = get_context("spawn")
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin_worker, initargs=(setup,)
    )
    waiting: list[Future[R]] = []
    try:
        for item in items:
            with _interrupt_held():  # this is where processes are started
                waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:  # bounds what is held in memory
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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
