import functools
import os
import sys

from curate.processes import Processes

PID = "__import__('os').getpid()"
LIMIT = "__import__('sys').getrecursionlimit()"


def test_what_a_setup_changes_is_changed_in_the_processes_alone():
    here = sys.getrecursionlimit()
    with Processes(2, functools.partial(sys.setrecursionlimit, here + 7)) as processes:
        assert list(processes.map(eval, [LIMIT])) == [here + 7]  # one item is few, and yet
    assert sys.getrecursionlimit() == here


def test_few_items_start_no_process():
    with Processes(2) as processes:
        assert list(processes.map(eval, [PID] * 3)) == [os.getpid()] * 3
        others = set(processes.map(eval, [PID] * 9))
    assert os.getpid() not in others
