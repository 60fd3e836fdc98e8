"""The processes of one run, as `accelerate launch` and `torchrun` start them; alone it is one."""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from curate.reporting.terminal import talk

__all__ = ["each_a_share", "gather", "is_main", "part", "say", "wait"]

T = TypeVar("T")
R = TypeVar("R")


def is_main() -> bool:
    """Return whether this process is the one that writes and talks."""
    return os.environ.get("RANK", "0") == "0"


def say(message: str) -> None:
    """Print one line for the person at the terminal, once."""
    if is_main():
        talk(message)


def wait() -> None:
    """Return when every process has come here."""
    from accelerate import PartialState

    PartialState().wait_for_everyone()


def part() -> None:
    """Let go of the other processes, when all are done; one that just ends may crash doing so."""
    from accelerate import PartialState

    PartialState().wait_for_everyone()
    PartialState().destroy_process_group()


def gather(items: list[T]) -> list[T]:
    """Return the items of every process, those of the main one first."""
    from accelerate.utils import gather_object

    return list(gather_object(items))


def each_a_share(items: Sequence[T], work: Callable[[Sequence[T]], Sequence[R]]) -> list[R]:
    """Return one result for each item, in order; every process does a part of the work."""
    from accelerate import PartialState

    state = PartialState()
    places = range(len(items))[state.process_index :: state.num_processes]
    results = zip(places, work([items[place] for place in places]), strict=True)
    return [result for _, result in sorted(gather([*results]), key=lambda pair: pair[0])]
