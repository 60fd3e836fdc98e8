"""Two nodes of Ray on this machine: what they do is what is done without them."""

import itertools
import os
import signal
import sys
from pathlib import Path

import pytest

from curate.cleaning import clean
from curate.dataset import audit
from curate.engines import Engine, passing, ray_tasks
from curate.errors import EngineError
from curate.sources import resolve
from curate.steps import STEPS, select_steps

pytestmark = pytest.mark.skipif(os.name == "nt", reason="ray starts no second node on Windows")

DATA = str(Path(__file__).parents[2] / "data" / "sample")
KILL = "__import__('os').kill(__import__('os').getpid(), 9)"
NODE = "__import__('ray').get_runtime_context().get_node_id()"


@pytest.fixture(scope="module")
def cluster():
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    store = {"object_store_memory": 100 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **store})
    cluster.add_node(num_cpus=1, **store)
    yield cluster
    cluster.shutdown()


@pytest.fixture
def engine(cluster):
    return Engine("ray", address=cluster.address)


def contents(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def cleaned(directory, engine=None):
    clean(resolve([DATA]), select_steps(STEPS), directory, engine=engine)
    return contents(directory)


def workers_of(cluster):
    """Return the processes in which the nodes run tasks."""
    raylets = {
        str(started.process.pid)
        for node in cluster.list_all_nodes()
        for started in node.all_processes["raylet"]
    }
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
            ray = (stat.parent / "cmdline").read_bytes().startswith((b"ray::_run", b"ray::IDLE"))
        except OSError:  # it has ended meanwhile
            continue
        if parent in raylets and ray:
            found.append(int(stat.parent.name))
    return found


def disturbed(spread, disturb):
    """Return `spread`, with `disturb` called after a few results of each run of it."""

    def run(function, items):
        for number, result in enumerate(spread(function, items)):
            if number == 3:
                disturb()
            yield result

    return run


def test_both_nodes_work_and_results_come_in_order(engine):
    with engine.spread() as spread:
        assert list(spread(int, map(str, range(50)))) == list(range(50))
        waiting = "__import__('time').sleep(0.2) or " + NODE
        assert len(set(spread(eval, [waiting] * 8))) == 2


def test_no_more_items_are_taken_than_can_be_done(cluster):
    taken = itertools.count()
    items = (str(next(taken)) for _ in range(100))
    with Engine("ray", workers=3, address=cluster.address).spread() as spread:
        results = spread(int, items)
        assert next(results) == 0
    assert next(taken) == 3


def test_a_dataset_is_that_of_one_process(engine, monkeypatch, tmp_path):
    monkeypatch.setattr(passing, "_CHUNK", 50)
    assert cleaned(tmp_path / "ray", engine) == cleaned(tmp_path / "local")


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_workers_that_are_killed_change_nothing(engine, cluster, monkeypatch, tmp_path):
    monkeypatch.setattr(passing, "_CHUNK", 50)
    map_, killed = ray_tasks.RayTasks.map, []

    def kill():
        killed.extend(workers_of(cluster))
        for process in killed:
            os.kill(process, signal.SIGKILL)

    def map_and_kill(self, function, items):
        return disturbed(lambda *each: map_(self, *each), kill)(function, items)

    with monkeypatch.context() as patch:
        patch.setattr(ray_tasks.RayTasks, "map", map_and_kill)
        found = cleaned(tmp_path / "ray", engine)
    assert killed
    assert found == cleaned(tmp_path / "local")
    assert audit(tmp_path / "ray")


def test_a_node_that_goes_loses_nothing(engine, cluster):
    node = cluster.add_node(num_cpus=2, object_store_memory=100 << 20)
    text = "x" * 300_000  # too large to travel with the answer: it lies on the node that made it
    with engine.spread() as spread:
        lose = disturbed(spread, lambda: cluster.remove_node(node, allow_graceful=False))
        found = list(lose(text.__add__, map(str, range(24))))
    assert found == [text + str(number) for number in range(24)]


def test_what_work_raises_is_raised(engine):
    with engine.spread() as spread:
        results = spread(int, ["1", "x"])
        assert next(results) == 1
        with pytest.raises(ValueError, match="invalid literal for int"):
            next(results)


def test_work_that_kills_every_worker_is_given_up(engine, monkeypatch):
    monkeypatch.setattr(ray_tasks, "_RETRIES", 1)
    with (
        engine.spread() as spread,
        pytest.raises(EngineError, match=r"did not do the work: .*(died|crash|kill)"),
    ):
        list(spread(eval, [KILL]))


def test_another_curate_on_a_node_is_refused(engine, monkeypatch):
    monkeypatch.setattr(ray_tasks, "_code", lambda: "another")
    with (
        engine.spread() as spread,
        pytest.raises(EngineError, match=r"^the node \S+ has another curate than this machine"),
    ):
        list(spread(int, ["1"]))


def test_where_nothing_listens_the_word_comes_at_once():
    with (
        pytest.raises(EngineError, match=r"no Ray cluster at '127.0.0.1:1': .*refused"),
        Engine("ray", address="127.0.0.1:1").spread(),
    ):
        pass


def test_without_ray_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r"pip install 'curate\[ray\]'"), Engine("ray").spread():
        pass
